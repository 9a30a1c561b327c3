//! How values are written into a template.

use serde_json::{Map, Value};

/// Writes a value as JSON: an empty string if it is missing.
pub(super) fn json(output: &mut String, value: Option<&Value>) {
    match value {
        Some(value) => output.push_str(&value.to_string()),
        None => output.push_str("\"\""),
    }
}

/// Writes a value inside quotes: nothing if it is missing.
pub(super) fn text(output: &mut String, value: Option<&Value>) {
    match value {
        None => {}
        Some(Value::String(text)) => escape(output, text),
        Some(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => {
            output.push_str(&value.to_string());
        }
        Some(value @ (Value::Array(_) | Value::Object(_))) => {
            let mut bare = String::new();
            without_quotes(&mut bare, value);
            escape(output, &bare);
        }
    }
}

/// The JSON of a value, without any quotes.
fn without_quotes(output: &mut String, value: &Value) {
    match value {
        Value::String(text) => output.extend(text.chars().filter(|character| *character != '"')),
        Value::Null | Value::Bool(_) | Value::Number(_) => output.push_str(&value.to_string()),
        Value::Array(elements) => {
            output.push('[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    output.push(',');
                }
                without_quotes(output, element);
            }
            output.push(']');
        }
        Value::Object(fields) => {
            output.push('{');
            for (at, (name, field)) in fields.iter().enumerate() {
                if at > 0 {
                    output.push(',');
                }
                output.extend(name.chars().filter(|character| *character != '"'));
                output.push(':');
                without_quotes(output, field);
            }
            output.push('}');
        }
    }
}

fn escape(output: &mut String, text: &str) {
    let quoted = Value::from(text).to_string();
    output.push_str(&quoted[1..quoted.len() - 1]);
}

/// The event as `<aws.events.event>` has it: without `detail`, and with `detail-type` under the name `detailType`.
pub(super) fn without_detail(event: &Value) -> Value {
    let Value::Object(fields) = event else { return event.clone() };
    let kept = fields.iter().filter(|(name, _)| *name != "detail");
    let renamed = kept.map(|(name, value)| {
        let name = if name == "detail-type" { "detailType" } else { name };
        (name.to_owned(), value.clone())
    });
    Value::Object(renamed.collect::<Map<_, _>>())
}
