//! Values and SSM's types: checking, conversion, text and wire forms, binding of parameters.

pub mod bind;
pub mod convert;
pub mod pattern;
pub mod variable;
pub mod wire;

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::plan::ValueType;

pub use convert::{as_type, check_type};
pub use wire::{from_text, from_wire, to_wire};

/// The longest name of a parameter in the store, with its selector, in bytes.
const SECRET_NAME_BYTES_MAX: usize = 2_048;

/// A value is not of the type it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected} is expected, but this is {found}")]
pub struct TypeMismatch {
    pub expected: ValueType,
    /// What it is, in words: `text`, `a number`, `a list with a map in it`.
    pub found: String,
}

impl TypeMismatch {
    pub(crate) fn new(expected: &ValueType, found: impl Into<String>) -> Self {
        Self { expected: expected.clone(), found: found.into() }
    }
}

/// Returns the text of a value inside other text: strings as they are, everything else as JSON.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// Returns what kind of value it is, in words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The key by which a value inside the engine refers to a secret. Documents write `{ secret: name }`; only a template, a parameter of
/// type Secret or the host makes this form of it, so that data which merely looks like the written form refers to nothing.
pub const SECRET_KEY: &str = "runwright:secret";

/// Returns the reference to a secret, as it is inside the engine.
pub fn secret(name: impl Into<String>) -> Value {
    Value::Object(Map::from_iter([(SECRET_KEY.to_owned(), Value::String(name.into()))]))
}

/// Returns the name if the value is a reference to a secret.
pub fn secret_name(value: &Value) -> Option<&str> {
    only_member(value, SECRET_KEY)
}

/// Returns the name if the value is a reference as a document writes it: exactly `{ "secret": name }`.
pub fn written_secret_name(value: &Value) -> Option<&str> {
    only_member(value, "secret")
}

fn only_member<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.get(key)?.as_str()
}

/// Returns a value for people to read: references to secrets as a document writes them.
pub fn written(value: &Value) -> Value {
    if let Some(name) = secret_name(value) {
        return Value::Object(Map::from_iter([("secret".to_owned(), Value::from(name))]));
    }
    match value {
        Value::Object(members) => {
            let written = members.iter().map(|(key, member)| (key.clone(), written(member)));
            Value::Object(written.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(written).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            plain.clone()
        }
    }
}

/// Returns whether the reserved key of references stands anywhere in a value. Data from outside must not have it.
pub fn holds_reference(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key(SECRET_KEY) || members.values().any(holds_reference)
        }
        Value::Array(items) => items.iter().any(holds_reference),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Returns whether `name` can be the name of a parameter in the store: letters, digits and `_.-/`, then perhaps `:` and a
/// version or label.
pub fn is_secret_name(name: &str) -> bool {
    let (path, selector) = name.split_once(':').unwrap_or((name, "1"));
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    name.len() <= SECRET_NAME_BYTES_MAX
        && !path.trim_matches('/').is_empty()
        && path.chars().all(|c| plain(c) || c == '/')
        && !selector.is_empty()
        && selector.chars().all(plain)
}

/// Returns how large a value is: its text, and 16 bytes for each value in it.
pub fn size_bytes(value: &Value) -> usize {
    16 + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size_bytes).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| name.len() + size_bytes(member)).sum()
        }
    }
}

impl fmt::Display for ValueType {
    /// Writes the type as a document does: `StringList`, `List<AWS::EC2::Instance::Id>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("String"),
            Self::StringList => f.write_str("StringList"),
            Self::Integer => f.write_str("Integer"),
            Self::Boolean => f.write_str("Boolean"),
            Self::StringMap => f.write_str("StringMap"),
            Self::MapList => f.write_str("MapList"),
            Self::Secret => f.write_str("Secret"),
            Self::Resource(name) => f.write_str(name),
            Self::ResourceList(name) => write!(f, "List<{name}>"),
        }
    }
}

/// A text names no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a type: String, StringList, Integer, Boolean, StringMap, MapList, Secret (0.4), AWS::…, List<AWS::…>"
)]
pub struct UnknownType(pub String);

impl FromStr for ValueType {
    type Err = UnknownType;

    /// Reads a type as a document writes it; whether the schema has it is for the checker to say.
    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let resource = |name: &str| {
            name.starts_with("AWS::") && name.chars().all(|c| c.is_ascii_alphanumeric() || c == ':')
        };
        Ok(match text {
            "String" => Self::String,
            "StringList" => Self::StringList,
            "Integer" => Self::Integer,
            "Boolean" => Self::Boolean,
            "StringMap" => Self::StringMap,
            "MapList" => Self::MapList,
            "Secret" => Self::Secret,
            name if resource(name) => Self::Resource(name.to_owned()),
            list => match list.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>')) {
                Some(name) if resource(name) => Self::ResourceList(name.to_owned()),
                _ => return Err(UnknownType(text.to_owned())),
            },
        })
    }
}
