//! `runwright policy validate`

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use services::access::{Policies, PolicyDiagnostic, Severity};

use crate::exit::{Exit, Refusal};
use crate::render::Printer;
use crate::source;

/// The size of a file of policies.
pub(super) const FILE_BYTES_MAX: usize = 1 << 20;

pub(super) fn run(files: &[PathBuf], printer: Printer) -> Result<Exit> {
    let (mut text, mut all, mut errors) = (String::new(), Vec::new(), 0_usize);
    for file in files {
        let found = diagnostics(file)?;
        if found.is_empty() {
            text.push_str(&format!("{}: ok\n", file.display()));
        }
        for diagnostic in found {
            errors += usize::from(diagnostic.severity == Severity::Error);
            let mut value = serde_json::to_value(&diagnostic)?;
            value["file"] = json!(file.display().to_string());
            text.push_str(&line(&value));
            all.push(value);
        }
    }
    if errors > 0 {
        text.push_str(&format!("{errors} error{}\n", if errors == 1 { "" } else { "s" }));
    }
    printer.result(&json!({ "valid": errors == 0, "diagnostics": all }), || text)?;
    Ok(if errors == 0 { Exit::Done } else { Exit::BadInput })
}

/// Returns everything that is to be said about a file, in order.
fn diagnostics(file: &Path) -> Result<Vec<PolicyDiagnostic>> {
    let text = read(file)?;
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let mut said = match Policies::default().add_file(name, &text) {
        Ok(warnings) => warnings,
        Err(wrong) => wrong,
    };
    said.sort();
    Ok(said)
}

pub(super) fn read(file: &Path) -> Result<String> {
    let text = String::from_utf8(source::bytes(file, FILE_BYTES_MAX)?);
    Ok(text.map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Refusal::bad_input(format!("{}: this is no UTF-8 text at byte {at}", file.display()))
    })?)
}

/// Returns a diagnostic in one line, and its help in another.
pub(super) fn line(diagnostic: &Value) -> String {
    let text = |member: &str| diagnostic[member].as_str().unwrap_or_default();
    let (line, column) = (&diagnostic["line"], &diagnostic["column"]);
    let mut shown =
        format!("{}:{line}:{column}: {}: {}\n", text("file"), text("severity"), text("message"));
    if let Some(help) = diagnostic["help"].as_str() {
        shown.push_str(&format!("  help: {help}\n"));
    }
    shown
}
