//! A value of a document together with its place: what a checker walks over.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::document::Document;
use crate::document::place::{self, Place};
use crate::source::Span;

/// A value, its path and its place.
#[derive(Debug, Clone)]
pub struct Node<'d> {
    pub value: &'d Value,
    pub document: &'d Document,
    /// As a JSON pointer from the root: `/rules/2/name`.
    pub path: String,
    place: Option<&'d Place>,
    key: Option<Span>,
}

impl<'d> Node<'d> {
    /// The whole of a document.
    pub fn root(document: &'d Document) -> Self {
        Self {
            value: &document.value,
            document,
            path: String::new(),
            place: Some(&document.place),
            key: None,
        }
    }

    /// Where the value stands. For maps and lists this is where they begin.
    pub fn span(&self) -> Span {
        self.place.map_or_else(Span::default, |place| place.span)
    }

    /// Where the key stands, or the value when it has none.
    pub fn key_span(&self) -> Span {
        self.key.unwrap_or_else(|| self.span())
    }

    /// What a diagnostic about the value as a whole points at: the key of a map or list, else the value.
    pub fn focus(&self) -> Span {
        match self.value {
            Value::Object(_) | Value::Array(_) => self.key_span(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.span(),
        }
    }

    /// What a diagnostic about something missing in this map points at: its key, or the first character.
    pub fn focus_start(&self) -> Span {
        self.key.unwrap_or_else(|| {
            let mut span = self.span();
            let character = self.document.source.text.get(span.start.offset..);
            let width = character.and_then(|text| text.chars().next()).map_or(0, char::len_utf8);
            span.end = self.document.index.byte(span.start.offset + width);
            span
        })
    }

    /// The value of a map's key.
    pub fn get(&self, key: &str) -> Option<Node<'d>> {
        let value = self.value.as_object()?.get(key)?;
        Some(self.child(key, value))
    }

    /// The element of a list, from 0.
    pub fn index(&self, number: usize) -> Option<Node<'d>> {
        let value = self.value.as_array()?.get(number)?;
        Some(self.child(&number.to_string(), value))
    }

    fn child(&self, key: &str, value: &'d Value) -> Node<'d> {
        Node {
            value,
            document: self.document,
            path: format!("{}/{}", self.path, place::escape(key)),
            place: self.place.and_then(|place| place.child(key)).map(AsRef::as_ref),
            key: self.place.and_then(|place| place.key(key)),
        }
    }

    /// The entries of a map in document order; none for another value.
    pub fn entries(&self) -> Vec<(&'d str, Node<'d>)> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let map = self.value.as_object().unwrap_or(&EMPTY);
        map.iter().map(|(key, value)| (key.as_str(), self.child(key, value))).collect()
    }

    /// The elements of a list; none for another value.
    pub fn elements(&self) -> Vec<Node<'d>> {
        let list = self.value.as_array().map_or(&[][..], Vec::as_slice);
        let child = |(number, value): (usize, &'d Value)| self.child(&number.to_string(), value);
        list.iter().enumerate().map(child).collect()
    }

    /// A map without entries that stands where this node does: what is not written.
    pub(crate) fn empty_map(&self) -> Node<'d> {
        static EMPTY: std::sync::LazyLock<Value> =
            std::sync::LazyLock::new(|| Value::Object(Map::new()));
        let key =
            Some(self.get("action").map_or_else(|| self.focus_start(), |action| action.span()));
        Node { value: &EMPTY, document: self.document, path: self.path.clone(), place: None, key }
    }

    /// The elements of a list; of another value, the value.
    pub fn elements_or_self(&self) -> Vec<Node<'d>> {
        if self.value.is_array() { self.elements() } else { vec![self.clone()] }
    }

    /// The values in a map or list.
    pub fn children(&self) -> Vec<Node<'d>> {
        let entries = self.entries().into_iter().map(|(_, child)| child);
        entries.chain(self.elements()).collect()
    }

    /// The value, if it is text.
    pub fn text(&self) -> Option<&'d str> {
        self.value.as_str()
    }

    /// Returns the node at a path below this one, as far as it exists: `/name/0`, with or without the
    /// first `/`, or nothing for the node itself.
    #[must_use]
    pub fn descend(&self, path: &str) -> Node<'d> {
        let mut node = self.clone();
        let keys = path.strip_prefix('/').unwrap_or(path).split('/');
        for key in keys.take_while(|_| !path.is_empty()) {
            let key = place::unescape(key);
            let next = match node.value {
                Value::Object(_) => node.get(&key),
                Value::Array(_) => key.parse().ok().and_then(|number| node.index(number)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// Where `needle` stands within this text value, else the whole value.
    pub fn locate(&self, needle: &str) -> Span {
        self.find(needle).unwrap_or_else(|| self.focus())
    }

    /// Where `needle` stands within this value's source text.
    pub fn find(&self, needle: &str) -> Option<Span> {
        let span = self.place?.span;
        let text = &self.document.source.text;
        let range = text.get(span.start.offset..span.end.offset.min(text.len()))?;
        let at = span.start.offset + range.find(needle)?;
        let index = &self.document.index;
        Some(Span { start: index.byte(at), end: index.byte(at + needle.len()) })
    }

    /// Where a part of this text value stands, by its bytes in the value; the whole value if it is written with escapes.
    pub fn part(&self, range: Range<usize>) -> Span {
        let whole = self.text().and_then(|text| self.find(text));
        let Some(whole) = whole else { return self.focus() };
        let index = &self.document.index;
        let at = |offset: usize| index.byte((whole.start.offset + offset).min(whole.end.offset));
        Span { start: at(range.start), end: at(range.end) }
    }

    /// The value as it is written; of a map or a list what it begins with.
    pub fn written(&self) -> &'d str {
        let span = self.span();
        self.document.source.text.get(span.start.offset..span.end.offset).unwrap_or_default()
    }
}

/// The word for a value's type, as messages say it.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
