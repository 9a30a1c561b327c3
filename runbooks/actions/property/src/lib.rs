//! Selects a value from JSON and holds it against desired ones: what `assertProperty` and `waitForProperty` share.

mod selector;

use std::borrow::Cow;

use runwright_sdk::Value;

pub use selector::{Selector, SelectorError};

/// Returns whether `value` is one of `desired`: equal, or equal as text when they are of different JSON types.
/// As in SSM, a truth value is the text `True` or `False`; `true` and `false` are possible too.
pub fn is_desired(value: &Value, desired: &[Value]) -> bool {
    desired.iter().any(|one| {
        value == one
            || (std::mem::discriminant(value) != std::mem::discriminant(one)
                && (text(value) == text(one) || is_truth(value, one) || is_truth(one, value)))
    })
}

/// Returns a value as it is shown: text as it is, anything else as JSON.
pub fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("True"),
        Value::Bool(false) => Cow::Borrowed("False"),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Cow::Owned(value.to_string())
        }
    }
}

fn is_truth(truth: &Value, text: &Value) -> bool {
    match (truth, text) {
        (Value::Bool(truth), Value::String(text)) => text == if *truth { "true" } else { "false" },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::json;

    use super::is_desired;

    #[test]
    fn values_are_compared_as_text_across_types() {
        for (value, desired, expected) in [
            (json!("running"), json!(["stopped", "running"]), true),
            (json!("Running"), json!(["running"]), false),
            (json!(3), json!(["3"]), true),
            (json!("3"), json!([3]), true),
            (json!(true), json!(["True"]), true),
            (json!("true"), json!([true]), true),
            (json!(true), json!(["yes"]), false),
            (json!("True"), json!(["true"]), false),
            (json!(null), json!(["null"]), true),
            (json!({ "a": [1] }), json!([{ "a": [1] }]), true),
            (json!({ "a": [1] }), json!(["{\"a\":[1]}"]), true),
            (json!([1, 2]), json!([1, 2]), false),
            (json!("x"), json!([]), false),
        ] {
            let list = desired.as_array().unwrap();
            assert_eq!(is_desired(&value, list), expected, "{value} in {desired}");
        }
    }
}
