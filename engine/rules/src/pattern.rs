//! Event patterns: which events a rule is about.

mod error;
mod explain;
mod expression;
mod numeric;
mod parse;
mod scan;

use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;

use crate::Event;
use crate::condition::Condition;
use crate::event::FieldPath;
use crate::search::Search;

pub use crate::condition::address::NetworkError;
pub use crate::condition::wildcard::{WILDCARD_COMPLEXITY_MAX, WildcardError};
pub use error::{JsonError, PatternError, Place, Reason};
pub use explain::{Found, Mismatch};

/// How many characters a pattern of EventBridge may have.
pub const PATTERN_CHARACTERS_MAX: usize = 4096;
/// How deep objects and lists of a pattern may be nested.
pub const NESTING_LEVELS_MAX: usize = 100;
/// How many combinations of conditions `$or` may make of a pattern.
pub const COMBINATIONS_MAX: usize = 1000;

/// How large a pattern may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of the text.
    pub characters: usize,
    /// Objects and lists within each other.
    pub nesting_levels: usize,
    /// Combinations that `$or` makes.
    pub combinations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            characters: PATTERN_CHARACTERS_MAX,
            nesting_levels: NESTING_LEVELS_MAX,
            combinations: COMBINATIONS_MAX,
        }
    }
}

/// A compiled event pattern.
///
/// All its fields must match, each by one of its alternatives. Fields within an array of the event must all come from the same
/// element, at each level of arrays. Where a field must be absent, only the elements count from which fields earlier in the order of
/// names were taken, as event-ruler does. A name that comes twice counts as written last.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The combinations that `$or` makes: one of them must match.
    pub(crate) clauses: Vec<Clause>,
    /// How many fields the text has.
    pub(crate) fields: usize,
}

/// Conditions that must all hold, in the order of their paths.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) keys: Vec<Arc<Key>>,
}

/// What one field must be.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) path: FieldPath,
    pub(crate) conditions: Vec<Condition>,
    /// The alternatives as written.
    wanted: Box<str>,
    /// Which field of the pattern's text it is.
    pub(crate) ordinal: usize,
}

impl Pattern {
    /// Reads a pattern within the limits of EventBridge.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Self::parse_within(text, &Limits::default())
    }

    /// Reads a pattern within other limits.
    pub fn parse_within(text: &str, limits: &Limits) -> Result<Self, PatternError> {
        parse::parse(text, limits)
    }

    /// Says whether an event matches.
    ///
    /// It takes time in proportion to the event and the pattern, except where the fields of one pattern lie in several arrays: there
    /// the search for elements that fit together ends after a fixed number of steps, as no match.
    pub fn matches(&self, event: &Event<'_>) -> bool {
        let mut search = Search::new(self, event);
        self.clauses.iter().any(|clause| search.matches(clause))
    }

    /// Says whether an event may match that has these values at these paths, whatever else it has. The paths are of fields outside of
    /// lists.
    pub fn may_match(&self, fields: &[(&str, &Value)]) -> bool {
        let admits = |key: &Key| {
            fields
                .iter()
                .filter(|(path, _)| *key.path.text == **path)
                .all(|(_, value)| key.conditions.iter().any(|condition| condition.matches(value)))
        };
        self.clauses.iter().any(|clause| clause.keys.iter().all(|key| admits(key)))
    }

    /// Says why an event does not match: the first field, as written, of the combination that came farthest.
    pub fn explain(&self, event: &Event<'_>) -> Option<Mismatch> {
        explain::explain(self, event)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::parse(text)
    }
}
