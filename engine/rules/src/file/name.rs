//! The names of webhooks, rules and schedules, each of which is taken once.

use std::collections::BTreeMap;
use std::fmt;

use runbook::codes;
use runbook::diagnostic::Diagnostic;
use runbook::document::Document;
use runbook::source::{Source, Span};

use super::document;

/// What has a name; each kind has names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Webhook,
    Rule,
    Schedule,
}

impl Kind {
    /// The key of the list.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Webhook => "webhooks",
            Self::Rule => "rules",
            Self::Schedule => "schedules",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Webhook => "webhook",
            Self::Rule => "rule",
            Self::Schedule => "schedule",
        })
    }
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub kind: Kind,
    pub text: String,
    pub span: Span,
}

/// Returns all names of a file, in order, also of one that has mistakes; none of what is no YAML.
pub fn names(source: &Source) -> Vec<Name> {
    document(source).0.map(|document| of(&document)).unwrap_or_default()
}

pub(super) fn of(document: &Document) -> Vec<Name> {
    let mut names = Vec::new();
    for kind in [Kind::Webhook, Kind::Rule, Kind::Schedule] {
        let items = document.root().get(kind.key()).map(|list| list.elements());
        for item in items.into_iter().flatten() {
            let Some(name) = item.get("name") else { continue };
            let Some(text) = name.text() else { continue };
            names.push(Name { kind, text: text.to_owned(), span: name.span() });
        }
    }
    names
}

/// Reports each name that stands in one file twice.
pub(super) fn duplicates(names: &[Name]) -> Vec<Diagnostic> {
    let mut first = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for Name { kind, text: name, span } in names {
        if let Some(first) = first.get(&(kind, name)) {
            let message = format!("a second {kind} is named `{name}`");
            let diagnostic = Diagnostic::error(codes::DUPLICATE_NAME, *span, message)
                .label(*first, "first here");
            diagnostics.push(diagnostic);
        } else {
            first.insert((kind, name), *span);
        }
    }
    diagnostics
}

/// Reports each name that stands in more than one of some files, with the number of the file it is reported in: the later one.
pub fn duplicates_between(sources: &[&Source]) -> Vec<(usize, Diagnostic)> {
    let mut first = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        for Name { kind, text: name, span } in names(source) {
            let (earlier, place) = *first.entry((kind, name.clone())).or_insert((number, span));
            if earlier == number {
                continue;
            }
            let (file, line) = (&sources[earlier].name, place.start.line);
            let message =
                format!("a second {kind} is named `{name}`: the first is in {file}, line {line}");
            diagnostics.push((number, Diagnostic::error(codes::DUPLICATE_NAME, span, message)));
        }
    }
    diagnostics
}
