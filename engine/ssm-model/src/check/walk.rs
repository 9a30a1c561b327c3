//! One pass over a value and its shapes.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::path::{Path, Segment};
use super::shown::shown;
use super::suggestion::nearest;
use super::{DEPTH_MAX, Rules, VIOLATIONS_MAX};
use crate::table::{Constraint, Kind, Shape, ShapeId, Structure, Table, decoded};
use crate::{Refused, Violation};

/// What was found so far. A value of the wrong type ends the pass.
pub(super) struct Walk<'t> {
    table: &'t Table,
    rules: Rules,
    /// Each with its rank in the structure that is being walked.
    violations: Vec<(usize, Violation)>,
    total: usize,
}

/// How a violation shows the value.
enum Seen<'v> {
    Null,
    Hidden,
    Value(ShapeId, &'v Value),
}

impl<'t> Walk<'t> {
    pub(super) fn new(table: &'t Table, rules: Rules) -> Self {
        Self { table, rules, violations: Vec::new(), total: 0 }
    }

    pub(super) fn finish(self) -> Result<(), Refused> {
        if self.total == 0 {
            return Ok(());
        }
        let violations = self.violations.into_iter().map(|(_, violation)| violation).collect();
        Err(Refused::Invalid { violations, total: self.total })
    }

    /// Checks the type of a value, and all that is inside. The shape's own constraints are left to the caller.
    pub(super) fn value(
        &mut self,
        id: ShapeId,
        value: &Value,
        at: &Path<'_>,
    ) -> Result<(), Refused> {
        let shape = self.table.shape(id);
        if at.depth > DEPTH_MAX {
            return Err(malformed(at, format!("Nested deeper than {DEPTH_MAX} levels")));
        }
        match (&shape.kind, value) {
            (Kind::Structure(structure), Value::Object(entries)) => {
                self.structure(id, shape, structure, value, entries, at)
            }
            (Kind::List(member), Value::Array(items)) => self.list(id, *member, value, items, at),
            (Kind::Map { key, value: member }, Value::Object(entries)) => {
                self.map(id, (*key, *member), value, entries, at)
            }
            (Kind::String, Value::String(_))
            | (Kind::Boolean, Value::Bool(_))
            | (Kind::Timestamp, Value::Number(_)) => Ok(()),
            (Kind::Blob, Value::String(text)) if decoded(text).is_some() => Ok(()),
            (Kind::Integer, Value::Number(number))
                if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) =>
            {
                Ok(())
            }
            (Kind::Long, Value::Number(number)) if number.is_i64() => Ok(()),
            _ => Err(malformed(at, mismatch(&shape.kind, value, at))),
        }
    }

    fn structure(
        &mut self,
        id: ShapeId,
        shape: &Shape,
        structure: &Structure,
        value: &Value,
        entries: &Map<String, Value>,
        at: &Path<'_>,
    ) -> Result<(), Refused> {
        let first = self.violations.len();
        let mut seen = 0_u64;
        for (name, entry) in entries {
            let before = self.violations.len();
            let Some(position) = structure.position(name) else {
                self.unknown(shape, structure, name, at);
                self.rank(before, structure.members.len());
                continue;
            };
            if entry.is_null() {
                continue;
            }
            seen |= 1 << position;
            let member = &structure.members[position];
            let place = at.child(Segment::Member(member.name), shape.sensitive);
            self.value(member.shape, entry, &place)?;
            self.constrain(member.shape, entry, &place);
            self.rank(before, position);
        }
        let mut missing = structure.required & !seen;
        while missing != 0 {
            let position = missing.trailing_zeros() as usize;
            missing &= missing - 1;
            let before = self.violations.len();
            let place =
                at.child(Segment::Member(structure.members[position].name), shape.sensitive);
            self.report(&place, &Seen::Null, &"Member must not be null");
            self.rank(before, position);
        }
        self.violations[first..].sort_by_key(|(rank, _)| *rank);
        if structure.union && seen.count_ones() != 1 {
            let names: Vec<_> = structure.members.iter().map(|member| member.name).collect();
            let constraint = format!("Member must have exactly one of: [{}]", names.join(", "));
            self.report(at, &self.seen(id, value, at), &constraint);
        }
        Ok(())
    }

    fn list(
        &mut self,
        id: ShapeId,
        member: ShapeId,
        value: &Value,
        items: &[Value],
        at: &Path<'_>,
    ) -> Result<(), Refused> {
        let sensitive = self.table.shape(id).sensitive;
        let shape = self.table.shape(member);
        let mut accepted = true;
        for (index, item) in items.iter().enumerate() {
            let place = at.child(Segment::Item(index), sensitive);
            if item.is_null() {
                self.report(&place, &Seen::Null, &"Member must not be null");
                continue;
            }
            self.value(member, item, &place)?;
            accepted = accepted && broken(self.rules, shape, item).next().is_none();
        }
        if !accepted {
            self.report(
                at,
                &self.seen(id, value, at),
                &format!("Member must satisfy constraint: {}", all_of(self.rules, shape)),
            );
        }
        Ok(())
    }

    fn map(
        &mut self,
        id: ShapeId,
        (key, member): (ShapeId, ShapeId),
        value: &Value,
        entries: &Map<String, Value>,
        at: &Path<'_>,
    ) -> Result<(), Refused> {
        let sensitive = self.table.shape(id).sensitive;
        let key_shape = self.table.shape(key);
        let shape = self.table.shape(member);
        let (mut keys_accepted, mut accepted) = (true, true);
        for (name, entry) in entries {
            let place = at.child(Segment::Entry(name), sensitive);
            keys_accepted = keys_accepted
                && demands(self.rules, key_shape).all(|constraint| constraint.holds_for_text(name));
            if entry.is_null() {
                self.report(&place, &Seen::Null, &"Member must not be null");
                continue;
            }
            self.value(member, entry, &place)?;
            accepted = accepted && broken(self.rules, shape, entry).next().is_none();
        }
        if !keys_accepted {
            self.report(
                at,
                &self.seen(id, value, at),
                &format!("Map keys must satisfy constraint: {}", all_of(self.rules, key_shape)),
            );
        }
        if !accepted {
            self.report(
                at,
                &self.seen(id, value, at),
                &format!("Map value must satisfy constraint: {}", all_of(self.rules, shape)),
            );
        }
        Ok(())
    }

    fn constrain(&mut self, id: ShapeId, value: &Value, at: &Path<'_>) {
        let table = self.table;
        let rules = self.rules;
        for constraint in broken(rules, table.shape(id), value) {
            self.report(at, &self.seen(id, value, at), constraint);
        }
    }

    fn unknown(&mut self, shape: &Shape, structure: &Structure, name: &str, at: &Path<'_>) {
        let place = at.child(Segment::Unknown(name), shape.sensitive);
        if self.violations.len() >= VIOLATIONS_MAX {
            self.total += 1;
            return;
        }
        let near = nearest(name, structure.members.iter().map(|member| member.name));
        let hint = near.map(|near| format!(", did you mean '{near}'?")).unwrap_or_default();
        self.report(
            &place,
            &Seen::Hidden,
            &format!("Member must be known to {}{hint}", shape.name),
        );
    }

    fn seen<'v>(&self, id: ShapeId, value: &'v Value, at: &Path<'_>) -> Seen<'v> {
        if at.hidden || self.table.shape(id).holds_sensitive {
            Seen::Hidden
        } else {
            Seen::Value(id, value)
        }
    }

    fn report(&mut self, at: &Path<'_>, seen: &Seen<'_>, constraint: &dyn Display) {
        self.total += 1;
        if self.violations.len() >= VIOLATIONS_MAX {
            return;
        }
        let path = at.text();
        let value = match seen {
            Seen::Null => " null".to_owned(),
            Seen::Hidden => String::new(),
            Seen::Value(id, value) => format!(" '{}'", shown(self.table, *id, value)),
        };
        let constraint = constraint.to_string();
        let message =
            format!("Value{value} at '{path}' failed to satisfy constraint: {constraint}");
        self.violations.push((0, Violation { path, constraint, message }));
    }

    fn rank(&mut self, from: usize, rank: usize) {
        for violation in &mut self.violations[from..] {
            violation.0 = rank;
        }
    }
}

