//! `runwright validate`

use std::path::Path;

use anyhow::Result;
use runbook::action::Catalogue;
use runbook::diagnostic::{Diagnostic, Severity, render};
use runbook::source::Source;
use serde_json::{Value, json};

use crate::arguments::Validate;
use crate::exit::Exit;
use crate::render::Printer;
use crate::source::{self, Found, Unreadable};

/// What was found in all files so far.
#[derive(Default)]
struct Findings {
    text: String,
    diagnostics: Vec<Value>,
    errors: usize,
}

/// A file by what it is.
enum Given {
    Document(Found),
    Rules(Source),
}

pub(crate) fn run(arguments: &Validate, catalogue: &Catalogue, printer: Printer) -> Result<Exit> {
    let given: Vec<_> = arguments.files.iter().map(|file| read(file)).collect();
    let mut duplicates = duplicates(&given);
    let mut findings = Findings::default();
    for (number, (file, given)) in arguments.files.iter().zip(&given).enumerate() {
        let of_file = duplicates.extract_if(.., |(of, _)| *of == number);
        let of_file = of_file.map(|(_, diagnostic)| diagnostic).collect();
        findings.look_at(file, given, of_file, catalogue)?;
    }
    let Findings { mut text, diagnostics, errors } = findings;
    if errors > 0 {
        text.push_str(&format!("{errors} error{}\n", if errors == 1 { "" } else { "s" }));
    }
    printer.result(&json!({ "valid": errors == 0, "diagnostics": diagnostics }), || text)?;
    Ok(if errors == 0 { Exit::Done } else { Exit::BadInput })
}

fn read(file: &Path) -> Result<Given, Unreadable> {
    let source = source::document_or_rules(file)?;
    if rules::file::is_rule_file(&source) {
        return Ok(Given::Rules(source));
    }
    source::with_lock(file, source).map(Given::Document)
}

/// Returns the names that several rule files take, each with the number of the file it is reported in.
fn duplicates(given: &[Result<Given, Unreadable>]) -> Vec<(usize, Diagnostic)> {
    let rules = given.iter().enumerate().filter_map(|(number, given)| match given {
        Ok(Given::Rules(source)) => Some((number, source)),
        Ok(Given::Document(_)) | Err(_) => None,
    });
    let (numbers, sources): (Vec<_>, Vec<_>) = rules.unzip();
    let found = rules::file::duplicates_between(&sources).into_iter();
    found.map(|(number, diagnostic)| (numbers[number], diagnostic)).collect()
}

impl Findings {
    /// A file that cannot be read is one more mistake; the others are looked at all the same.
    fn look_at(
        &mut self,
        file: &Path,
        given: &Result<Given, Unreadable>,
        duplicates: Vec<Diagnostic>,
        catalogue: &Catalogue,
    ) -> Result<()> {
        let diagnostics = match given {
            Err(unreadable) => {
                self.errors += 1;
                self.text.push_str(&unreadable.text);
                self.diagnostics.push(unreadable.value.clone());
                return Ok(());
            }
            Ok(Given::Rules(source)) => {
                let (_, diagnostics) = services::triggers::check_file(source);
                let diagnostics = diagnostics.into_iter().chain(duplicates);
                diagnostics.map(|diagnostic| (source, diagnostic)).collect()
            }
            Ok(Given::Document(found)) if source::is_command_document(&found.source) => {
                let (_, diagnostics) = runbook::document::command::check_command(&found.source);
                diagnostics.into_iter().map(|diagnostic| (&found.source, diagnostic)).collect()
            }
            Ok(Given::Document(found)) => source::check(found, catalogue).1,
        };
        if diagnostics.is_empty() {
            self.text.push_str(&format!("{}: ok\n", file.display()));
        }
        for (source, diagnostic) in diagnostics {
            self.errors += usize::from(diagnostic.severity == Severity::Error);
            self.text.push_str(&render::plain(source, &diagnostic));
            let mut value = serde_json::to_value(&diagnostic)?;
            value["file"] = json!(source.name);
            self.diagnostics.push(value);
        }
        Ok(())
    }
}
