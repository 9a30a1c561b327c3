//! Sets of host interfaces.

use std::fmt;

/// The interfaces that need a grant, in byte order.
const GATED: [&str; 10] = [
    "api",
    "automation",
    "commands",
    "http",
    "inventory",
    "ops",
    "parameters",
    "patching",
    "state",
    "tags",
];

/// The interfaces that every component may import.
pub(crate) const ALWAYS: [&str; 5] = ["clock", "context", "log", "random", "types"];

/// A set of the interfaces that need a grant. `log`, `clock`, `random` and `context` are always there and never in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Interfaces(u16);

/// There is no interface of that name that a grant could open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no host interface `{0}` that can be granted")]
pub struct UnknownInterface(pub String);

impl Interfaces {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Returns the set of all interfaces that need a grant.
    pub fn all() -> Self {
        Self((1 << GATED.len()) - 1)
    }

    /// Returns the set of the named interfaces.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownInterface> {
        let mut set = Self::NONE;
        for name in names {
            set.0 |= bit(name).ok_or_else(|| UnknownInterface(name.to_owned()))?;
        }
        Ok(set)
    }

    /// Returns whether `name` is in the set.
    pub fn contains(self, name: &str) -> bool {
        bit(name).is_some_and(|bit| self.0 & bit != 0)
    }

    /// Returns what is in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns what is in this set and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns the names in byte order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        GATED.into_iter().enumerate().filter(move |(at, _)| self.0 & (1 << at) != 0).map(|(_, n)| n)
    }
}

impl fmt::Debug for Interfaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

fn bit(name: &str) -> Option<u16> {
    GATED.iter().position(|gated| *gated == name).map(|at| 1 << at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_its_names() {
        let set = Interfaces::of(["state", "http"]).unwrap();
        assert_eq!(set.names().collect::<Vec<_>>(), ["http", "state"]);
        assert!(set.contains("http") && !set.contains("tags"));
        assert_eq!(Interfaces::all().names().count(), GATED.len());
        assert_eq!(Interfaces::of(["clock"]), Err(UnknownInterface("clock".into())));
    }
}
