//! Values as AWS prints them in a violation: `[a, b]`, `{k=v}`, `Target(key=k, values=[v])`.

use std::fmt::{self, Write};

use serde_json::Value;

use super::path::lower_first;
use crate::table::{Kind, ShapeId, Table};

/// How much of a value or of a path is printed, in bytes.
pub(super) const LENGTH_MAX: usize = 512;

/// Text up to a length, and a mark where it was cut.
pub(super) struct Bounded {
    text: String,
    left: usize,
    cut: bool,
}

impl Bounded {
    pub(super) fn new(length_max: usize) -> Self {
        Self { text: String::new(), left: length_max, cut: false }
    }

    pub(super) fn finish(mut self) -> String {
        if self.cut {
            self.text.push_str("...");
        }
        self.text
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = &text[..text.floor_char_boundary(self.left)];
        self.text.push_str(kept);
        self.left -= kept.len();
        if kept.len() < text.len() {
            self.cut = true;
            self.left = 0;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

/// Returns the text of a value whose nesting was checked before.
pub(super) fn shown(table: &Table, shape: ShapeId, value: &Value) -> String {
    let mut text = Bounded::new(LENGTH_MAX);
    // A value that is too long is cut, which is what the writer's error says.
    let _cut = write(table, shape, value, &mut text);
    text.finish()
}

fn write(table: &Table, id: ShapeId, value: &Value, out: &mut Bounded) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Number(number) => write!(out, "{number}"),
        Value::String(text) => out.write_str(text),
        Value::Array(items) => {
            out.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                separate(index, out)?;
                if let Kind::List(member) = &table.shape(id).kind {
                    write(table, *member, item, out)?;
                }
            }
            out.write_char(']')
        }
        Value::Object(entries) => object(table, id, entries, out),
    }
}

fn object(
    table: &Table,
    id: ShapeId,
    entries: &serde_json::Map<String, Value>,
    out: &mut Bounded,
) -> fmt::Result {
    let shape = table.shape(id);
    if let Kind::Map { key: _, value: member } = &shape.kind {
        out.write_char('{')?;
        for (index, (key, entry)) in entries.iter().enumerate() {
            separate(index, out)?;
            write!(out, "{key}=")?;
            write(table, *member, entry, out)?;
        }
        return out.write_char('}');
    }
    write!(out, "{}(", shape.name)?;
    if let Kind::Structure(structure) = &shape.kind {
        // Only what the model knows has been checked, and may be entered.
        let known =
            entries.iter().filter_map(|(name, entry)| Some((structure.position(name)?, entry)));
        for (index, (position, entry)) in known.enumerate() {
            let member = &structure.members[position];
            separate(index, out)?;
            lower_first(member.name, out)?;
            out.write_char('=')?;
            write(table, member.shape, entry, out)?;
        }
    }
    out.write_char(')')
}

fn separate(index: usize, out: &mut Bounded) -> fmt::Result {
    if index == 0 { Ok(()) } else { out.write_str(", ") }
}
