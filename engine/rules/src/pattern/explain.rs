//! Why an event does not match.

use std::fmt;

use serde_json::Value;

use super::{Clause, Key, Pattern};
use crate::Event;
use crate::search::{self, Standing};

/// The first field that did not match.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The field's path, its steps joined by dots.
    pub path: String,
    /// The alternatives, as the pattern has them.
    pub wanted: String,
    /// What the event has.
    pub found: Found,
}

/// What an event has where a pattern wants something else.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// There is no such leaf.
    Nothing,
    /// These, none of which is wanted.
    Values(Vec<Value>),
    /// Some that are wanted, but not in the array elements where the other fields match.
    InOtherElements(Vec<Value>),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: wanted {}, found {}", self.path, self.wanted, self.found)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (values, addition) = match self {
            Self::Nothing => return formatter.write_str("nothing"),
            Self::Values(values) => (values, ""),
            Self::InOtherElements(values) => {
                (values, " in other array elements than the other fields")
            }
        };
        for (at, value) in values.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(formatter, "{separator}{value}")?;
        }
        formatter.write_str(addition)
    }
}

pub(super) fn explain(pattern: &Pattern, event: &Event<'_>) -> Option<Mismatch> {
    if pattern.matches(event) {
        return None;
    }
    let passed = |clause: &&Clause| {
        clause.keys.iter().filter(|key| search::standing(key, event) != Standing::Fails).count()
    };
    let closest = pattern.clauses.iter().rev().max_by_key(passed)?;
    let first = |standings: &[Standing]| {
        let keys = closest.keys.iter();
        keys.filter(|key| standings.contains(&search::standing(key, event)))
            .min_by_key(|key| key.ordinal)
    };
    let failing = first(&[Standing::Fails]);
    let key = failing.or_else(|| first(&[Standing::Within, Standing::AbsentWithin]))?;
    Some(mismatch(key, event, failing.is_some()))
}

fn mismatch(key: &Key, event: &Event<'_>, fails: bool) -> Mismatch {
    let values: Vec<_> = event.at(&key.path).map(|field| field.value.clone()).collect();
    let found = match (values.is_empty(), fails) {
        (true, _) => Found::Nothing,
        (false, true) => Found::Values(values),
        (false, false) => Found::InOtherElements(values),
    };
    Mismatch { path: key.path.text.to_string(), wanted: key.wanted.to_string(), found }
}
