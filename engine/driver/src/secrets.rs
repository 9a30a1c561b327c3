//! Which secrets a run has touched. Whatever any of its steps produces from then on is scrubbed of their texts.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use host_api::failure::Failure;
use host_api::identifier::RunId;
use host_api::port::{HostAnswer, LoggedAnswer, LoggedCall};
use host_api::request::{
    ApiAnswer, ApiRequest, Body, Content, HostRequest, HttpRequest, ParametersRequest,
};
use serde::Deserialize;
use serde_json::Value;
use store::{ReadError, Store};

/// Words without which the stored text of a call refers to no secret.
const WORDS: [&str; 3] = ["Secret", "Reveal", "\"secrets\":"];

/// The secrets of one run.
#[derive(Debug, Default)]
pub(crate) struct RunSecrets(Mutex<Touched>);

#[derive(Debug, Default)]
struct Touched {
    references: BTreeSet<String>,
    is_revealed: bool,
}

impl RunSecrets {
    /// Reads from the log what the run touched before it came into memory.
    pub(crate) async fn read(store: &Store, run: &RunId) -> Result<Self, ReadError> {
        let wanted = run.clone();
        let calls: Vec<LoggedCall> =
            store.read(move |tx| store::host_calls::read_mentioning(tx, &wanted, WORDS)).await?;
        let secrets = Self::default();
        for call in &calls {
            if let Some(LoggedAnswer::Failure(failure)) = &call.answer
                && is_missing(failure)
            {
                continue;
            }
            let mut references = BTreeSet::new();
            collect_from_request(&call.request, &mut references);
            if let Some(LoggedAnswer::Value(value)) = &call.answer {
                collect_secrets(&call.request, &Ok(value.clone()), &mut references);
            }
            secrets.add(&references, reveals(&call.request));
        }
        Ok(secrets)
    }

    pub(crate) fn add(&self, references: &BTreeSet<String>, is_revealed: bool) {
        let mut touched = self.touched();
        touched.references.extend(references.iter().cloned());
        touched.is_revealed |= is_revealed;
    }

    pub(crate) fn references(&self) -> BTreeSet<String> {
        self.touched().references.clone()
    }

    /// Returns whether a guest was given the text of a secret.
    pub(crate) fn is_revealed(&self) -> bool {
        self.touched().is_revealed
    }

    fn touched(&self) -> MutexGuard<'_, Touched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands for a text that cannot be scrubbed, because a secret is gone.
pub(crate) const SECRET_NOT_FOUND: &str = "SecretNotFound";

/// Returns whether a call was refused because there is no secret of a name in it: then there is no text to hide either.
pub(crate) fn is_secret_missing(answer: &HostAnswer) -> bool {
    matches!(answer, Err(failure) if is_missing(failure))
}

fn is_missing(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), SECRET_NOT_FOUND | "ParameterNotFound")
}

/// Returns whether a call asks for the text of a secret.
pub(crate) fn reveals(request: &HostRequest) -> bool {
    matches!(request, HostRequest::Parameters(ParametersRequest::Reveal { .. }))
}

/// Adds the secrets that a call refers to.
pub(crate) fn collect_from_request(request: &HostRequest, into: &mut BTreeSet<String>) {
    if let HostRequest::Parameters(ParametersRequest::Reveal { name }) = request {
        into.insert(name.clone());
    } else if let HostRequest::Parameters(ParametersRequest::Put(put)) = request {
        collect_contents([&put.content], into);
    } else if let HostRequest::Http(HttpRequest::Send(send)) = request {
        collect_contents(send.headers.iter().flat_map(|(_, text)| &text.0), into);
        if let Some(Body::Text(text)) = &send.body {
            collect_contents(&text.0, into);
        }
    } else if let HostRequest::Api(ApiRequest::Call(call)) = request {
        into.extend(call.secrets.values().cloned());
    }
}

fn collect_contents<'a>(
    contents: impl IntoIterator<Item = &'a Content>,
    into: &mut BTreeSet<String>,
) {
    for content in contents {
        if let Content::Secret(name) = content {
            into.insert(name.clone());
        }
    }
}

/// Adds the secrets that a call or its answer refers to.
pub(crate) fn collect_secrets(
    request: &HostRequest,
    answer: &HostAnswer,
    into: &mut BTreeSet<String>,
) {
    collect_from_request(request, into);
    match (request, answer) {
        (HostRequest::Parameters(_), Ok(value)) => collect_references(value, into),
        (HostRequest::Api(_), Ok(value)) => {
            if let Ok(answer) = ApiAnswer::deserialize(value) {
                into.extend(answer.secrets.into_values());
            }
        }
        _ => {}
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("Secret") {
                into.insert(name.clone());
            }
            map.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
