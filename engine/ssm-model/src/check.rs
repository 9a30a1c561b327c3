//! The check of a value against a shape. Nothing is allocated until something is wrong.

mod path;
mod shown;
mod suggestion;
mod walk;

use serde_json::Value;

use crate::Refused;
use crate::table::{Constraint, ShapeId, Table};
use path::Path;
use walk::Walk;

/// No request of a real client is nested deeper.
pub(crate) const DEPTH_MAX: usize = 64;

/// Violations after these are counted only, so that a hostile request does not get a huge answer.
const VIOLATIONS_MAX: usize = 64;

/// What a value is checked for, beside its types and members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// All that the model demands.
    Request,
    /// Values of enumerations only: AWS's own answers break the model's lengths and patterns.
    Answer,
}

impl Rules {
    fn apply_to(self, constraint: &Constraint) -> bool {
        self == Self::Request || matches!(constraint, Constraint::OneOf(_))
    }
}

pub(crate) fn check(
    table: &Table,
    rules: Rules,
    shape: ShapeId,
    value: &Value,
) -> Result<(), Refused> {
    let mut walk = Walk::new(table, rules);
    walk.value(shape, value, &Path::ROOT)?;
    walk.finish()
}
