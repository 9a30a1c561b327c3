//! `runwright validate`

use std::path::Path;

use anyhow::Result;
use rules::file::{duplicates_between, is_rule_file};
use runbook::action::Catalogue;
use runbook::diagnostic::{Diagnostic, Severity, render};
use runbook::source::Source;
use serde_json::{Value, json};

use crate::arguments::Validate;
use crate::exit::Exit;
use crate::render::Printer;
use crate::source;

/// What was found in all files so far.
#[derive(Default)]
struct Findings {
    text: String,
    diagnostics: Vec<Value>,
    errors: usize,
    rule_files: Vec<Source>,
}

pub(crate) fn run(arguments: &Validate, catalogue: &Catalogue, printer: Printer) -> Result<Exit> {
    let mut findings = Findings::default();
    for file in &arguments.files {
        findings.look_at(file, catalogue)?;
    }
    findings.look_between()?;
    let Findings { mut text, diagnostics, errors, .. } = findings;
    if errors > 0 {
        text.push_str(&format!("{errors} error{}\n", if errors == 1 { "" } else { "s" }));
    }
    printer.result(&json!({ "valid": errors == 0, "diagnostics": diagnostics }), || text)?;
    Ok(if errors == 0 { Exit::Done } else { Exit::BadInput })
}

impl Findings {
    /// A file that cannot be read is one more mistake; the others are looked at all the same.
    fn look_at(&mut self, file: &Path, catalogue: &Catalogue) -> Result<()> {
        let found = match source::read(file) {
            Ok(found) => found,
            Err(unreadable) => {
                self.errors += 1;
                self.text.push_str(&unreadable.text);
                self.diagnostics.push(unreadable.value);
                return Ok(());
            }
        };
        let diagnostics = if is_rule_file(&found.source) {
            self.rule_files.push(found.source.clone());
            let (_, diagnostics) = services::triggers::check_file(&found.source);
            diagnostics.into_iter().map(|diagnostic| (&found.source, diagnostic)).collect()
        } else if source::is_command_document(&found.source) {
            let (_, diagnostics) = runbook::document::command::check_command(&found.source);
            diagnostics.into_iter().map(|diagnostic| (&found.source, diagnostic)).collect()
        } else {
            source::check(&found, catalogue).1
        };
        if diagnostics.is_empty() {
            self.text.push_str(&format!("{}: ok\n", file.display()));
        }
        for (source, diagnostic) in diagnostics {
            self.note(source, &diagnostic)?;
        }
        Ok(())
    }

    /// What is wrong with no rule file alone: names that two of them take.
    fn look_between(&mut self) -> Result<()> {
        let files = std::mem::take(&mut self.rule_files);
        let all: Vec<&Source> = files.iter().collect();
        for (number, diagnostic) in duplicates_between(&all) {
            self.note(&files[number], &diagnostic)?;
        }
        Ok(())
    }

    fn note(&mut self, source: &Source, diagnostic: &Diagnostic) -> Result<()> {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.text.push_str(&render::plain(source, diagnostic));
        let mut value = serde_json::to_value(diagnostic)?;
        value["file"] = json!(source.name);
        self.diagnostics.push(value);
        Ok(())
    }
}
