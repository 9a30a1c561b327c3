//! Patterns of a rule file: refused in the service's words, at the place in the file.

mod field;
mod place;

use runbook::diagnostic::suggest::closest;
use runbook::diagnostic::{Diagnostic, any_error};
use runbook::document::node::Node;
use runbook::document::unescape;
use runbook::source::Span;
use serde_json::{Value, json};

use super::reader::Reader;
use crate::codes;
use crate::pattern::{Pattern, PatternError, Reason};
use place::Written;

/// How many mistakes of one pattern are listed.
const MISTAKES_MAX: usize = 20;

/// The operators of match expressions.
const OPERATORS: [&str; 9] = [
    "prefix",
    "suffix",
    "equals-ignore-case",
    "wildcard",
    "anything-but",
    "numeric",
    "exists",
    "cidr",
    "exactly",
];

/// Reads a pattern.
pub(super) fn pattern(reader: &mut Reader, node: &Node<'_>) -> Option<Pattern> {
    if !node.value.is_object() {
        reader.wrong_type(node, "an event pattern, a map of fields,");
        return None;
    }
    let before = reader.diagnostics.len();
    field::check(reader, node);
    match Pattern::parse(&node.value.to_string()) {
        Ok(pattern) if !any_error(&reader.diagnostics[before..]) => Some(pattern),
        Ok(_) => None,
        Err(error) => {
            refuse(reader, node, error);
            None
        }
    }
}

/// Reports the mistake, and those that are left when what it lies in is taken for sound.
fn refuse(reader: &mut Reader, node: &Node<'_>, first: PatternError) {
    if matches!(first.reason, Reason::TooLong { .. }) {
        reader.report(diagnostic(node, node, &first.reason));
        return;
    }
    let mut value = node.value.clone();
    let mut error = first;
    let mut last = None;
    for _ in 0..MISTAKES_MAX {
        let path = place::find(&value, &error);
        if last.as_ref() == Some(&path) {
            return;
        }
        reader.report(diagnostic(node, &node.descend(&path), &error.reason));
        if mend(&mut value, &path).is_none() {
            return;
        }
        match Pattern::parse(&Written::of(&value).text) {
            Ok(_) => return,
            Err(next) => error = next,
        }
        last = Some(path);
    }
}

/// Puts alternatives without a mistake in the place of the field that a path leads into; nothing if that would change nothing.
fn mend(value: &mut Value, path: &str) -> Option<()> {
    let mut at = value;
    let mut is_or = false;
    let mut depth = 0_usize;
    for key in path.split('/').skip(1) {
        let key = unescape(key);
        let is_next_or = key == "$or";
        let can_enter = match at {
            Value::Object(fields) => fields.contains_key(&key),
            Value::Array(branches) => is_or && key.parse().is_ok_and(|n: usize| n < branches.len()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        };
        if !can_enter {
            break;
        }
        at = match at {
            Value::Object(fields) => fields.get_mut(&key)?,
            Value::Array(branches) => branches.get_mut(key.parse::<usize>().ok()?)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
        (is_or, depth) = (is_next_or, depth + 1);
    }
    let sound = json!([""]);
    if depth == 0 || is_or || *at == sound {
        return None;
    }
    *at = sound;
    Some(())
}

fn diagnostic(pattern: &Node<'_>, node: &Node<'_>, reason: &Reason) -> Diagnostic {
    let message = format!("Event pattern is not valid. Reason: {reason}");
    let diagnostic = Diagnostic::error(codes::PATTERN, span(pattern, node, reason), message);
    match help(node, reason) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn span(pattern: &Node<'_>, node: &Node<'_>, reason: &Reason) -> Span {
    if node.path == pattern.path {
        return pattern.key_span();
    }
    let is_of_key = matches!(
        reason,
        Reason::UnknownOperator(_)
            | Reason::UnsupportedInner { .. }
            | Reason::ReservedInOr(_)
            | Reason::SecondOperator
    );
    if is_of_key { node.key_span() } else { node.focus() }
}

fn help(node: &Node<'_>, reason: &Reason) -> Option<String> {
    if let Reason::NeitherObjectNorArray(name) = reason {
        let value = if node.value.is_null() { "null" } else { node.written() };
        return Some(if OPERATORS.contains(&name.as_str()) {
            format!("an operator stands in a list of alternatives: [{{ {name}: {value} }}]")
        } else {
            format!("a field has a list of what it may be: `{name}: [{value}]`")
        });
    }
    if let Reason::UnknownOperator(operator) = reason {
        return Some(match closest(operator, OPERATORS) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("the operators are {}", OPERATORS.join(", ")),
        });
    }
    if *reason == Reason::ExistsNotABool {
        return Some(
            "write true or false without quotes; yes, no, on and off are text in YAML 1.2"
                .to_owned(),
        );
    }
    let is_empty = matches!(reason, Reason::EmptyArray | Reason::EmptyObject);
    is_empty.then(|| "write what it may be, or leave the field out".to_owned())
}
