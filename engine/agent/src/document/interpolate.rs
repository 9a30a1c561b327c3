//! `{{ name }}` in the values of a command document.

use std::collections::BTreeMap;

use serde_json::Value;

/// Puts parameters into a value, in one pass: what is put in is not looked at again.
///
/// A text that is nothing but `{{ name }}` becomes the value with its type. Within other text a value that is no string becomes JSON, and
/// `$$` in what is put in becomes `$`, as SSM's agent does. An unknown name is left as it stands.
pub(super) fn interpolate(value: &Value, parameters: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::String(text) => string(text, parameters),
        Value::Array(list) => {
            Value::Array(list.iter().map(|item| interpolate(item, parameters)).collect())
        }
        Value::Object(map) => Value::Object(
            map.iter().map(|(key, item)| (key.clone(), interpolate(item, parameters))).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn string(text: &str, parameters: &BTreeMap<String, Value>) -> Value {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, from) = rest.split_at(open);
        result.push_str(before);
        let found = from[2..]
            .split_once("}}")
            .and_then(|(name, after)| Some((parameters.get(name.trim())?, after)));
        match found {
            Some((value, "")) if result.is_empty() && from.len() == text.len() => {
                return value.clone();
            }
            Some((value, after)) => {
                result.push_str(&text_of(value).replace("$$", "$"));
                rest = after;
            }
            None => {
                result.push('{');
                rest = &from[1..];
            }
        }
    }
    result.push_str(rest);
    Value::String(result)
}

/// Returns a value as text: a string itself, anything else as JSON.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns whether a parameter of this name can be referred to.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Returns whether the text refers to one of the parameters.
pub(super) fn refers(text: &str, parameters: &BTreeMap<String, Value>) -> bool {
    text.split("{{").skip(1).any(|rest| {
        rest.split_once("}}").is_some_and(|(name, _)| parameters.contains_key(name.trim()))
    })
}
