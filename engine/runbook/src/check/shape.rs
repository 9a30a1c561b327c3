//! Readers of plain shapes: each reports what does not fit and gives what does.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::node::{Node, kind};
use crate::plan::Schema;
use crate::source::Span;

impl<'d> Checker<'d> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, wanted: &str) {
        let message = format!("{wanted} is wanted here, not {}", kind(node.value));
        self.error(codes::WRONG_TYPE, node.focus(), message);
    }

    /// Reports the keys of a map that are not among `known`.
    pub(crate) fn keys(&mut self, node: &Node<'_>, what: &str, known: &[&str]) {
        self.keys_but(node, what, known, &[]);
    }

    /// As [`Self::keys`], passing over those that are reported elsewhere.
    pub(crate) fn keys_but(
        &mut self,
        node: &Node<'_>,
        what: &str,
        known: &[&str],
        passed_over: &[&str],
    ) {
        for (key, child) in node.entries() {
            if known.contains(&key) || passed_over.contains(&key) {
                continue;
            }
            let message = format!("{what} has no key `{key}`");
            let otherwise = match known {
                [] => "it has none".to_owned(),
                known => format!("its keys are {}", known.join(", ")),
            };
            let diagnostic = Diagnostic::error(codes::UNKNOWN_KEY, child.key_span(), message)
                .suggest(key, known.iter().copied(), otherwise);
            self.report(diagnostic);
        }
    }

    /// Returns a key's value, or reports that it is missing.
    pub(crate) fn required(&mut self, node: &Node<'d>, what: &str, key: &str) -> Option<Node<'d>> {
        let found = node.get(key);
        if found.is_none() {
            let message = format!("{what} lacks `{key}`");
            self.error(codes::MISSING_KEY, node.focus_start(), message);
        }
        found
    }

    pub(crate) fn text(&mut self, node: &Node<'d>) -> Option<&'d str> {
        let text = node.text();
        if text.is_none() {
            self.wrong_type(node, "text");
        }
        text
    }

    /// Reads text that may be left out: a key with nothing after it is as good as none.
    pub(crate) fn optional_text(&mut self, node: &Node<'d>, key: &str) -> Option<String> {
        let child = node.get(key).filter(|child| !child.value.is_null())?;
        self.text(&child).map(str::to_owned)
    }

    /// Reads a boolean; SSM's documents in the wild also write it in quotes.
    pub(crate) fn boolean(&mut self, node: &Node<'_>) -> Option<bool> {
        match (node.value, self.schema) {
            (Value::Bool(value), _) => Some(*value),
            (Value::String(text), Schema::V0_3) if text.eq_ignore_ascii_case("true") => Some(true),
            (Value::String(text), Schema::V0_3) if text.eq_ignore_ascii_case("false") => {
                Some(false)
            }
            _ => {
                self.wrong_type(node, "true or false");
                None
            }
        }
    }

    /// Reads an integer within a range; schema 0.3 also takes it as text, as documents in the wild have it.
    pub(crate) fn integer(&mut self, node: &Node<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match (node.value, self.schema) {
            (Value::Number(number), _) => number.as_u64(),
            (Value::String(text), Schema::V0_3) => text.trim().parse().ok(),
            _ => None,
        };
        let fits = number.filter(|number| range.contains(number));
        if fits.is_none() {
            let wanted = if *range.end() == u64::MAX {
                format!("a whole number of at least {}", range.start())
            } else {
                format!("a whole number from {} to {}", range.start(), range.end())
            };
            if node.value.is_number() || number.is_some() {
                let message = format!("{} is not {wanted}", node.value);
                self.error(codes::INVALID_VALUE, node.focus(), message);
            } else {
                self.wrong_type(node, &wanted);
            }
        }
        fits
    }

    pub(crate) fn list(&mut self, node: &Node<'d>) -> Option<Vec<Node<'d>>> {
        if !node.value.is_array() {
            self.wrong_type(node, "a list");
            return None;
        }
        Some(node.elements())
    }

    pub(crate) fn map(&mut self, node: &Node<'d>) -> Option<Vec<(&'d str, Node<'d>)>> {
        if !node.value.is_object() {
            self.wrong_type(node, "a map");
            return None;
        }
        Some(node.entries())
    }

    /// Reads one of some words; gives its position.
    pub(crate) fn word(&mut self, node: &Node<'d>, words: &[&str]) -> Option<usize> {
        let text = self.text(node)?;
        let found = words.iter().position(|word| *word == text);
        if found.is_none() {
            let message = format!("`{text}` is not one of {}", words.join(", "));
            let diagnostic = Diagnostic::error(codes::INVALID_VALUE, node.span(), message).suggest(
                text,
                words.iter().copied(),
                None,
            );
            self.report(diagnostic);
        }
        found
    }

    /// Checks a name of a step, parameter or variable: letters, digits and `_`, at most 128 (SSM).
    ///
    /// `what` has its article: `a step`.
    pub(crate) fn name(&mut self, what: &str, name: &str, span: Span) -> bool {
        let sound = !name.is_empty()
            && name.len() <= 128
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !sound {
            let message = format!(
                "`{name}` cannot be the name of {what}: letters, digits and `_`, at most 128"
            );
            self.error(codes::INVALID_NAME, span, message);
        }
        sound
    }

    /// Reports a key that only schema 0.4 has; returns whether the document may use it.
    pub(crate) fn only_0_4(&mut self, what: &str, span: Span) -> bool {
        if self.schema == Schema::V0_4 {
            return true;
        }
        let diagnostic =
            Diagnostic::error(codes::NEEDS_0_4, span, format!("schema 0.3 has no {what}"))
                .help("write `schemaVersion: \"0.4\"` to use it");
        self.report(diagnostic);
        false
    }
}
