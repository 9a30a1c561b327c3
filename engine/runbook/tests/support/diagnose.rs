//! Checking a document of any kind.

use runbook::diagnostic::Diagnostic;
use runbook::document::command::check_command;
use runbook::source::Source;

/// Checks a runbook, or a command document when its schema version says so.
pub(crate) fn diagnose(source: &Source) -> Vec<Diagnostic> {
    let command = ["\"2.2\"", "\"2.0\"", "\"1.2\""];
    if command.iter().any(|version| source.text.contains(version)) {
        return check_command(source).1;
    }
    crate::fixture::load(source).1
}
