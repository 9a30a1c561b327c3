//! Readers of plain shapes: each reports what does not fit and gives what does.

use std::ops::RangeInclusive;

use runbook::codes;
use runbook::diagnostic::{Code, Diagnostic};
use runbook::document::node::{Node, kind};
use runbook::duration;
use runbook::source::Span;
use serde_json::Value;

use super::NAME_CHARACTERS_MAX;

/// Collects what is wrong. Where a method gives nothing for what is there, it has reported why.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }

    pub(super) fn wrong_type(&mut self, node: &Node<'_>, wanted: &str) {
        let message = format!("{wanted} is wanted here, not {}", kind(node.value));
        self.error(codes::WRONG_TYPE, node.focus(), message);
    }

    fn no_text(&mut self, node: &Node<'_>) {
        let message = format!("text is wanted here, not {}", kind(node.value));
        let diagnostic = Diagnostic::error(codes::WRONG_TYPE, node.focus(), message);
        self.report(match node.value {
            Value::Bool(_) | Value::Number(_) => {
                diagnostic.help(format!("write it in quotes: \"{}\"", node.written()))
            }
            Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => diagnostic,
        });
    }

    pub(super) fn map(&mut self, node: &Node<'_>) -> Option<()> {
        if !node.value.is_object() {
            self.wrong_type(node, "a map");
            return None;
        }
        Some(())
    }

    /// Checks that it is a map and reports its keys that are not among `known`. `what` has its article: `a rule`.
    pub(super) fn shape(&mut self, node: &Node<'_>, what: &str, known: &[&str]) -> Option<()> {
        self.map(node)?;
        for (key, child) in node.entries() {
            if known.contains(&key) {
                continue;
            }
            let message = format!("{what} has no key `{key}`");
            let otherwise = format!("its keys are {}", known.join(", "));
            let diagnostic = Diagnostic::error(codes::UNKNOWN_KEY, child.key_span(), message)
                .suggest(key, known.iter().copied(), otherwise);
            self.report(diagnostic);
        }
        Some(())
    }

    pub(super) fn required<'d>(
        &mut self,
        node: &Node<'d>,
        what: &str,
        key: &str,
    ) -> Option<Node<'d>> {
        let found = node.get(key);
        if found.is_none() {
            let message = format!("{what} lacks `{key}`");
            self.error(codes::MISSING_KEY, node.focus_start(), message);
        }
        found
    }

    /// Returns the one key of several that is there. Of more than one it is the first as written, so that its mistakes are found too.
    pub(super) fn one_of<'d>(
        &mut self,
        node: &Node<'d>,
        what: &str,
        keys: &[&'static str],
    ) -> Option<(&'static str, Node<'d>)> {
        let mut found = node.entries().into_iter().filter_map(|(key, child)| {
            let key = keys.iter().find(|known| **known == key)?;
            Some((*key, child))
        });
        let Some(first) = found.next() else {
            let message = format!("{what} lacks one of {}", keys.join(", "));
            self.error(codes::MISSING_KEY, node.focus_start(), message);
            return None;
        };
        for (key, second) in found {
            self.conflict((key, &second), (first.0, &first.1), what);
        }
        Some(first)
    }

    /// Reports that a key cannot stand beside another.
    pub(super) fn conflict(
        &mut self,
        key: (&str, &Node<'_>),
        other: (&str, &Node<'_>),
        what: &str,
    ) {
        let message = format!("{what} cannot have `{}` beside `{}`", key.0, other.0);
        let diagnostic = Diagnostic::error(codes::KEY_CONFLICT, key.1.key_span(), message)
            .label(other.1.key_span(), format!("`{}` is here", other.0));
        self.report(diagnostic);
    }

    pub(super) fn text<'d>(&mut self, node: &Node<'d>) -> Option<&'d str> {
        let text = node.text();
        if text.is_none() {
            self.no_text(node);
        }
        text
    }

    /// Reads text of which `is_sound` says whether it may be; `wanted` says what may be.
    pub(super) fn text_that(
        &mut self,
        node: &Node<'_>,
        wanted: &str,
        is_sound: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let text = self.text(node)?;
        if !is_sound(text) {
            let message = format!("`{text}` is not {wanted}");
            self.error(codes::INVALID_VALUE, node.span(), message);
            return None;
        }
        Some(text.to_owned())
    }

    /// Reads text for people: a key with nothing after it is as good as none.
    pub(super) fn description(&mut self, node: &Node<'_>) -> Option<String> {
        let child = node.get("description").filter(|child| !child.value.is_null())?;
        self.text(&child).map(str::to_owned)
    }

    /// Reads `enabled`, true when nothing is said.
    pub(super) fn enabled(&mut self, node: &Node<'_>) -> bool {
        let Some(child) = node.get("enabled") else { return true };
        if let Value::Bool(value) = child.value {
            return *value;
        }
        let message = format!("true or false is wanted here, not {}", kind(child.value));
        let mut diagnostic = Diagnostic::error(codes::WRONG_TYPE, child.focus(), message);
        let text = child.text().unwrap_or_default();
        if ["yes", "no", "on", "off", "true", "false"].contains(&text.to_lowercase().as_str()) {
            diagnostic = diagnostic.help(
                "write true or false without quotes; yes, no, on and off are text in YAML 1.2",
            );
        }
        self.report(diagnostic);
        true
    }

    pub(super) fn integer(&mut self, node: &Node<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let Value::Number(number) = node.value else {
            self.wrong_type(node, &wanted);
            return None;
        };
        let fits = number.as_u64().filter(|number| range.contains(number));
        if fits.is_none() {
            let message = format!("{number} is not {wanted}");
            self.error(codes::INVALID_VALUE, node.focus(), message);
        }
        fits
    }

    /// Reads a duration, in milliseconds.
    pub(super) fn duration(&mut self, node: &Node<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let Some(text) = node.text() else {
            let message =
                format!("a duration such as 10m is wanted here, not {}", kind(node.value));
            let mut diagnostic = Diagnostic::error(codes::WRONG_TYPE, node.focus(), message);
            if let Some(seconds) = node.value.as_u64() {
                diagnostic = diagnostic.help(format!("write {seconds}s for seconds"));
            }
            self.report(diagnostic);
            return None;
        };
        let length_ms = match duration::parse(text) {
            Ok(length_ms) => length_ms,
            Err(error) => {
                self.error(codes::DURATION, node.span(), error.to_string());
                return None;
            }
        };
        if !range.contains(&length_ms) {
            let [least, most] = [range.start(), range.end()].map(|ms| duration::display(*ms));
            let message = format!("`{text}` is not a time from {least} to {most}");
            self.error(codes::INVALID_VALUE, node.span(), message);
            return None;
        }
        Some(length_ms)
    }

    pub(super) fn timestamp(&mut self, node: &Node<'_>) -> Option<u64> {
        let text = self.text(node)?;
        match duration::timestamp(text) {
            Ok(at_ms) => Some(at_ms),
            Err(error) => {
                self.error(codes::DURATION, node.span(), error.to_string());
                None
            }
        }
    }

    /// Reads a list whose length is within a range.
    pub(super) fn list<'d>(
        &mut self,
        node: &Node<'d>,
        what: &str,
        length: RangeInclusive<usize>,
    ) -> Option<Vec<Node<'d>>> {
        let Some(list) = node.value.as_array() else {
            self.wrong_type(node, &format!("a list of {what}"));
            return None;
        };
        if !length.contains(&list.len()) {
            let (least, most) = (length.start(), length.end());
            let message = format!("{least} to {most} {what} are wanted here, not {}", list.len());
            self.error(codes::INVALID_VALUE, node.focus(), message);
            return None;
        }
        Some(node.elements())
    }

    /// Reads `name`. `what` has its article.
    pub(super) fn name(&mut self, node: &Node<'_>, what: &str) -> Option<String> {
        let child = self.required(node, what, "name")?;
        let name = self.text(&child)?;
        let is_sound = (1..=NAME_CHARACTERS_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            // An address drops such a step of its path.
            && !name.bytes().all(|byte| byte == b'.');
        if !is_sound {
            let message = format!(
                "`{name}` cannot be the name of {what}: letters, digits, `.`, `_` and `-`, at most {NAME_CHARACTERS_MAX}"
            );
            self.error(codes::INVALID_NAME, child.span(), message);
            return None;
        }
        Some(name.to_owned())
    }
}
