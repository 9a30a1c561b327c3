//! The text of a resource policy.

use serde_json::Value;

use super::POLICY_BYTES_MAX;
use crate::error::ServiceError;

/// Refuses what is not a policy of a resource: JSON with statements, each of which says who may do what to which resource.
pub(super) fn check(text: &str) -> Result<(), ServiceError> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(ServiceError::request(
            "ResourcePolicyLimitExceededException",
            format!("the policy has {} bytes, at most {POLICY_BYTES_MAX} are allowed", text.len()),
        ));
    }
    let policy: Value = serde_json::from_str(text)
        .map_err(|error| malformed(format!("the policy is not JSON: {error}")))?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return Err(malformed("the policy has no Statement".to_owned())),
    };
    (1..).zip(statements).try_for_each(|(number, statement)| check_statement(number, statement))
}

fn check_statement(number: usize, statement: &Value) -> Result<(), ServiceError> {
    if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
        return Err(malformed(format!("statement {number} has neither the Effect Allow nor Deny")));
    }
    for member in ["Principal", "Action", "Resource"] {
        if is_empty(&statement[member]) {
            return Err(malformed(format!("statement {number} has no {member}")));
        }
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn malformed(message: String) -> ServiceError {
    ServiceError::request("MalformedResourcePolicyDocumentException", message)
}
