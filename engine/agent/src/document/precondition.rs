//! Whether a step is meant for this node.

use serde_json::Value;

use super::{Schema, Values, interpolate};

/// The platform of every node we run on.
const PLATFORM: &str = "Linux";

/// Returns whether the precondition is satisfied, or why it cannot be judged, which fails the step.
pub(super) fn satisfied(
    schema: Schema,
    precondition: &Value,
    values: &Values,
) -> Result<bool, String> {
    if schema < Schema::V22 {
        return Err("a precondition needs schema version 2.2".to_owned());
    }
    let operators = precondition.as_object().ok_or("the precondition must be a map")?;
    let (Some((operator, arguments)), 1) = (operators.iter().next(), operators.len()) else {
        return Err("the precondition must have one operator, StringEquals".to_owned());
    };
    if operator != "StringEquals" {
        return Err(format!(
            "unknown operator `{operator}` in the precondition; there is StringEquals"
        ));
    }
    let list = arguments.as_array().map(Vec::as_slice).unwrap_or_default();
    let [Value::String(left), Value::String(right)] = list else {
        return Err("StringEquals must have two texts".to_owned());
    };
    if left == right {
        return Err("StringEquals compares a text with itself".to_owned());
    }
    let referring = |text: &str| {
        let text = text.replace(char::is_whitespace, "");
        text.contains("{{ssm:") || text.contains("{{ssm-secure:")
    };
    if referring(left) || referring(right) {
        return Err("a precondition cannot refer to the Parameter Store".to_owned());
    }
    let parameters = values.outside_scripts();
    let refers = |text: &str| interpolate::refers(text, &parameters);
    if left == "platformType" || right == "platformType" {
        let wanted = if left == "platformType" { right } else { left };
        return if refers(wanted) {
            Err("platformType cannot be compared with a parameter".to_owned())
        } else {
            Ok(wanted.eq_ignore_ascii_case(PLATFORM))
        };
    }
    if !refers(left) && !refers(right) {
        return Err("a precondition must name platformType or a parameter".to_owned());
    }
    let text = |text: &str| {
        let value = Value::String(text.to_owned());
        interpolate::text_of(&interpolate::interpolate(&value, &parameters))
    };
    Ok(text(left) == text(right))
}
