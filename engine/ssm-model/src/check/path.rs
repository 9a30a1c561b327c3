//! Where a value is, as AWS writes it.

use std::fmt::{self, Display, Write};

use super::shown::{Bounded, LENGTH_MAX};

/// A place in a value: a list on the stack, from the inside out.
#[derive(Debug)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
    pub(super) depth: usize,
    /// The place is inside a value that must not be printed.
    pub(super) hidden: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Segment<'a> {
    Root,
    Member(&'a str),
    /// A member that the model does not have, written as it was sent.
    Unknown(&'a str),
    Item(usize),
    Entry(&'a str),
}

impl<'a> Path<'a> {
    pub(super) const ROOT: Path<'static> =
        Path { parent: None, segment: Segment::Root, depth: 0, hidden: false };

    /// Returns the place of a part of the value here, whose shape is sensitive or not.
    pub(super) fn child(&'a self, segment: Segment<'a>, sensitive: bool) -> Path<'a> {
        Path {
            parent: Some(self),
            segment,
            depth: self.depth + 1,
            hidden: self.hidden || sensitive,
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    pub(super) fn text(&self) -> String {
        let mut text = Bounded::new(LENGTH_MAX);
        // A path that is too long is cut, which is what the writer's error says.
        let _cut = write!(text, "{self}");
        text.finish()
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
            if !parent.is_root() {
                f.write_char('.')?;
            }
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Member(name) => lower_first(name, f),
            Segment::Item(index) => write!(f, "{}.member", index + 1),
            Segment::Entry(_) if self.hidden => f.write_str("*.member"),
            Segment::Entry(key) => write!(f, "{key}.member"),
            Segment::Unknown(_) if self.hidden => f.write_char('*'),
            Segment::Unknown(name) => f.write_str(name),
        }
    }
}

/// Writes a member's name as AWS does in paths.
pub(super) fn lower_first(name: &str, out: &mut dyn Write) -> fmt::Result {
    let mut characters = name.chars();
    if let Some(first) = characters.next() {
        out.write_char(first.to_ascii_lowercase())?;
    }
    out.write_str(characters.as_str())
}
