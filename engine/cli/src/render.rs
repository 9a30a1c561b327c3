//! What is printed. Only this module writes to standard output and standard error.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::arguments::Output;

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    pub(crate) output: Output,
    pub(crate) terminal: bool,
}

impl Printer {
    pub(crate) fn new(output: Output) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { output, terminal }
    }

    /// Prints a result: one JSON document, or `text`.
    pub(crate) fn result(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        match self.output {
            Output::Json => line(&serde_json::to_string_pretty(value)?),
            Output::Text => {
                let text = text();
                if !text.is_empty() {
                    line(text.trim_end_matches('\n'));
                }
            }
        }
        Ok(())
    }
}

/// Prints a line to standard output. A reader that has gone is no error of ours.
pub(crate) fn line(text: &str) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        tracing::debug!(%error, "standard output is closed");
    }
}

/// Prints a note to standard error.
pub(crate) fn note(text: impl Display) {
    if writeln!(std::io::stderr(), "{text}").is_err() {
        tracing::trace!("standard error is closed");
    }
}

/// Returns foreign text safe for a terminal: control characters are shown, not sent.
pub(crate) fn safe(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            control if control.is_control() => shown.extend(control.escape_default()),
            plain => shown.push(plain),
        }
    }
    shown
}

/// Returns rows as columns as wide as needed, two spaces apart.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let titles: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns a duration as people read it.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{}h{:02}m", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// Returns a JSON value in one line of at most `characters_max` characters.
pub(crate) fn short(value: &serde_json::Value, characters_max: usize) -> String {
    let text = match value.as_str() {
        Some(text) => safe(&text.replace('\n', "\\n")),
        None => safe(&value.to_string()),
    };
    if text.chars().count() <= characters_max {
        return text;
    }
    text.chars().take(characters_max.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(safe("a\u{1b}[2Jb\r"), "a\\u{1b}[2Jb\\r");
    }

    #[test]
    fn columns_line_up() {
        let rows =
            vec![vec!["a".to_owned(), "1".to_owned()], vec!["longer".to_owned(), "2".to_owned()]];
        assert_eq!(table(&["NAME", "N"], &rows), "NAME    N\na       1\nlonger  2\n");
    }
}
