//! Requests and answers without what must not be kept.

use host_api::identifier::Digest;
use serde_json::{Map, Value, json};
use ssm_model::HIDDEN;

use crate::scrub::{SECRET_CHARACTERS_MIN, Scrubber};

/// A longer request or answer is recorded by its digest.
const BYTES_MAX: usize = 16 * 1_024;
/// A longer message of an error is cut.
const MESSAGE_CHARACTERS_MAX: usize = 2_048;
/// Members of answers that open a door, which SSM's model does not call sensitive.
const TOKENS: [&str; 3] = ["AccessToken", "ActivationCode", "TokenValue"];

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
        let model = ssm_model::operation(operation);
        let parameters = model.map(|model| model.redacted_input(input.clone())).unwrap_or_default();
        let mut hidden = Hidden::default();
        hidden.compare(input, &parameters);
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

/// Returns what an operation answered as it is recorded: null when there is nothing to say, or SSM has no such operation.
pub(super) fn answer(operation: &str, answer: &Value) -> Value {
    let (Some(model), Value::Object(members)) = (ssm_model::operation(operation), answer) else {
        return Value::Null;
    };
    if members.is_empty() {
        return Value::Null;
    }
    let mut answer = model.redacted_output(answer.clone());
    hide_tokens(&mut answer);
    bounded(answer)
}

fn hide_tokens(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if TOKENS.contains(&name.as_str()) {
                    *value = HIDDEN.into();
                } else {
                    hide_tokens(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide_tokens),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Hidden {
    /// Keeps the texts that stand in a value and no longer in what is shown of it.
    fn compare(&mut self, value: &Value, shown: &Value) {
        match (value, shown) {
            (Value::Object(members), Value::Object(shown)) => self.compare_members(members, shown),
            (Value::Array(values), Value::Array(shown)) if values.len() == shown.len() => {
                values.iter().zip(shown).for_each(|(value, shown)| self.compare(value, shown));
            }
            _ if value == shown => {}
            _ => self.keep(value),
        }
    }

    fn compare_members(&mut self, members: &Map<String, Value>, shown: &Map<String, Value>) {
        for (name, value) in members {
            self.compare(value, shown.get(name).unwrap_or(&Value::Null));
        }
    }

    fn keep(&mut self, value: &Value) {
        match value {
            Value::String(text) if !text.is_empty() => self.0.push(text.clone()),
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
