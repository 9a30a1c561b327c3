//! The text of a document, and positions in it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A document's text and the name it is shown by, a path as a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: Arc<str>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Returns a line by its number from 1, without its end; empty past the text.
    pub fn line(&self, number: u32) -> &str {
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        self.unmarked().lines().nth(index).unwrap_or("")
    }

    /// Returns the name without folders and without its last extension: what a document is called by default.
    pub fn stem(&self) -> &str {
        let file = self.name.rsplit('/').next().unwrap_or(&self.name);
        match file.rsplit_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem,
            _ => file,
        }
    }
}

/// A place in a text: line and column count from 1, columns in characters; the offset is in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub offset: usize,
    pub line: u32,
    pub column: u32,
}

/// A part of a text, the end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub start: Position,
    pub end: Position,
}

impl Default for Span {
    fn default() -> Self {
        let start = Position { offset: 0, line: 1, column: 1 };
        Self { start, end: start }
    }
}

/// The mark that some editors put before a text. It is no part of what the text says.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

impl Source {
    /// Returns the text without a byte order mark before it.
    pub(crate) fn unmarked(&self) -> &str {
        self.text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.text)
    }
}

/// Turns offsets, in bytes or in characters, into positions. A byte order mark has no column.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// The byte offset of each character, and one past the end.
    characters: Vec<usize>,
    /// The character number at which each line starts.
    lines: Vec<usize>,
    /// The characters of a byte order mark: 0 or 1.
    mark: usize,
}

impl Index {
    pub(crate) fn of(text: &str) -> Self {
        let mark = usize::from(text.starts_with(BYTE_ORDER_MARK));
        let mut characters = Vec::with_capacity(text.len() + 1);
        let mut lines = vec![mark];
        for (number, (offset, character)) in text.char_indices().enumerate() {
            characters.push(offset);
            if character == '\n' {
                lines.push(number + 1);
            }
        }
        characters.push(text.len());
        Self { characters, lines, mark }
    }

    /// Returns the position of a character of the unmarked text by its number from 0; past the text, the end.
    pub(crate) fn character(&self, number: usize) -> Position {
        self.position(number.saturating_add(self.mark))
    }

    /// Returns the position of a byte of the unmarked text.
    pub(crate) fn unmarked_byte(&self, offset: usize) -> Position {
        self.byte(self.characters.get(self.mark).copied().unwrap_or(0).saturating_add(offset))
    }

    fn position(&self, number: usize) -> Position {
        let number = number.clamp(self.mark, self.characters.len() - 1);
        let line = self.lines.partition_point(|start| *start <= number);
        Position {
            offset: self.characters[number],
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(number - self.lines[line - 1] + 1).unwrap_or(u32::MAX),
        }
    }

    /// Returns the position of a byte offset.
    pub(crate) fn byte(&self, offset: usize) -> Position {
        self.position(self.characters.partition_point(|start| *start < offset))
    }
}
