//! Reading: text to values, and where each value stands.
//!
//! Values come from `serde_yaml`; positions come from a second pass over YAML events and never give meaning.
//! JSON is YAML and is read the same way.

pub mod command;
pub(crate) mod node;
pub(crate) mod place;
pub(crate) mod value;

use std::sync::Arc;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Index, Source, Span};
use node::Node;
use place::Place;

/// SSM's limit of a document's text.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// How deep values may nest.
pub const DEPTH_MAX: usize = 64;
/// How many values a document may hold once its aliases are expanded.
pub const VALUES_MAX: usize = 100_000;

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
    pub(crate) fn root(&self) -> Node<'_> {
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
    let mut diagnostics = Vec::new();
    if source.text.len() > TEXT_BYTES_MAX {
        let message = format!(
            "the document has {} bytes, at most {TEXT_BYTES_MAX} are allowed",
            source.text.len()
        );
        diagnostics.push(Diagnostic::error(codes::TOO_LARGE, Span::default(), message));
        return (None, diagnostics);
    }
    let index = Index::of(&source.text);
    let place = place::read(source.unmarked(), &index, &mut diagnostics);
    let fatal = diagnostics.iter().any(|diagnostic| diagnostic.code != codes::DUPLICATE_KEY);
    let Some(place) = place.filter(|_| !fatal) else { return (None, diagnostics) };
    let value = match value::read(source.unmarked()) {
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
