//! Requests and answers without what must not be kept.

use serde_json::{Map, Value, json};

use host_api::identifier::Digest;

use crate::scrub::{SECRET_CHARACTERS_MIN, Scrubber};

/// What stands in place of what is hidden, as in `CloudTrail`.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
/// A longer request or answer is recorded by its digest.
const BYTES_MAX: usize = 16 * 1_024;
/// A longer message of an error is cut.
const MESSAGE_CHARACTERS_MAX: usize = 2_048;

/// Members that hold secrets wherever they stand.
const EVERYWHERE: [&str; 9] = [
    "ActivationCode",
    "Configuration",
    "OwnerInformation",
    "Payload",
    "SecretAccessKey",
    "SessionToken",
    "TaskParameters",
    "TokenValue",
    "AccessToken",
];

/// Members of a request that hold secrets at its top, by operation.
const AT_TOP: [(&str, &str); 4] = [
    ("PutParameter", "Value"),
    ("SendCommand", "Parameters"),
    ("CreateAssociation", "Parameters"),
    ("UpdateAssociation", "Parameters"),
];

/// A request as it is recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redacted {
    pub(crate) parameters: Value,
    /// The texts that were taken out.
    hidden: Hidden,
}

/// Texts that must not be recorded.
#[derive(Clone, Default)]
struct Hidden(Vec<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hidden").field(&self.0.len()).finish()
    }
}

impl Redacted {
    pub(crate) fn request(operation: &str, input: &Value) -> Self {
        let mut hidden = Hidden::default();
        let mut parameters = input.clone();
        if let Value::Object(members) = &mut parameters {
            for (_, member) in AT_TOP.iter().filter(|(of, _)| *of == operation) {
                if let Some(value) = members.get_mut(*member) {
                    hidden.hide(value);
                }
            }
        }
        hidden.search(&mut parameters);
        Self { parameters: bounded(parameters), hidden }
    }

    /// Returns the message of an error, which may repeat what it is about.
    pub(crate) fn message(&self, message: &str) -> String {
        let texts = &self.hidden.0;
        let is_short = |text: &&String| text.chars().count() < SECRET_CHARACTERS_MIN;
        if texts.iter().filter(is_short).any(|text| message.contains(text.as_str())) {
            return HIDDEN.to_owned();
        }
        let message = match Scrubber::new(texts.iter().map(String::as_str)) {
            Ok(scrubber) => scrubber.text(message.to_owned()),
            Err(_) => HIDDEN.to_owned(),
        };
        message.chars().take(MESSAGE_CHARACTERS_MAX).collect()
    }
}

/// Returns an answer as it is recorded: null when there is nothing to say.
pub(super) fn answer(answer: &Value) -> Value {
    let Value::Object(members) = answer else { return Value::Null };
    if members.is_empty() {
        return Value::Null;
    }
    let mut answer = answer.clone();
    Hidden::default().search(&mut answer);
    bounded(answer)
}

impl Hidden {
    fn search(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => self.search_members(members),
            Value::Array(values) => values.iter_mut().for_each(|value| self.search(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn search_members(&mut self, members: &mut Map<String, Value>) {
        for (name, value) in members {
            if EVERYWHERE.contains(&name.as_str()) {
                self.hide(value);
            } else {
                self.search(value);
            }
        }
    }

    /// Puts the mark in the place of a value and keeps its texts.
    fn hide(&mut self, value: &mut Value) {
        self.keep(&std::mem::replace(value, Value::from(HIDDEN)));
    }

    fn keep(&mut self, value: &Value) {
        match value {
            Value::String(text) if !text.is_empty() && text != HIDDEN => self.0.push(text.clone()),
            Value::Array(values) => values.iter().for_each(|value| self.keep(value)),
            Value::Object(members) => members.values().for_each(|value| self.keep(value)),
            Value::Number(number) => self.0.push(number.to_string()),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
}

fn bounded(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= BYTES_MAX {
        return value;
    }
    json!({ "omittedBytes": text.len(), "sha256": Digest::of(text.as_bytes()).as_str() })
}
