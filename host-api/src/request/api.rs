//! Calls of this installation's own API by the names of its operations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::REDACTED;

/// The services that there are, by the names of their clients.
pub const SERVICES: [&str; 1] = ["ssm"];

/// How the name of an operation that only reads begins.
const READS: [&str; 3] = ["get", "describe", "list"];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiRequest {
    /// Answered with an [`ApiAnswer`].
    Call(ApiCall),
}

/// An operation and what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCall {
    /// In any case.
    pub service: String,
    /// As [`fold`] takes it: `GetParameter`, `get_parameter`.
    pub operation: String,
    /// The request as the service's API has it, null where a secret stands.
    pub input: Value,
    /// References to secrets, `name` or `name:version`, by the JSON pointers of their places in `input`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// What an operation answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiAnswer {
    /// The answer as the service's API has it, null where a secret stands.
    pub answer: Value,
    /// References to secrets by the JSON pointers of their places in `answer`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// Returns what all spellings of an operation's name have in common: `GetParameter` and `get_parameter` are one.
pub fn fold(operation: &str) -> String {
    operation.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns whether an operation changes nothing, by its name.
pub fn reads(operation: &str) -> bool {
    let folded = fold(operation);
    READS.iter().any(|beginning| folded.starts_with(beginning))
}

impl ApiCall {
    /// Returns the call as it may be logged, where that differs: text that becomes, or may become, a secret is left out.
    pub(super) fn redacted(&self) -> Option<Self> {
        let is_plain_kind =
            self.input.get("Type").is_some_and(|kind| kind == "String" || kind == "StringList");
        if fold(&self.operation) != "putparameter" || is_plain_kind {
            return None;
        }
        let mut redacted = self.clone();
        let value = redacted.input.get_mut("Value").filter(|value| !value.is_null())?;
        *value = Value::from(REDACTED);
        Some(redacted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_read_in_every_spelling() {
        assert_eq!(fold("get_parameters_by_path"), fold("GetParametersByPath"));
        assert!(reads("describe_parameters") && reads("ListTagsForResource"));
        assert!(!reads("PutParameter") && !reads("StartAutomationExecution"));
    }

    #[test]
    fn a_value_that_may_become_a_secret_is_not_logged() {
        let call = |operation: &str, input: Value| ApiCall {
            service: "ssm".to_owned(),
            operation: operation.to_owned(),
            input,
            secrets: BTreeMap::new(),
        };
        for (kind, is_kept) in [
            (json!("String"), true),
            (json!("StringList"), true),
            (json!("SecureString"), false),
            (Value::Null, false),
        ] {
            let put = call("put_parameter", json!({ "Name": "/a", "Type": kind, "Value": "x" }));
            let shown = put.redacted();
            assert_eq!(shown.is_none(), is_kept, "{kind}");
            assert!(shown.is_none_or(|shown| shown.input["Value"] == REDACTED));
        }
        assert_eq!(call("PutParameter", json!({ "Value": null })).redacted(), None);
        assert_eq!(call("GetParameter", json!({ "Value": "x" })).redacted(), None);
    }
}
