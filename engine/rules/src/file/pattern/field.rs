//! Fields of a pattern that no event has, and values that a field never has: sound patterns that never match.

use runbook::diagnostic::Diagnostic;
use runbook::document::node::{Node, kind};
use serde_json::Value;

use crate::codes;
use crate::file::reader::Reader;
use crate::file::value::FIELDS;

const DETAIL: &str = "detail";
const OR: &str = "$or";

/// Warns of the fields of a pattern, also within `$or`.
pub(super) fn check(reader: &mut Reader, node: &Node<'_>) {
    for (name, field) in node.entries() {
        let branches = field.elements();
        if name == OR && branches.iter().any(|branch| branch.value.is_object()) {
            for branch in &branches {
                check(reader, branch);
            }
            continue;
        }
        // A name may be a path.
        let first = name.split('.').next().unwrap_or(name);
        if !FIELDS.contains(&first) {
            let message = format!("an event has no field `{first}`: only an absent one can match");
            let otherwise = format!(
                "the fields of an event are {}; what a sender said is in detail",
                FIELDS.join(", ")
            );
            let diagnostic = Diagnostic::warning(codes::UNKNOWN_FIELD, field.key_span(), message)
                .suggest(first, FIELDS, otherwise);
            reader.report(diagnostic);
        } else if first != DETAIL {
            is_text(reader, name, &field);
        }
    }
}

/// All fields but `detail` are text, or a list of texts.
fn is_text(reader: &mut Reader, name: &str, field: &Node<'_>) {
    let report = |reader: &mut Reader, node: &Node<'_>, help: Option<String>| {
        let what = if node.value.is_null() { "null" } else { kind(node.value) };
        let message = format!("`{name}` is text in every event, so {what} never matches");
        let mut diagnostic = Diagnostic::warning(codes::NEVER_MATCHES, node.focus(), message);
        diagnostic.help = help;
        reader.report(diagnostic);
    };
    match field.value {
        Value::Object(_) => report(reader, field, None),
        Value::Array(_) => {
            for element in field.elements() {
                if matches!(element.value, Value::Number(_) | Value::Bool(_) | Value::Null) {
                    let is_null = element.value.is_null();
                    let help = || format!("write it in quotes: \"{}\"", element.written());
                    report(reader, &element, (!is_null).then(help));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
