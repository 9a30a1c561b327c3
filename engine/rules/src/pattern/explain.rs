//! Why an event does not match.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::{Clause, Key, Pattern};
use crate::Event;
use crate::search::{Search, Standing};

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
    let mut search = Search::new(pattern, event);
    let mut closest: Option<(usize, &Clause)> = None;
    for clause in &pattern.clauses {
        let is_passed = |key: &&Arc<Key>| search.standing(key) != Standing::Fails;
        let passed = clause.keys.iter().filter(is_passed).count();
        if closest.is_none_or(|(most, _)| passed > most) {
            closest = Some((passed, clause));
        }
    }
    let (passed, clause) = closest?;
    let fails = passed < clause.keys.len();
    let is_to_blame = |key: &&Arc<Key>| match search.standing(key) {
        Standing::Fails => true,
        Standing::Within | Standing::AbsentWithin => !fails,
        Standing::Holds => false,
    };
    let key = clause.keys.iter().filter(is_to_blame).min_by_key(|key| key.ordinal)?;
    Some(mismatch(key, event, fails))
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
