//! The check of a value against a shape. Nothing is allocated until something is wrong.

mod path;
mod shown;
mod suggestion;
mod walk;

use serde_json::Value;

use crate::Refused;
use crate::table::{ShapeId, Table};
use path::Path;
use walk::Walk;

/// No request of a real client is nested deeper.
pub(crate) const DEPTH_MAX: usize = 64;

/// Violations after these are counted only, so that a hostile request does not get a huge answer.
const VIOLATIONS_MAX: usize = 64;

pub(crate) fn check(table: &Table, shape: ShapeId, value: &Value) -> Result<(), Refused> {
    let mut walk = Walk::new(table);
    walk.value(shape, value, &Path::ROOT)?;
    walk.finish()
}
