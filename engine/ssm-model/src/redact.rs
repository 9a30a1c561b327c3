//! Values as an audit log may hold them.

use serde_json::Value;

use crate::check::DEPTH_MAX;
use crate::table::{Kind, ShapeId, Table};

/// What stands in place of a text that must not be recorded.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

pub(crate) fn redacted(table: &Table, shape: ShapeId, mut value: Value) -> Value {
    redact(table, shape, &mut value, 0);
    value
}

/// A value that is not what its shape says may be a secret in the wrong place, so it is hidden too.
fn redact(table: &Table, id: ShapeId, value: &mut Value, depth: usize) {
    let shape = table.shape(id);
    if value.is_null() {
        return;
    }
    if shape.sensitive {
        *value = placeholder(&shape.kind);
        return;
    }
    if depth > DEPTH_MAX {
        *value = HIDDEN.into();
        return;
    }
    match (&shape.kind, &mut *value) {
        (Kind::Structure(structure), Value::Object(entries)) => {
            for (name, entry) in entries.iter_mut() {
                if let Some(position) = structure.position(name) {
                    redact(table, structure.members[position].shape, entry, depth + 1);
                } else {
                    *entry = HIDDEN.into();
                }
            }
        }
        (Kind::List(member), Value::Array(items)) => {
            for item in items {
                redact(table, *member, item, depth + 1);
            }
        }
        (Kind::Map { key: _, value: shape }, Value::Object(entries)) => {
            for (_, entry) in entries.iter_mut() {
                redact(table, *shape, entry, depth + 1);
            }
        }
        (Kind::String | Kind::Blob, Value::String(_))
        | (Kind::Integer | Kind::Long | Kind::Timestamp, Value::Number(_))
        | (Kind::Boolean, Value::Bool(_)) => {}
        _ => *value = HIDDEN.into(),
    }
}

fn placeholder(kind: &Kind) -> Value {
    match kind {
        Kind::Structure(_) | Kind::List(_) | Kind::Map { key: _, value: _ } => Value::Null,
        Kind::String
        | Kind::Blob
        | Kind::Integer
        | Kind::Long
        | Kind::Boolean
        | Kind::Timestamp => HIDDEN.into(),
    }
}
