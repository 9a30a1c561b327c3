//! Binding what a starter supplies to the parameters of a plan.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern::Pattern;
use super::{
    TypeMismatch, as_type, from_text, from_wire, holds_reference, is_secret_name, secret,
    secret_name, written_secret_name,
};
use crate::plan::{Parameter, ParameterDefault, ValueType};

/// A value as it was supplied.
#[derive(Debug, Clone, PartialEq)]
pub enum Supplied {
    /// SSM's list of strings.
    Wire(Vec<String>),
    Json(Value),
    /// Typed by a person, as in `--param Name=text`.
    Text(String),
}

/// What a run starts with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bound {
    /// Checked values; a Secret is `{ "secret": NAME }`.
    pub values: BTreeMap<String, Value>,
    /// Parameters whose value is to be read from Parameter Store when the run starts; then [`stored`] checks it.
    pub parameter_store: Vec<StoreDefault>,
}

/// A default of the form `{{ssm:name}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreDefault {
    pub parameter: String,
    /// Name, perhaps with `:version`.
    pub name: String,
}

/// Why a parameter cannot be bound.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("parameter `{parameter}` {reason}")]
pub struct BindError {
    pub parameter: String,
    pub reason: BindReason,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BindReason {
    #[error("does not exist; there are: {}", list(.known))]
    Unknown { known: Vec<String> },
    #[error("has no default and must be given")]
    Missing,
    #[error("is of the wrong type: {0}")]
    Type(TypeMismatch),
    #[error(
        "takes the name of a secret, such as /app/token or {{\"secret\": \"/app/token\"}}, and never its text"
    )]
    NotAReference,
    #[error("has the key `{}`, which is reserved", super::SECRET_KEY)]
    Reserved,
    #[error("is not one of the allowed values: {}", list(.allowed))]
    NotAllowed { allowed: Vec<String> },
    #[error("does not match {pattern}")]
    Pattern { pattern: String },
    #[error("takes too many steps to be held against {pattern}, and so counts as no match")]
    CostlyPattern { pattern: String },
    #[error("has an allowedPattern that cannot be used: {0}")]
    BadPattern(String),
    #[error("has {found} items; {bound}")]
    Items { found: u64, bound: Limit },
    #[error("has {found} characters; {bound}")]
    Characters { found: u64, bound: Limit },
}

/// A bound that was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    #[error("at least {0} are needed")]
    AtLeast(u64),
    #[error("at most {0} are allowed")]
    AtMost(u64),
}

/// Binds everything, or says everything that is wrong.
pub fn bind(
    parameters: &BTreeMap<String, Parameter>,
    supplied: BTreeMap<String, Supplied>,
) -> Result<Bound, Vec<BindError>> {
    let mut bound = Bound::default();
    let mut errors = Vec::new();
    for name in supplied.keys().filter(|name| !parameters.contains_key(*name)) {
        let known = parameters.keys().cloned().collect();
        errors.push(BindError { parameter: name.clone(), reason: BindReason::Unknown { known } });
    }
    let mut supplied = supplied;
    for (name, parameter) in parameters {
        let given = supplied.remove(name);
        let is_default = given.is_none();
        let value = match (given, &parameter.default) {
            (Some(given), _) => typed(given, &parameter.value_type),
            (None, Some(ParameterDefault::Literal(value))) => {
                as_type(value.clone(), &parameter.value_type).map_err(BindReason::Type)
            }
            (None, Some(ParameterDefault::Secret(name))) => Ok(secret(name.as_str())),
            (None, Some(ParameterDefault::ParameterStore(stored))) => {
                let default = StoreDefault { parameter: name.clone(), name: stored.clone() };
                bound.parameter_store.push(default);
                continue;
            }
            (None, None) => Err(BindReason::Missing),
        };
        let reasons = match value {
            Ok(value) => {
                let reasons = if is_default {
                    check_default(parameter, &value)
                } else {
                    check(parameter, &value)
                };
                bound.values.insert(name.clone(), value);
                reasons
            }
            Err(reason) => vec![reason],
        };
        errors.extend(
            reasons.into_iter().map(|reason| BindError { parameter: name.clone(), reason }),
        );
    }
    if errors.is_empty() { Ok(bound) } else { Err(errors) }
}

/// Checks a value that was read from Parameter Store for a default: a `StringList` is parted by commas.
pub fn stored(name: &str, parameter: &Parameter, text: &str) -> Result<Value, Vec<BindError>> {
    let error = |reason| BindError { parameter: name.to_owned(), reason };
    let value = typed(Supplied::Text(text.to_owned()), &parameter.value_type)
        .map_err(|reason| vec![error(reason)])?;
    let reasons = check(parameter, &value);
    if reasons.is_empty() { Ok(value) } else { Err(reasons.into_iter().map(error).collect()) }
}

/// Says what rules of `parameter` its own default breaks. Empty text and empty lists break none: SSM's documents write them for
/// "not given" beside any rule.
pub fn check_default(parameter: &Parameter, default: &Value) -> Vec<BindReason> {
    let is_empty =
        |value: &Value| value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
    if is_empty(default) {
        return Vec::new();
    }
    let given: Option<Value> = default
        .as_array()
        .map(|items| items.iter().filter(|item| !is_empty(item)).cloned().collect());
    let Some(given) = given else { return check(parameter, default) };
    let mut broken = check(parameter, &given);
    broken.retain(|reason| !matches!(reason, BindReason::Items { .. }));
    check_items(parameter, default, &mut broken);
    broken
}

