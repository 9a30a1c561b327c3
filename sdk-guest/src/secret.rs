//! Secrets as handles.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::{Node, Schema};

/// A secret that the action never sees: a handle, valid in this run only.
///
/// In a runbook it is `{ secret: /path }`. The host puts the value in where the handle is used: a header or body of
/// [`host::http`](crate::host::http), the content of [`host::parameters::put`](crate::host::parameters::put). Only
/// [`host::parameters::reveal`](crate::host::parameters::reveal) gives the text, and needs a grant of its own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    #[serde(rename = "secret")]
    handle: String,
}

impl Secret {
    /// Returns the secret behind a handle that the host gave.
    pub(crate) fn of(handle: String) -> Self {
        Self { handle }
    }

    /// Puts the handle in place of every `{ secret: HANDLE }` inside `value`, so that the host finds it in a body.
    pub fn place_handles(value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(Self::place_handles),
            Value::Object(members) => {
                if let Some(handle) = handle_of(members) {
                    *value = handle;
                } else {
                    members.values_mut().for_each(Self::place_handles);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Returns the handle, as it is written where the host puts the value in.
    pub fn handle(&self) -> &str {
        &self.handle
    }
}

fn handle_of(members: &Map<String, Value>) -> Option<Value> {
    let handle = members.get("secret").filter(|_| members.len() == 1)?;
    let digits = handle.as_str()?.strip_prefix("secret:")?;
    let hexadecimal = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (digits.len() == 32 && hexadecimal).then(|| handle.clone())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Schema for Secret {
    const NODE: Node = Node::Secret;
}

/// Text, or a secret in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOrSecret {
    Text(String),
    Secret(Secret),
}

impl TextOrSecret {
    /// Returns the text, or the handle that the host replaces.
    pub fn as_sent(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Secret(secret) => secret.handle(),
        }
    }
}

impl From<&str> for TextOrSecret {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for TextOrSecret {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Secret> for TextOrSecret {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl Schema for TextOrSecret {
    const NODE: Node = Node::AnyOf(&[Node::Text, Node::Secret]);
}

impl Serialize for TextOrSecret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Secret(secret) => secret.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TextOrSecret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> serde::de::Visitor<'de> for Visitor {
    type Value = TextOrSecret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or { secret: NAME }")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TextOrSecret, E> {
        Ok(text.into())
    }

    fn visit_map<M: serde::de::MapAccess<'de>>(self, map: M) -> Result<TextOrSecret, M::Error> {
        Secret::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Into::into)
    }
}
