//! What is printed. Only this module writes to standard output and standard error.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};

use serde::Serialize;

use crate::arguments::Output;
use crate::exit::{Exit, Refusal};

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

    /// Prints a result: one JSON document, or `text`, in which control characters are shown, not sent.
    pub(crate) fn result(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        match self.output {
            Output::Json => line(&json(value)?),
            Output::Text => {
                let text = safe(&text());
                if text.is_empty() { Ok(()) } else { line(text.trim_end_matches('\n')) }
            }
        }
    }

    /// Prints one of many results, each a line: a JSON document, or `text`.
    pub(crate) fn record(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        match self.output {
            Output::Json => line(&escaped(&serde_json::to_string(value)?)),
            Output::Text => line(safe_line(&text()).trim_end()),
        }
    }

    /// Prints a result whose text is for programs too: only a terminal gets it with control characters shown.
    pub(crate) fn exact(self, value: &impl Serialize, text: &str) -> anyhow::Result<()> {
        match self.output {
            Output::Json => line(&json(value)?),
            Output::Text if std::io::stdout().is_terminal() => line(&safe(text)),
            Output::Text => line(text),
        }
    }
}

/// Prints a line to standard output. A reader that has gone is no error of ours; a full disk is an error.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    let written = writeln!(output, "{text}").and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            tracing::debug!(%error, "standard output is closed");
            Ok(())
        }
        Err(error) => Err(Refusal {
            exit: Exit::RunFailed,
            message: format!("error: cannot write to standard output: {error}"),
            help: None,
        }
        .into()),
        Ok(()) => Ok(()),
    }
}

/// Prints a note to standard error.
pub(crate) fn note(text: impl Display) {
    if writeln!(std::io::stderr(), "{}", safe(&text.to_string())).is_err() {
        tracing::trace!("standard error is closed");
    }
}

/// Returns foreign text safe for one line of a terminal: what controls it, ends a line or turns the direction of writing is shown,
/// not sent.
pub(crate) fn safe_line(text: &str) -> String {
    shown(text, "")
}

/// Returns foreign text of several lines safe for a terminal.
pub(crate) fn safe(text: &str) -> String {
    shown(text, "\n\t")
}

fn shown(text: &str, kept: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if steers(character) && !kept.contains(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns whether a character is none to look at: controls, other ends of lines, and Unicode's marks of direction.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Returns a JSON document that is safe for a terminal. What steers one occurs in JSON only within texts, where it can be escaped;
/// all of it is in Unicode's first plane, so four digits say it.
fn json(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(value)?))
}

fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if steers(character) && character != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns rows as columns as wide as needed, two spaces apart. A cell is one line, whatever is in it.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| safe_line(cell)).collect()).collect();
    let mut widths: Vec<usize> = header.iter().map(|title| title.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let titles: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    for row in std::iter::once(&titles).chain(&rows) {
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
        Some(text) => safe_line(text),
        None => safe_line(&value.to_string()),
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
        assert_eq!(safe_line("a\u{1b}[2Jb\r"), "a\\u{1b}[2Jb\\r");
        assert_eq!(safe_line("a\n✓ Done  Success"), "a\\n✓ Done  Success");
        assert_eq!(safe("a\n\u{202e}b\u{9b}"), "a\n\\u{202e}b\\u{9b}");
        let value = serde_json::json!({ "a": "\u{9b}\u{2066}\n" });
        let text = json(&value).unwrap();
        assert_eq!(text, "{\n  \"a\": \"\\u009b\\u2066\\n\"\n}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn columns_line_up() {
        let rows =
            vec![vec!["a".to_owned(), "1".to_owned()], vec!["longer".to_owned(), "2".to_owned()]];
        assert_eq!(table(&["NAME", "N"], &rows), "NAME    N\na       1\nlonger  2\n");
        let forged = vec![vec!["a\nb".to_owned(), "1".to_owned()]];
        assert_eq!(table(&["NAME", "N"], &forged), "NAME  N\na\\nb  1\n");
    }
}
