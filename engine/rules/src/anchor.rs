//! Anchors: what an event must have for a clause to be looked at.

#[expect(clippy::disallowed_types, reason = "entries are looked up by digest, never listed")]
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde_json::{Number, Value};

use crate::condition::Condition;
use crate::digest::{digest, mix};
use crate::event::Field;
use crate::pattern::Key;

/// How long beginnings and endings are that texts are looked up by, longest first.
const LENGTHS: [usize; 10] = [32, 24, 16, 12, 8, 6, 4, 3, 2, 1];
/// What a shorter beginning or ending costs, since more texts have it.
const COSTS: [usize; LENGTHS.len()] = [0, 0, 0, 1, 1, 2, 3, 4, 6, 8];
const COST_OF_PRESENCE: usize = 10;

/// A table by digest.
#[expect(clippy::disallowed_types, reason = "entries are looked up by digest, never listed")]
pub(crate) type Table<V> = HashMap<u64, V, BuildHasherDefault<Digested>>;

/// Takes a digest as its own hash.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Digested(u64);

impl Hasher for Digested {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = digest(self.0, bytes);
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

/// How a leaf is looked up. Each kind has its own digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Exact,
    Prefix(usize),
    Suffix(usize),
    Present,
}

/// How many kinds there are, with each length.
pub(crate) const KINDS: usize = 2 + 2 * LENGTHS.len();

impl Kind {
    /// A number of its own for each kind.
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Exact => 0,
            Self::Present => 1,
            Self::Prefix(length) => 2 + length,
            Self::Suffix(length) => 2 + LENGTHS.len() + length,
        }
    }

    fn cost(self) -> usize {
        match self {
            Self::Exact => 0,
            Self::Prefix(length) | Self::Suffix(length) => COSTS[length],
            Self::Present => COST_OF_PRESENCE,
        }
    }
}

/// One of the leaves of which an event must have one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    pub(crate) path: u64,
    pub(crate) kind: Kind,
    pub(crate) digest: u64,
}

impl Anchor {
    fn new(path: u64, kind: Kind, value: u64) -> Self {
        let place = kind.place() as u64;
        Self { path, kind, digest: mix(mix(path, place), value) }
    }

    pub(crate) fn cost(&self) -> usize {
        self.kind.cost()
    }
}

/// The anchors of a field, unless it may be absent.
pub(crate) fn of_key(key: &Key) -> Option<Vec<Anchor>> {
    let path = key.path.digest;
    key.conditions.iter().map(|condition| of_condition(path, condition)).collect()
}

fn of_condition(path: u64, condition: &Condition) -> Option<Anchor> {
    let exact = |value| Anchor::new(path, Kind::Exact, value);
    let present = Anchor::new(path, Kind::Present, 0);
    Some(match condition {
        Condition::Text(text) => exact(of_text(text)),
        Condition::Number(value) => exact(of_number(*value)),
        Condition::Bool(value) => exact(of_bool(*value)),
        Condition::Null => exact(of_null()),
        Condition::Prefix(text) => prefix(path, text).unwrap_or(present),
        Condition::Suffix(text) => suffix(path, text).unwrap_or(present),
        Condition::Wildcard(wildcard) => {
            let ends = [prefix(path, wildcard.prefix()), suffix(path, wildcard.suffix())];
            ends.into_iter().flatten().min_by_key(Anchor::cost).unwrap_or(present)
        }
        Condition::Absent => return None,
        Condition::Address(_)
        | Condition::FoldedPrefix(_)
        | Condition::FoldedSuffix(_)
        | Condition::FoldedText(_)
        | Condition::Numeric(_)
        | Condition::Network(_)
        | Condition::Exists
        | Condition::AnythingBut(_) => present,
    })
}

fn prefix(path: u64, text: &str) -> Option<Anchor> {
    let length = LENGTHS.iter().position(|length| text.len() >= *length)?;
    Some(prefix_anchor(path, length, text.as_bytes()))
}

fn suffix(path: u64, text: &str) -> Option<Anchor> {
    let length = LENGTHS.iter().position(|length| text.len() >= *length)?;
    Some(suffix_anchor(path, length, text.as_bytes()))
}

fn prefix_anchor(path: u64, length: usize, bytes: &[u8]) -> Anchor {
    Anchor::new(path, Kind::Prefix(length), digest(0, &bytes[..LENGTHS[length]]))
}

fn suffix_anchor(path: u64, length: usize, bytes: &[u8]) -> Anchor {
    let start = bytes.len() - LENGTHS[length];
    Anchor::new(path, Kind::Suffix(length), digest(0, &bytes[start..]))
}

/// Calls `visit` for each anchor that a leaf satisfies, of the kinds of which `uses` counts any.
pub(crate) fn of_field(field: &Field<'_>, uses: &[usize; KINDS], mut visit: impl FnMut(u64)) {
    let path = field.digest;
    if uses[Kind::Present.place()] > 0 {
        visit(Anchor::new(path, Kind::Present, 0).digest);
    }
    if uses[Kind::Exact.place()] > 0
        && let Some(value) = of_value(field.value)
    {
        visit(Anchor::new(path, Kind::Exact, value).digest);
    }
    let Value::String(text) = field.value else { return };
    for (length, bytes) in LENGTHS.iter().enumerate() {
        if text.len() < *bytes {
            continue;
        }
        if uses[Kind::Prefix(length).place()] > 0 {
            visit(prefix_anchor(path, length, text.as_bytes()).digest);
        }
        if uses[Kind::Suffix(length).place()] > 0 {
            visit(suffix_anchor(path, length, text.as_bytes()).digest);
        }
    }
}

fn of_value(value: &Value) -> Option<u64> {
    match value {
        Value::Null => Some(of_null()),
        Value::Bool(value) => Some(of_bool(*value)),
        Value::Number(number) => Number::as_f64(number).map(of_number),
        Value::String(text) => Some(of_text(text)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn of_text(text: &str) -> u64 {
    digest(1, text.as_bytes())
}

/// Zero and negative zero are equal.
fn of_number(value: f64) -> u64 {
    mix(2, (value + 0.0).to_bits())
}

fn of_bool(value: bool) -> u64 {
    mix(3, u64::from(value))
}

fn of_null() -> u64 {
    mix(4, 0)
}