/// Says what rules of `parameter` a value of its type breaks: allowed values, pattern, items and characters. Of a list, values,
/// pattern and characters are held against each item.
pub fn check(parameter: &Parameter, value: &Value) -> Vec<BindReason> {
    let mut broken = Vec::new();
    check_allowed(parameter, value, &mut broken);
    if let Some(source) = &parameter.allowed_pattern {
        check_pattern(source, value, &mut broken);
    }
    check_items(parameter, value, &mut broken);
    for text in texts(value) {
        let found = count(text.chars().count());
        if let Some(bound) = outside(found, parameter.min_chars, parameter.max_chars) {
            broken.push(BindReason::Characters { found, bound });
            break;
        }
    }
    broken
}

fn check_pattern(source: &str, value: &Value, broken: &mut Vec<BindReason>) {
    let pattern = match Pattern::parse(source) {
        Ok(pattern) => pattern,
        Err(message) => return broken.push(BindReason::BadPattern(message)),
    };
    for text in texts(value) {
        match pattern.matches(text) {
            Ok(true) => {}
            Ok(false) => return broken.push(BindReason::Pattern { pattern: source.to_owned() }),
            Err(_) => return broken.push(BindReason::CostlyPattern { pattern: source.to_owned() }),
        }
    }
}

fn check_items(parameter: &Parameter, value: &Value, broken: &mut Vec<BindReason>) {
    let items = match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) if parameter.value_type == ValueType::StringMap => {
            Some(members.len())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            None
        }
    };
    if let Some(found) = items.map(count)
        && let Some(bound) = outside(found, parameter.min_items, parameter.max_items)
    {
        broken.push(BindReason::Items { found, bound });
    }
}

fn typed(mut given: Supplied, value_type: &ValueType) -> Result<Value, BindReason> {
    if let Supplied::Json(Value::Array(items)) = &mut given
        && let [item] = items.as_mut_slice()
        && !takes_list(value_type)
    {
        given = Supplied::Json(item.take());
    }
    if *value_type == ValueType::Secret {
        return typed_secret(given).ok_or(BindReason::NotAReference);
    }
    let value = match given {
        Supplied::Wire(strings) => from_wire(&strings, value_type),
        Supplied::Text(text) => from_text(&text, value_type),
        Supplied::Json(value) if is_text(value_type) && (value.is_array() || value.is_object()) => {
            Err(TypeMismatch::new(value_type, super::kind(&value)))
        }
        Supplied::Json(value) => as_type(value, value_type),
    };
    match value {
        Ok(value) if holds_reference(&value) => Err(BindReason::Reserved),
        value => value.map_err(BindReason::Type),
    }
}

fn typed_secret(given: Supplied) -> Option<Value> {
    let value = match given {
        Supplied::Json(value) => value,
        Supplied::Text(text) => Value::String(text),
        Supplied::Wire(mut strings) if strings.len() == 1 => Value::String(strings.remove(0)),
        Supplied::Wire(_) => return None,
    };
    let json = value.as_str().filter(|text| text.trim_start().starts_with('{'));
    let value = match json {
        Some(text) => serde_json::from_str(text).ok()?,
        None => value,
    };
    let value = match written_secret_name(&value) {
        Some(name) => secret(name),
        None => as_type(value, &ValueType::Secret).ok()?,
    };
    secret_name(&value).is_some_and(is_secret_name).then_some(value)
}

fn takes_list(value_type: &ValueType) -> bool {
    matches!(value_type, ValueType::StringList | ValueType::ResourceList(_) | ValueType::MapList)
}

fn is_text(value_type: &ValueType) -> bool {
    matches!(value_type, ValueType::String | ValueType::Resource(_))
}

fn check_allowed(parameter: &Parameter, value: &Value, broken: &mut Vec<BindReason>) {
    let allowed = &parameter.allowed_values;
    let holds = match value {
        _ if allowed.is_empty() || allowed.iter().any(|one| same(one, value)) => true,
        Value::Array(items) => items.iter().all(|item| allowed.iter().any(|one| same(one, item))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            false
        }
    };
    if !holds {
        let allowed = allowed.iter().map(super::text).collect();
        broken.push(BindReason::NotAllowed { allowed });
    }
}

/// Documents often write the allowed values of a String without quotes, so `1` allows the text `1`.
pub(crate) fn same(allowed: &Value, value: &Value) -> bool {
    allowed == value || (value.is_string() && super::text(allowed) == super::text(value))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let one = value.as_str().into_iter();
    let items = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    one.chain(items)
}

fn outside(found: u64, min: Option<u64>, max: Option<u64>) -> Option<Limit> {
    match (min, max) {
        (Some(min), _) if found < min => Some(Limit::AtLeast(min)),
        (_, Some(max)) if found > max => Some(Limit::AtMost(max)),
        _ => None,
    }
}

fn count(found: usize) -> u64 {
    u64::try_from(found).unwrap_or(u64::MAX)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
