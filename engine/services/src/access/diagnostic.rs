//! What is wrong with a policy, and where.

use std::fmt;

use miette::Diagnostic;
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The policies are not taken.
    Error,
    /// The policies are taken, though they may not mean what was meant.
    Warning,
}

/// Something about the text of policies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyDiagnostic {
    /// The file's name; empty for a text that is in none.
    pub file: String,
    /// Counts from 1; 1 where no place is known.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    pub severity: Severity,
    pub message: String,
    pub help: Option<String>,
}

impl fmt::Display for PolicyDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

impl PolicyDiagnostic {
    /// Returns an error that concerns a whole file.
    pub(super) fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self::at(file, "", 0, Severity::Error, message.into(), None)
    }

    /// Returns what Cedar says about a place in `text`.
    pub(super) fn of(
        file: &str,
        text: &str,
        severity: Severity,
        said: &(impl Diagnostic + ?Sized),
    ) -> Self {
        let labels = said.labels().into_iter().flatten();
        let label = labels.min_by_key(miette::LabeledSpan::offset);
        let offset = label.as_ref().map_or(0, miette::LabeledSpan::offset);
        let mut message = said.to_string();
        if let Some(expected) = label.as_ref().and_then(miette::LabeledSpan::label) {
            message = format!("{message}: {expected}");
        }
        let help = said.help().map(|help| help.to_string());
        Self::at(file, text, offset, severity, message, help)
    }

    fn at(
        file: &str,
        text: &str,
        offset: usize,
        severity: Severity,
        message: String,
        help: Option<String>,
    ) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Self {
            file: file.to_owned(),
            line: number(before.matches('\n').count()),
            column: number(before[line_start..].chars().count()),
            severity,
            message,
            help,
        }
    }
}
