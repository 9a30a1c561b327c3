//! The standard library, embedded: components of the built-in actions, shipped runbooks and command documents.
//!
//! Nothing is read at run time. The components must have been built before this crate is, by `cargo xtask setup`.

/// A built-in action's component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// The crate in `actions/` that it is built from.
    pub name: &'static str,
    pub bytes: &'static [u8],
}

/// A shipped document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShippedDocument {
    /// The file's name without its ending: `AWS-RunShellScript`.
    pub name: &'static str,
    pub content: &'static str,
    pub format: DocumentFormat,
    pub kind: DocumentKind,
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentFormat {
    Yaml,
    Json,
}

/// What a document is for; its schema version tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A runbook: schema 0.3 or 0.4.
    Automation,
    /// For nodes: schema 1.2, 2.0 or 2.2.
    Command,
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Returns the components of the built-in actions, in the order of their names.
pub fn actions() -> &'static [Shipped] {
    ACTIONS
}

/// Returns the shipped documents, in the order of their names.
pub fn documents() -> &'static [ShippedDocument] {
    DOCUMENTS
}
