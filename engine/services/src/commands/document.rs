//! The document of a command, and what its parameters are bound to.

use std::collections::BTreeMap;

use runbook::diagnostic::Diagnostic;
use runbook::document::command::{CommandDocument, check_command};
use runbook::source::Source;
use runbook::value::bind::{self, Supplied};
use serde_json::Value;

use super::SendCommandRequest;
use crate::Services;
use crate::documents::{COMMAND, Found};
use crate::error::ServiceError;
use crate::parameters::{Selected, parse_kind};
use host_api::request::ParameterKind;

/// Seconds that a document's script may run when its parameters do not say.
const EXECUTION_TIMEOUT_SECONDS: u64 = 3_600;

/// A document ready to be sent.
pub(super) struct Bound {
    pub(super) document: Value,
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) execution_timeout_seconds: u64,
}

impl Services {
    /// Checks a document and binds a request's parameters to it.
    pub(super) async fn bind_command(
        &self,
        request: &SendCommandRequest,
        found: &Found,
    ) -> Result<Bound, ServiceError> {
        check_hash(request, found)?;
        let source = Source::new(found.name.as_str(), found.content.as_str());
        let (command, diagnostics) = check_command(&source);
        let Some(command) = command else { return Err(invalid_document(found, &diagnostics)) };
        let (document, _) = runbook::document::parse(&source);
        let Some(document) = document else { return Err(invalid_document(found, &[])) };
        let parameters = self.bind(&command, &request.parameters).await?;
        let execution_timeout_seconds = parameters
            .get("executionTimeout")
            .and_then(|value| runbook::value::text(value).trim().parse().ok())
            .unwrap_or(EXECUTION_TIMEOUT_SECONDS);
        Ok(Bound { document: document.value, parameters, execution_timeout_seconds })
    }

    async fn bind(
        &self,
        command: &CommandDocument,
        given: &BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, ServiceError> {
        let mut supplied = BTreeMap::new();
        for (name, value) in given {
            refuse_references(name, value)?;
            supplied.insert(name.clone(), supplied_value(value));
        }
        let parameters = command
            .parameters
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter.parameter.clone()))
            .collect();
        let mut bound = bind::bind(&parameters, supplied).map_err(|errors| invalid(&errors))?;
        for default in bound.parameter_store {
            let text = self.read_default(&default.name).await?;
            let Some(parameter) = parameters.get(&default.parameter) else { continue };
            let value = bind::stored(&default.parameter, parameter, &text)
                .map_err(|errors| invalid(&errors))?;
            bound.values.insert(default.parameter, value);
        }
        Ok(bound.values)
    }

    /// Reads a default of the form `{{ssm:name}}`. SSM allows String and `StringList` there, never `SecureString`.
    pub(crate) async fn read_default(&self, name: &str) -> Result<String, ServiceError> {
        let selected = Selected::parse(name, self.place())?;
        let found = self.find_version(&selected).await?;
        if parse_kind(&found.parameter.kind)? == ParameterKind::SecureString {
            return Err(ServiceError::request(
                "InvalidParameters",
                format!(
                    "{name} is a SecureString, which cannot be the value of a document's parameter"
                ),
            ));
        }
        Ok(self.shown(found, false)?.value.unwrap_or_default().expose().to_owned())
    }
}

fn check_hash(request: &SendCommandRequest, found: &Found) -> Result<(), ServiceError> {
    if let Some(kind) = request.document_hash_type.as_deref()
        && kind != "Sha256"
    {
        return Err(ServiceError::unavailable(format!(
            "the document hash type {kind:?} is not available: Sha256 is"
        )));
    }
    match request.document_hash.as_deref() {
        Some(hash) if !hash.eq_ignore_ascii_case(found.digest.as_str()) => {
            Err(ServiceError::request(
                "InvalidDocument",
                format!("the document {} has the hash {}, not {hash}", found.name, found.digest),
            ))
        }
        Some(_) | None => Ok(()),
    }
}

/// Refuses what would have to be looked up for each node; pasted as it stands it would be wrong.
fn refuse_references(name: &str, value: &Value) -> Result<(), ServiceError> {
    let reference = runbook::value::secret_name(value);
    if reference.or_else(|| runbook::value::written_secret_name(value)).is_some() {
        return Err(ServiceError::unavailable(format!(
            "the parameter {name} is a secret: secrets cannot be given to commands yet"
        )));
    }
    match value {
        Value::String(text) if text.contains("{{ssm") => Err(ServiceError::unavailable(format!(
            "the parameter {name} refers to Parameter Store: that is available in defaults of documents only"
        ))),
        Value::Array(items) => items.iter().try_for_each(|item| refuse_references(name, item)),
        Value::Object(members) => {
            members.values().try_for_each(|member| refuse_references(name, member))
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn supplied_value(value: &Value) -> Supplied {
    let texts = value.as_array().map(|items| {
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
    });
    match texts {
        Some(Some(texts)) => Supplied::Wire(texts),
        Some(None) | None => Supplied::Json(value.clone()),
    }
}

fn invalid(errors: &[bind::BindError]) -> ServiceError {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    ServiceError::request("InvalidParameters", texts.join("; "))
}

fn invalid_document(found: &Found, diagnostics: &[Diagnostic]) -> ServiceError {
    let what = if found.kind == COMMAND { "is not valid" } else { "is no Command document" };
    let first =
        diagnostics.first().map_or_else(String::new, |first| format!(": {}", first.message));
    ServiceError::request("InvalidDocument", format!("the document {} {what}{first}", found.name))
}
