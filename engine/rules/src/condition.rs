//! What one alternative of a pattern asks of one leaf.

pub(crate) mod address;
pub(crate) mod fold;
pub(crate) mod wildcard;

use std::net::IpAddr;

use serde_json::{Number, Value};

use address::Network;
use fold::Folded;
use wildcard::Wildcard;

/// One alternative of a field.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Text(Box<str>),
    /// A string that is an address: it matches each way to write the address, as event-ruler's do.
    Address(IpAddr),
    Number(f64),
    Bool(bool),
    Null,
    Prefix(Box<str>),
    FoldedPrefix(Folded),
    Suffix(Box<str>),
    FoldedSuffix(Folded),
    FoldedText(Folded),
    Wildcard(Wildcard),
    Numeric(Interval),
    Network(Network),
    Exists,
    /// No leaf is there: held by the search, which knows all leaves.
    Absent,
    AnythingBut(Exclusion),
}

/// What `anything-but` excludes. All other leaves match, of whatever type.
#[derive(Debug, Clone)]
pub(crate) enum Exclusion {
    Texts(Vec<Box<str>>),
    Numbers(Vec<f64>),
    Prefixes(Vec<Box<str>>),
    Suffixes(Vec<Box<str>>),
    Folded(Vec<Folded>),
    Wildcards(Vec<Wildcard>),
}

/// A range of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interval {
    pub(crate) lower: Option<Bound>,
    pub(crate) upper: Option<Bound>,
}

/// One end of a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) value: f64,
    pub(crate) is_open: bool,
}

impl Condition {
    /// Says whether a leaf satisfies this alternative.
    pub(crate) fn matches(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            (Self::Text(wanted), Value::String(text)) => **wanted == **text,
            (Self::Address(wanted), Value::String(text)) => address::parse(text) == Some(*wanted),
            (Self::Number(wanted), Value::Number(number)) => is_equal(*wanted, number),
            (Self::Bool(wanted), Value::Bool(value)) => wanted == value,
            (Self::Null, Value::Null) | (Self::Exists, _) => true,
            (Self::Prefix(prefix), Value::String(text)) => text.starts_with(&**prefix),
            (Self::FoldedPrefix(prefix), Value::String(text)) => prefix.is_prefix_of(text),
            (Self::Suffix(suffix), Value::String(text)) => text.ends_with(&**suffix),
            (Self::FoldedSuffix(suffix), Value::String(text)) => suffix.is_suffix_of(text),
            (Self::FoldedText(wanted), Value::String(text)) => wanted.is_equal_to(text),
            (Self::Wildcard(wildcard), Value::String(text)) => wildcard.matches(text),
            (Self::Numeric(interval), Value::Number(number)) => interval.contains(number),
            (Self::Network(network), Value::String(text)) => network.contains(text),
            (Self::AnythingBut(exclusion), leaf) => !exclusion.contains(leaf),
            (
                Self::Text(_)
                | Self::Address(_)
                | Self::Number(_)
                | Self::Bool(_)
                | Self::Null
                | Self::Prefix(_)
                | Self::FoldedPrefix(_)
                | Self::Suffix(_)
                | Self::FoldedSuffix(_)
                | Self::FoldedText(_)
                | Self::Wildcard(_)
                | Self::Numeric(_)
                | Self::Network(_)
                | Self::Absent,
                _,
            ) => false,
        }
    }
}

impl Exclusion {
    fn contains(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            (Self::Texts(texts), Value::String(text)) => {
                texts.iter().any(|excluded| **excluded == **text)
            }
            (Self::Numbers(numbers), Value::Number(number)) => {
                numbers.iter().any(|excluded| is_equal(*excluded, number))
            }
            (Self::Prefixes(prefixes), Value::String(text)) => {
                prefixes.iter().any(|prefix| text.starts_with(&**prefix))
            }
            (Self::Suffixes(suffixes), Value::String(text)) => {
                suffixes.iter().any(|suffix| text.ends_with(&**suffix))
            }
            (Self::Folded(texts), Value::String(text)) => {
                texts.iter().any(|excluded| excluded.is_equal_to(text))
            }
            (Self::Wildcards(wildcards), Value::String(text)) => {
                wildcards.iter().any(|wildcard| wildcard.matches(text))
            }
            (
                Self::Texts(_)
                | Self::Numbers(_)
                | Self::Prefixes(_)
                | Self::Suffixes(_)
                | Self::Folded(_)
                | Self::Wildcards(_),
                _,
            ) => false,
        }
    }
}

impl Interval {
    fn contains(&self, number: &Number) -> bool {
        let Some(value) = number.as_f64() else { return false };
        let above = |bound: Bound| {
            if bound.is_open { value > bound.value } else { value >= bound.value }
        };
        let below = |bound: Bound| {
            if bound.is_open { value < bound.value } else { value <= bound.value }
        };
        self.lower.is_none_or(above) && self.upper.is_none_or(below)
    }
}

/// Numbers are equal as IEEE doubles: `3.018e2` is `301.8`.
#[expect(clippy::float_cmp, reason = "equality of doubles is what a pattern asks for")]
fn is_equal(wanted: f64, number: &Number) -> bool {
    number.as_f64().is_some_and(|value| value == wanted)
}
