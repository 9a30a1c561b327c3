//! Values on SSM's wire, where each is a list of strings, and as text typed by a person.

use serde_json::Value;

use super::{TypeMismatch, as_type, text};
use crate::plan::ValueType;

/// Returns SSM's form: a scalar is one string, a list one string an item, maps are JSON text.
pub fn to_wire(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![text(value)]
        }
    }
}

/// Reads SSM's form by type; the inverse of [`to_wire`] for every value of that type.
pub fn from_wire(strings: &[String], value_type: &ValueType) -> Result<Value, TypeMismatch> {
    if is_list(value_type) {
        let items: Vec<Value> = strings.iter().map(|item| Value::String(item.clone())).collect();
        return as_type(Value::Array(items), value_type);
    }
    match strings {
        [one] => as_type(Value::String(one.clone()), value_type),
        _ => Err(TypeMismatch::new(value_type, format!("a list of {} values", strings.len()))),
    }
}

/// Reads what a person typed, as in `--param Name=text`: a list is JSON or parted by commas, a map is JSON.
pub fn from_text(source: &str, value_type: &ValueType) -> Result<Value, TypeMismatch> {
    if !is_list(value_type) {
        return as_type(Value::String(source.to_owned()), value_type);
    }
    if source.trim_start().starts_with(['[', '{'])
        && let Ok(parsed) = serde_json::from_str::<Value>(source)
    {
        return as_type(parsed, value_type);
    }
    if *value_type == ValueType::MapList {
        return Err(TypeMismatch::new(value_type, "text that is not JSON"));
    }
    let parts = source.split(',').map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.map(Value::from).collect::<Vec<_>>().into())
}

fn is_list(value_type: &ValueType) -> bool {
    match value_type {
        ValueType::StringList | ValueType::ResourceList(_) | ValueType::MapList => true,
        ValueType::String
        | ValueType::Integer
        | ValueType::Boolean
        | ValueType::StringMap
        | ValueType::Resource(_)
        | ValueType::Secret => false,
    }
}
