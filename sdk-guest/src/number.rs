//! Numbers that SSM's documents also write as text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::schema::{Node, Schema};

/// A number that is not negative, or its decimal digits as text: documents write both `60` and `"60"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Count(pub u64);

/// A number that is not negative, or a percentage: `10`, `"10"`, `"10%"`. Kept as text, as SSM's API takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amount(String);

impl Amount {
    /// Returns digits, or digits and `%`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl Schema for Count {
    const NODE: Node = Node::AnyOf(&[Node::Natural, Node::Pattern("^[0-9]+$")]);
}

impl Schema for Amount {
    const NODE: Node = Node::AnyOf(&[Node::Natural, Node::Pattern("^[0-9]+%?$")]);
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(Visitor { expected: "a number" })?;
        text.parse().map(Self).map_err(|_| invalid(&text, "a number"))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a number or a percentage";
        let text = deserializer.deserialize_any(Visitor { expected })?;
        let digits = text.strip_suffix('%').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(&text, expected));
        }
        Ok(Self(text))
    }
}

fn invalid<E: serde::de::Error>(text: &str, expected: &'static str) -> E {
    E::invalid_value(serde::de::Unexpected::Str(text), &expected)
}

/// Reads a number or text as text.
struct Visitor {
    expected: &'static str,
}

impl serde::de::Visitor<'_> for Visitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}
