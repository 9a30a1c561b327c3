//! `runwright validate`

use anyhow::Result;
use runbook::diagnostic::{Severity, render};
use runbook::source::Source;
use serde_json::json;

use crate::arguments::Validate;
use crate::exit::Exit;
use crate::render::Printer;
use crate::source;

pub(crate) fn run(
    arguments: &Validate,
    catalogue: &runbook::action::Catalogue,
    printer: Printer,
) -> Result<Exit> {
    let (mut texts, mut values, mut errors) = (String::new(), Vec::new(), 0usize);
    for file in &arguments.files {
        let found = source::read(file)?;
        let diagnostics = if is_command_document(&found.source) {
            let (_, diagnostics) = runbook::document::command::check_command(&found.source);
            diagnostics.into_iter().map(|diagnostic| (&found.source, diagnostic)).collect()
        } else {
            source::check(&found, catalogue).1
        };
        if diagnostics.is_empty() {
            texts.push_str(&format!("{}: ok\n", file.display()));
        }
        for (source, diagnostic) in diagnostics {
            errors += usize::from(diagnostic.severity == Severity::Error);
            texts.push_str(&render::plain(source, &diagnostic));
            let mut value = serde_json::to_value(&diagnostic)?;
            value["file"] = json!(source.name);
            values.push(value);
        }
    }
    if errors > 0 {
        texts.push_str(&format!("{errors} error{}\n", if errors == 1 { "" } else { "s" }));
    }
    printer.result(&json!({ "valid": errors == 0, "diagnostics": values }), || texts)?;
    Ok(if errors == 0 { Exit::Done } else { Exit::BadInput })
}

/// A command document says so by its schema version; everything else is checked as a runbook.
fn is_command_document(source: &Source) -> bool {
    let (document, _) = runbook::document::parse(source);
    let version = document.as_ref().and_then(|document| document.value["schemaVersion"].as_str());
    matches!(version, Some("1.2" | "2.0" | "2.2"))
}
