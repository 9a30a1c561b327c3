//! The value of an integration: SSM's `description`, `url`, `headers` and `payload`.

use std::collections::BTreeMap;

use runwright_sdk::serde::Deserialize;
use runwright_sdk::serde_json;
use runwright_sdk::{Failure, Value};

/// An integration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Integration {
    /// Begins with `https:`.
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) payload: Option<String>,
}

#[derive(Deserialize)]
#[serde(crate = "runwright_sdk::serde")]
struct Written {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    payload: Option<Value>,
}

impl Integration {
    /// Reads the parameter's value. What it says is not repeated in a failure: it is secret.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let invalid = |reason: &str| {
            Failure::new("InvalidIntegration", format!("webhook integration {name} {reason}"))
        };
        let written: Written = serde_json::from_str(text)
            .map_err(|_| invalid("is not a JSON object with `url`, `headers` and `payload`"))?;
        if !written.url.starts_with("https://") {
            return Err(invalid("has a url that is not https"));
        }
        let payload = match written.payload {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
        };
        Ok(Self { url: written.url, headers: written.headers, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::Integration;

    #[test]
    fn an_integration_is_read_and_never_repeated() {
        let text = r#"{"description":"d","url":"https://example.org/h","headers":{"x":"y"},"payload":{"a":1}}"#;
        let integration = Integration::parse("n", text).unwrap();
        assert_eq!(integration.url, "https://example.org/h");
        assert_eq!(integration.headers["x"], "y");
        assert_eq!(integration.payload.as_deref(), Some(r#"{"a":1}"#));
        for text in ["hidden", r#"{"url":"http://hidden"}"#, r#"{"headers":{}}"#] {
            let failure = Integration::parse("n", text).unwrap_err();
            assert_eq!(failure.code, "InvalidIntegration");
            assert!(!failure.message.contains("hidden"), "{failure}");
        }
    }
}
