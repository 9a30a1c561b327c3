//! Paths and inputs of a rule file: each text is read, and each path held against what it is a path of.

use std::ops::RangeInclusive;

use runbook::codes as common;
use runbook::diagnostic::Diagnostic;
use runbook::diagnostic::suggest::closest;
use runbook::document::node::Node;
use serde_json::Value;

use super::input::Part;
use super::reader::Reader;
use super::{Input, InputError};
use crate::path::First;
use crate::window::MEMBER;
use crate::{JsonPath, codes};

/// The fields an event can have.
pub(super) const FIELDS: [&str; 10] = [
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
    "replay-name",
];

/// How many mistakes of one value are listed.
const MISTAKES_MAX: usize = 20;

/// What paths lead into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// An event as it came.
    Event,
    /// The event of a window's start.
    Windowed,
    /// The body of a delivery.
    Body,
}

/// Reads one path.
pub(super) fn path(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<JsonPath> {
    let text = reader.text(node)?;
    match JsonPath::parse(text) {
        Ok(path) => check(reader, node, &path, scope).then_some(path),
        Err(error) => {
            reader.error(codes::PATH, node.span(), error.to_string());
            None
        }
    }
}

/// Reads one path or a list of them.
pub(super) fn paths(
    reader: &mut Reader,
    node: &Node<'_>,
    scope: Scope,
    paths_max: usize,
) -> Option<Vec<JsonPath>> {
    match node.value {
        Value::String(_) => Some(vec![path(reader, node, scope)?]),
        Value::Array(_) => {
            let nodes = reader.list(node, "paths", 1..=paths_max)?;
            let paths: Vec<_> = nodes.iter().map(|node| path(reader, node, scope)).collect();
            paths.into_iter().collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            reader.wrong_type(node, "a path or a list of paths");
            None
        }
    }
}

/// Reads any input.
pub(super) fn input(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<Input> {
    match Input::parse(node.value) {
        Ok(input) if is_sound(&input, scope) => Some(input),
        Err(InputError::TooDeep) => {
            reader.error(codes::INPUT, node.focus(), InputError::TooDeep.to_string());
            None
        }
        Ok(_) | Err(_) => {
            // Only now every text of it is looked at by its place.
            let before = reader.diagnostics.len();
            look_through(reader, node, scope, before + MISTAKES_MAX);
            let is_refused = runbook::diagnostic::any_error(&reader.diagnostics[before..]);
            if is_refused { None } else { Input::parse(node.value).ok() }
        }
    }
}

/// Reads an input that is text.
pub(super) fn text_input(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<Input> {
    reader.text(node)?;
    input(reader, node, scope)
}

/// Reads an input that is text or a list of texts.
pub(super) fn texts_input(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<Input> {
    let Value::Array(list) = node.value else { return text_input(reader, node, scope) };
    if list.is_empty() {
        reader.error(common::INVALID_VALUE, node.focus(), "the list is empty");
        return None;
    }
    let texts: Vec<_> = node.elements().iter().map(|element| reader.text(element)).collect();
    texts.into_iter().collect::<Option<Vec<_>>>()?;
    input(reader, node, scope)
}

/// Reads an input that is a whole number of a range, also as text.
pub(super) fn number_input(
    reader: &mut Reader,
    node: &Node<'_>,
    scope: Scope,
    range: &RangeInclusive<u64>,
) -> Option<Input> {
    let wanted = format!("a whole number from {} to {}", range.start(), range.end());
    let number = match node.value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => match input(reader, node, scope)? {
            Input::Constant(_) => text.parse().ok(),
            filled @ (Input::Path(_) | Input::Text(_) | Input::List(_) | Input::Map(_)) => {
                return Some(filled);
            }
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            reader.wrong_type(node, &wanted);
            return None;
        }
    };
    if number.is_none_or(|number| !range.contains(&number)) {
        let message = format!("{} is not {wanted}", node.value);
        reader.error(common::INVALID_VALUE, node.span(), message);
        return None;
    }
    Some(Input::Constant(node.value.clone()))
}

/// Reads a map of names to inputs, each by `read`.
pub(super) fn inputs<'d>(
    reader: &mut Reader,
    node: &Node<'d>,
    mut read: impl FnMut(&mut Reader, &Node<'d>) -> Option<Input>,
) -> Option<Vec<(String, Input)>> {
    reader.map(node)?;
    let entries = node.entries().into_iter();
    let read: Vec<_> =
        entries.map(|(name, child)| Some((name.to_owned(), read(reader, &child)?))).collect();
    read.into_iter().collect()
}

fn look_through(reader: &mut Reader, node: &Node<'_>, scope: Scope, mistakes_max: usize) {
    if reader.diagnostics.len() >= mistakes_max {
        return;
    }
    match node.value {
        Value::String(text) => look_at(reader, node, text, scope),
        Value::Array(list) => (0..list.len())
            .filter_map(|number| node.index(number))
            .for_each(|child| look_through(reader, &child, scope, mistakes_max)),
        Value::Object(map) => map
            .keys()
            .filter_map(|key| node.get(key))
            .for_each(|child| look_through(reader, &child, scope, mistakes_max)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn look_at(reader: &mut Reader, node: &Node<'_>, text: &str, scope: Scope) {
    match Input::parse(node.value) {
        Ok(Input::Path(path)) => {
            check(reader, node, &path, scope);
        }
        Ok(Input::Text(parts)) => {
            for part in &parts {
                if let Part::Path(path) = part {
                    check(reader, node, path, scope);
                }
            }
        }
        Ok(Input::Constant(_)) if is_bare_path(text, scope) => {
            let message = format!("`{text}` is a text as it stands, not a path");
            let diagnostic = Diagnostic::warning(codes::PATH, node.span(), message)
                .help(format!("write $.{text} for what the event has there"));
            reader.report(diagnostic);
        }
        Ok(Input::Constant(_) | Input::List(_) | Input::Map(_)) => {}
        Err(error) => refuse(reader, node, &error),
    }
}

fn refuse(reader: &mut Reader, node: &Node<'_>, error: &InputError) {
    let message = error.to_string();
    let diagnostic = match error {
        InputError::Path(_) => Diagnostic::error(codes::PATH, node.span(), message),
        InputError::NotAPath(path) => {
            let span = if path.is_empty() { node.span() } else { node.locate(path) };
            let diagnostic = Diagnostic::error(codes::INPUT, span, message);
            let is_plain = |path: &str| JsonPath::parse(path).is_ok_and(|path| names_field(&path));
            if is_plain(path) {
                diagnostic.help(format!("write {{{{ $.{path} }}}}"))
            } else {
                diagnostic
            }
        }
        InputError::Unclosed => Diagnostic::error(codes::INPUT, node.locate("{{"), message),
        InputError::TooDeep | InputError::Nothing(_) => {
            Diagnostic::error(codes::INPUT, node.focus(), message)
        }
    };
    reader.report(diagnostic);
}

fn names_field(path: &JsonPath) -> bool {
    matches!(path.first(), First::Name(name) if FIELDS.contains(&name))
}

/// `detail.labels.instance` as a value: where only paths stand it is one, here it is text.
fn is_bare_path(text: &str, scope: Scope) -> bool {
    scope != Scope::Body
        && text.strip_prefix("detail.").is_some_and(|rest| {
            let is_part =
                |character: char| character.is_ascii_alphanumeric() || "._[]-".contains(character);
            !rest.is_empty() && rest.chars().all(is_part)
        })
}

/// Whether nothing is to be said of any of its texts.
fn is_sound(input: &Input, scope: Scope) -> bool {
    match input {
        Input::Constant(Value::String(text)) => !is_bare_path(text, scope),
        Input::Constant(_) => true,
        Input::Path(path) => leads_somewhere(path, scope),
        Input::Text(parts) => parts.iter().all(|part| match part {
            Part::Literal(_) => true,
            Part::Path(path) => leads_somewhere(path, scope),
        }),
        Input::List(inputs) => inputs.iter().all(|input| is_sound(input, scope)),
        Input::Map(inputs) => inputs.iter().all(|(_, input)| is_sound(input, scope)),
    }
}

fn leads_somewhere(path: &JsonPath, scope: Scope) -> bool {
    match (scope, path.first()) {
        (Scope::Body, _) | (_, First::Any) | (Scope::Windowed, First::Name(MEMBER)) => true,
        (Scope::Event | Scope::Windowed, First::Name(name)) => FIELDS.contains(&name),
        (Scope::Event | Scope::Windowed, First::Position) => false,
    }
}

/// Reports a path that no event can have a value for.
fn check(reader: &mut Reader, node: &Node<'_>, path: &JsonPath, scope: Scope) -> bool {
    if leads_somewhere(path, scope) {
        return true;
    }
    let source = path.source();
    let span = node.locate(source);
    let diagnostic = match path.first() {
        First::Name(MEMBER) => {
            let message = format!("`{source}` is of a window's start, and there is none here");
            Diagnostic::error(codes::PATH, span, message)
        }
        First::Name(name) => {
            let message = format!("an event has no field `{name}`, so `{source}` leads nowhere");
            let diagnostic = Diagnostic::error(codes::PATH, span, message);
            match closest(name, FIELDS) {
                Some(field) => {
                    let meant = source.replacen(name, field, 1);
                    diagnostic.help(format!("did you mean `{meant}`?"))
                }
                None => diagnostic.help(format!(
                    "the fields of an event are {}; what a sender said is in detail",
                    FIELDS.join(", ")
                )),
            }
        }
        First::Any | First::Position => {
            let message = format!("an event is a map, not a list: `{source}` leads nowhere");
            Diagnostic::error(codes::PATH, span, message)
        }
    };
    reader.report(diagnostic);
    false
}
