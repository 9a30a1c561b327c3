//! Checking values against SSM's types, and converting them.

use serde_json::{Number, Value};

use super::{TypeMismatch, is_secret_name, kind, secret, secret_name, text};
use crate::plan::ValueType;

/// Says whether a value is of a type, without converting it.
///
/// A `StringList` holds text only, a `StringMap` is any map (SSM: its values may be nested), a `MapList` is a list of maps, a Secret is
/// a reference to one.
pub fn check_type(value: &Value, value_type: &ValueType) -> Result<(), TypeMismatch> {
    let holds = match value_type {
        ValueType::String | ValueType::Resource(_) => value.is_string(),
        ValueType::Integer => value.is_i64() || value.is_u64(),
        ValueType::Boolean => value.is_boolean(),
        ValueType::StringMap => value.is_object(),
        ValueType::Secret => secret_name(value).is_some_and(is_secret_name),
        ValueType::StringList | ValueType::ResourceList(_) => {
            return check_items(value, value_type, Value::is_string);
        }
        ValueType::MapList => return check_items(value, value_type, Value::is_object),
    };
    if holds { Ok(()) } else { Err(TypeMismatch::new(value_type, kind(value))) }
}

fn check_items(
    value: &Value,
    value_type: &ValueType,
    holds: fn(&Value) -> bool,
) -> Result<(), TypeMismatch> {
    let Value::Array(items) = value else {
        return Err(TypeMismatch::new(value_type, kind(value)));
    };
    match items.iter().find(|item| !holds(item)) {
        Some(odd) => Err(TypeMismatch::new(value_type, format!("a list with {} in it", kind(odd)))),
        None => Ok(()),
    }
}

/// Converts a value to a type where that loses nothing.
///
/// SSM's current documentation converts an output whose type differs where possible. We convert: scalars, lists and maps to
/// String (lists and maps as their JSON); whole numbers and decimal text to Integer; `true` and `false` in any case to Boolean;
/// a scalar to a `StringList` of one, and the items of a list to text; the JSON text of a map to `StringMap`; a lone map, or the
/// JSON texts of maps, to `MapList`. Null converts to nothing.
pub fn as_type(value: Value, value_type: &ValueType) -> Result<Value, TypeMismatch> {
    if check_type(&value, value_type).is_ok() {
        return Ok(value);
    }
    let converted = match value_type {
        ValueType::String | ValueType::Resource(_) => {
            (!value.is_null()).then(|| text(&value).into())
        }
        ValueType::Integer => integer(&value),
        ValueType::Boolean => boolean(&value),
        ValueType::StringList | ValueType::ResourceList(_) => text_list(&value),
        ValueType::StringMap => map(&value),
        ValueType::MapList => map_list(&value),
        ValueType::Secret => value.as_str().filter(|name| is_secret_reference(name)).map(secret),
    };
    converted.ok_or_else(|| match check_type(&value, value_type) {
        Err(mismatch) if value.is_string() && *value_type != ValueType::Secret => {
            TypeMismatch { found: excerpt(&value), ..mismatch }
        }
        Err(mismatch) => mismatch,
        Ok(()) => TypeMismatch::new(value_type, kind(&value)),
    })
}

/// Text given for a Secret must be a path, so that a secret pasted by mistake is refused and not looked up.
fn is_secret_reference(name: &str) -> bool {
    name.starts_with('/') && is_secret_name(name)
}

fn excerpt(value: &Value) -> String {
    const CHARACTERS_MAX: usize = 40;
    let shown = text(value);
    match shown.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("the text `{}…`", &shown[..end]),
        None => format!("the text `{shown}`"),
    }
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::String(digits) => digits.trim().parse::<i64>().ok().map(Value::from),
        Value::Number(number) => whole(number).map(Value::from),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a number without fraction as an integer, if an integer can hold it exactly.
fn whole(number: &Number) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64()?;
    if float.fract() != 0.0 || float.abs() > EXACT_MAX {
        return None;
    }
    format!("{float:.0}").parse().ok()
}

fn boolean(value: &Value) -> Option<Value> {
    let word = value.as_str()?.trim();
    if word.eq_ignore_ascii_case("true") {
        Some(Value::Bool(true))
    } else if word.eq_ignore_ascii_case("false") {
        Some(Value::Bool(false))
    } else {
        None
    }
}

fn text_list(value: &Value) -> Option<Value> {
    match value {
        Value::Array(items) if items.iter().all(|item| !item.is_null()) => {
            Some(items.iter().map(text).collect::<Vec<_>>().into())
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(vec![text(value)].into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn map(value: &Value) -> Option<Value> {
    let parsed: Value = serde_json::from_str(value.as_str()?).ok()?;
    parsed.is_object().then_some(parsed)
}

fn map_list(value: &Value) -> Option<Value> {
    let one = |item: &Value| if item.is_object() { Some(item.clone()) } else { map(item) };
    match value {
        Value::Array(items) => items.iter().map(one).collect::<Option<Vec<_>>>().map(Value::from),
        Value::Object(_) => Some(vec![value.clone()].into()),
        Value::String(source) => {
            let parsed: Value = serde_json::from_str(source).ok()?;
            check_type(&parsed, &ValueType::MapList).ok().map(|()| parsed)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
