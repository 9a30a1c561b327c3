//! The model as a table: each shape has an index, and refers to others by theirs.

mod build;
mod constraint;
mod pattern;
mod source;

use std::sync::LazyLock;

pub(crate) use constraint::{Constraint, decoded};
#[cfg(test)]
use pattern::Pattern;

use crate::{ErrorShape, Operation, Service};

static SSM: LazyLock<Table> =
    LazyLock::new(|| build::table(include_str!("../model/ssm-model.json"), Service::Ssm));
static EVENT_BRIDGE: LazyLock<Table> = LazyLock::new(|| {
    build::table(include_str!("../model/events-model.json"), Service::EventBridge)
});

impl Service {
    /// Returns the table, which the first call builds.
    pub(crate) fn table(self) -> &'static Table {
        match self {
            Self::Ssm => &SSM,
            Self::EventBridge => &EVENT_BRIDGE,
        }
    }
}

/// Everything the model says, in the order of names.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) shapes: Box<[Shape]>,
    pub(crate) operations: Box<[Operation]>,
    pub(crate) errors: Box<[ErrorShape]>,
}

impl Table {
    pub(crate) fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[usize::from(id.0)]
    }
}

/// The index of a shape in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShapeId(u16);

/// One type of the model.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) constraints: Box<[Constraint]>,
    /// A value must not be printed.
    pub(crate) sensitive: bool,
    /// A value has parts that must not be printed, or must itself not be printed.
    pub(crate) holds_sensitive: bool,
}

impl Shape {
    /// Tells whether `value` satisfies one of this shape's constraints.
    pub(crate) fn satisfies(&self, constraint: &Constraint, value: &serde_json::Value) -> bool {
        constraint.holds(value, matches!(self.kind, Kind::Blob))
    }

    #[cfg(test)]
    fn pattern(&self) -> Option<&Pattern> {
        self.constraints.iter().find_map(|constraint| match constraint {
            Constraint::Matches(pattern) => Some(pattern),
            Constraint::LengthAtMost(_)
            | Constraint::LengthAtLeast(_)
            | Constraint::ValueAtMost(_)
            | Constraint::ValueAtLeast(_)
            | Constraint::OneOf(_) => None,
        })
    }
}

/// What a value of a shape is made of.
#[derive(Debug)]
pub(crate) enum Kind {
    Structure(Structure),
    List(ShapeId),
    Map { key: ShapeId, value: ShapeId },
    String,
    Integer,
    Long,
    Boolean,
    Timestamp,
    Blob,
}

/// The members of a structure, sorted by name.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) members: Box<[Member]>,
    /// Bit `n` is set if member `n` is required.
    pub(crate) required: u64,
    /// Exactly one member is set.
    pub(crate) union: bool,
}

impl Structure {
    /// Returns where the member of that name stands.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.members.binary_search_by(|member| member.name.cmp(name)).ok()
    }
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) shape: ShapeId,
}
