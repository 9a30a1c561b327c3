//! Reading: text to values, and where each value stands.
//!
//! Values come from `serde_yaml`; positions come from a second pass over YAML events and never give meaning.
//! JSON is YAML and is read the same way.

pub mod command;
pub mod node;
pub(crate) mod place;
pub(crate) mod value;

use std::sync::Arc;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Index, Source, Span};
use node::Node;
use place::Place;

pub use place::{escape, unescape};

/// SSM's limit of a document's text.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// How deep values may nest.
pub const DEPTH_MAX: usize = 64;
/// How many values a document may hold once its aliases are expanded.
pub const VALUES_MAX: usize = 100_000;
/// How long a key may be: paths of places are made of keys.
pub const KEY_BYTES_MAX: usize = 1_024;
/// How many bytes the texts of a document may have once its aliases are expanded.
pub const EXPANDED_BYTES_MAX: usize = 1 << 20;

/// How large a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text.
    pub text_bytes: usize,
    /// Values, once aliases are expanded.
    pub values: usize,
    /// Bytes of keys and texts, once aliases are expanded.
    pub expanded_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text_bytes: TEXT_BYTES_MAX, values: VALUES_MAX, expanded_bytes: EXPANDED_BYTES_MAX }
    }
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
}

/// A document that could be read: its values and their places.
#[derive(Debug, Clone)]
pub struct Document {
    pub source: Source,
    pub format: Format,
    pub value: Value,
    pub(crate) place: Arc<Place>,
    pub(crate) index: Arc<Index>,
}

impl Document {
    /// Returns the whole as a node.
    pub fn root(&self) -> Node<'_> {
        Node::root(self)
    }

    /// Returns where the value at a path (`/mainSteps/2/inputs/Foo`) stands.
    pub fn value_span(&self, path: &str) -> Option<Span> {
        self.place.find(path).map(|place| place.span)
    }

    /// Returns where the key of the value at a path stands; `None` for the elements of lists.
    pub fn key_span(&self, path: &str) -> Option<Span> {
        let (parent, key) = path.rsplit_once('/')?;
        self.place.find(parent)?.key(&place::unescape(key))
    }

    /// Returns every path of the document's places, as the events gave them; for tests that both passes agree.
    pub fn paths(&self) -> Vec<String> {
        self.place.paths()
    }
}

/// Reads a document; never fails: what is wrong is in the diagnostics, and without a value there is at least one error.
pub fn parse(source: &Source) -> (Option<Document>, Vec<Diagnostic>) {
    parse_within(source, &Limits::default())
}

/// Reads a document as [`parse`] does, within other limits.
pub fn parse_within(source: &Source, limits: &Limits) -> (Option<Document>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    if source.text.len() > limits.text_bytes {
        let message = format!(
            "the document has {} bytes, at most {} are allowed",
            source.text.len(),
            limits.text_bytes
        );
        diagnostics.push(Diagnostic::error(codes::TOO_LARGE, Span::default(), message));
        return (None, diagnostics);
    }
    let index = Index::of(&source.text);
    let place = place::read(source.unmarked(), &index, limits, &mut diagnostics);
    let fatal = diagnostics.iter().any(|diagnostic| diagnostic.code != codes::DUPLICATE_KEY);
    let Some(place) = place.filter(|_| !fatal) else { return (None, diagnostics) };
    let value = match value::read(source.unmarked(), limits) {
        Ok(value) => value,
        Err(fault) => {
            diagnostics.push(fault.into_diagnostic(&index));
            return (None, diagnostics);
        }
    };
    if !value.is_object() {
        let message = format!("a document is a map, not {}", node::kind(&value));
        diagnostics.push(Diagnostic::error(codes::NOT_A_MAP, place.span, message));
    }
    if !value.is_object() {
        return (None, diagnostics);
    }
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(source.unmarked()).is_ok();
    let format = if is_json { Format::Json } else { Format::Yaml };
    let document =
        Document { source: source.clone(), format, value, place, index: Arc::new(index) };
    (Some(document), diagnostics)
}

/// Writes a value as YAML, in the order of its members.
pub fn to_yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}
