//! Texts that documents also write as numbers, truth values or lists.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::schema::{Node, Schema};

/// Text, or a number or truth value, as text: what an environment variable or a query holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Scalar(String);

/// A text, a list of texts, or lists in a list, as one list: documents write `A`, `[A]` and, where a parameter is a
/// list itself, `[[A, B]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TextList(Vec<String>);

impl Scalar {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TextList {
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Returns any JSON value as SSM's API takes a parameter: a list of texts, where an object is its JSON text.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Array(list) => {
                Self(list.iter().flat_map(|element| Self::of(element).0).collect())
            }
            Value::String(text) => Self(vec![text.clone()]),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                Self(vec![value.to_string()])
            }
        }
    }
}

impl From<TextList> for Vec<String> {
    fn from(list: TextList) -> Self {
        list.0
    }
}

impl Schema for Scalar {
    const NODE: Node = Node::AnyOf(&[Node::Text, Node::Number, Node::Boolean]);
}

impl Schema for TextList {
    const NODE: Node = Node::AnyOf(&[
        Node::Text,
        Node::List(&Node::AnyOf(&[Node::Text, Node::List(&Node::Text)])),
    ]);
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number or a truth value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar(truth.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }
}

impl<'de> Deserialize<'de> for TextList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = TextList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TextList, E> {
        Ok(TextList(vec![text.to_owned()]))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut elements: S) -> Result<TextList, S::Error> {
        let mut list = Vec::new();
        while let Some(TextList(element)) = elements.next_element()? {
            list.extend(element);
        }
        Ok(TextList(list))
    }
}
