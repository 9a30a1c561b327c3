//! Why a value is refused.

use std::fmt;

/// Why a request or an answer is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A value is of another JSON type than its shape. Nothing after it was looked at.
    Malformed {
        /// Where the value is; empty for the whole.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// All values are of the right type, and some break constraints.
    Invalid {
        /// The first violations, in the order of the members' names.
        violations: Vec<Violation>,
        /// How many there are.
        total: usize,
    },
}

/// A constraint that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where the value is, as in `parameterFilters.1.member.key`.
    pub path: String,
    /// What was demanded, such as `Member must not be null`.
    pub constraint: String,
    /// AWS's sentence: value, path and constraint.
    pub message: String,
}

impl Refused {
    /// Returns the code that goes into `__type`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { path: _, reason: _ } => "SerializationException",
            Self::Invalid { violations: _, total: _ } => "ValidationException",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { path, reason } if path.is_empty() => f.write_str(reason),
            Self::Malformed { path, reason } => write!(f, "{reason} (at '{path}')"),
            Self::Invalid { violations, total } => {
                let plural = if *total == 1 { "" } else { "s" };
                write!(f, "{total} validation error{plural} detected")?;
                for (index, violation) in violations.iter().enumerate() {
                    let separator = if index == 0 { ": " } else { "; " };
                    write!(f, "{separator}{}", violation.message)?;
                }
                match total.saturating_sub(violations.len()) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
        }
    }
}

impl std::error::Error for Refused {}