/// Returns the constraints of a shape that the rules apply to.
fn demands(rules: Rules, shape: &Shape) -> impl Iterator<Item = &Constraint> {
    shape.constraints.iter().filter(move |constraint| rules.apply_to(constraint))
}

fn broken<'s>(
    rules: Rules,
    shape: &'s Shape,
    value: &'s Value,
) -> impl Iterator<Item = &'s Constraint> {
    demands(rules, shape).filter(move |constraint| !shape.satisfies(constraint, value))
}

fn all_of(rules: Rules, shape: &Shape) -> String {
    let texts: Vec<_> = demands(rules, shape).map(ToString::to_string).collect();
    format!("[{}]", texts.join(", "))
}

fn malformed(at: &Path<'_>, reason: String) -> Refused {
    Refused::Malformed { path: at.text(), reason }
}

/// Returns what AWS says of a value of the wrong type.
fn mismatch(kind: &Kind, value: &Value, at: &Path<'_>) -> String {
    let token = match value {
        Value::Array(_) => return "Start of list found where not expected".to_owned(),
        Value::Object(_) => {
            return "Start of structure or map found where not expected.".to_owned();
        }
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
    };
    let target = match kind {
        Kind::Structure(_) if at.is_root() => return "Expected structure".to_owned(),
        Kind::Structure(_) => return "Expected structure or null".to_owned(),
        Kind::List(_) => return "Expected list or null".to_owned(),
        Kind::Map { key: _, value: _ } => return "Expected map or null".to_owned(),
        Kind::String => "a String",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "milliseconds since epoch",
        Kind::Blob => "a Blob",
    };
    format!("{token} can not be converted to {target}")
}
