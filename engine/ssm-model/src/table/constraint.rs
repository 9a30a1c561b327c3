//! What a shape demands of a value of its type.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::pattern::Pattern;

/// One demand of a shape. Its text is AWS's.
#[derive(Debug)]
pub(crate) enum Constraint {
    LengthAtMost(i64),
    LengthAtLeast(i64),
    ValueAtMost(i64),
    ValueAtLeast(i64),
    Matches(Pattern),
    OneOf(Box<[&'static str]>),
}

impl Constraint {
    /// Tells whether `value`, which is of the shape's type, satisfies the constraint.
    pub(crate) fn holds(&self, value: &Value, blob: bool) -> bool {
        match value {
            Value::String(text) if blob => {
                self.holds_for_length(decoded(text).map_or(0, |bytes| bytes.len()))
            }
            Value::String(text) => self.holds_for_text(text),
            Value::Array(items) => self.holds_for_length(items.len()),
            Value::Object(entries) => self.holds_for_length(entries.len()),
            Value::Number(number) => {
                number.as_i64().is_some_and(|number| self.holds_for_number(number))
            }
            Value::Null | Value::Bool(_) => true,
        }
    }

    /// Tells whether a text satisfies the constraint. Its length is in code points.
    pub(crate) fn holds_for_text(&self, text: &str) -> bool {
        match self {
            Self::LengthAtMost(_) | Self::LengthAtLeast(_) => {
                self.holds_for_length(text.chars().count())
            }
            Self::Matches(pattern) => pattern.matches(text),
            Self::OneOf(values) => values.contains(&text),
            Self::ValueAtMost(_) | Self::ValueAtLeast(_) => true,
        }
    }

    fn holds_for_length(&self, length: usize) -> bool {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        match self {
            Self::LengthAtMost(most) => length <= *most,
            Self::LengthAtLeast(least) => length >= *least,
            Self::ValueAtMost(_) | Self::ValueAtLeast(_) | Self::Matches(_) | Self::OneOf(_) => {
                true
            }
        }
    }

    fn holds_for_number(&self, number: i64) -> bool {
        match self {
            Self::ValueAtMost(most) => number <= *most,
            Self::ValueAtLeast(least) => number >= *least,
            Self::LengthAtMost(_) | Self::LengthAtLeast(_) | Self::Matches(_) | Self::OneOf(_) => {
                true
            }
        }
    }
}

/// Returns the bytes of a blob, or nothing if the text is not base64.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthAtMost(most) => {
                write!(f, "Member must have length less than or equal to {most}")
            }
            Self::LengthAtLeast(least) => {
                write!(f, "Member must have length greater than or equal to {least}")
            }
            Self::ValueAtMost(most) => {
                write!(f, "Member must have value less than or equal to {most}")
            }
            Self::ValueAtLeast(least) => {
                write!(f, "Member must have value greater than or equal to {least}")
            }
            Self::Matches(pattern) => {
                write!(f, "Member must satisfy regular expression pattern: {}", pattern.shown())
            }
            Self::OneOf(values) => {
                write!(f, "Member must satisfy enum value set: [{}]", values.join(", "))
            }
        }
    }
}
