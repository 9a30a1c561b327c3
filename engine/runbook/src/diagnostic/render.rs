//! Diagnostics as plain text: place, source line, caret, help. Colour is the caller's affair.

use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, Span};

/// Returns one diagnostic as text of several lines, ending in a line break.
///
/// The source is foreign text: control characters in it are shown as `U+FFFD`.
pub fn plain(source: &Source, diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let start = diagnostic.span.start;
    let mut text = String::new();
    let _infallible = writeln!(
        text,
        "{}:{}:{}: {severity}[{}]: {}",
        source.name,
        start.line,
        start.column,
        diagnostic.code,
        clean(&diagnostic.message)
    );
    excerpt(&mut text, source, diagnostic.span, "^", "");
    for label in &diagnostic.labels {
        excerpt(&mut text, source, label.span, "-", &label.text);
    }
    if let Some(help) = &diagnostic.help {
        let _infallible = writeln!(text, "  = help: {}", clean(help).replace('\n', "\n          "));
    }
    text
}

fn excerpt(text: &mut String, source: &Source, span: Span, mark: &str, note: &str) {
    let line = source.line(span.start.line);
    let number = span.start.line.to_string();
    let column = span.start.column.saturating_sub(1) as usize;
    let rest = line.chars().count().saturating_sub(column).max(1);
    let width = if span.end.line == span.start.line {
        (span.end.column.saturating_sub(span.start.column) as usize).clamp(1, rest)
    } else {
        rest
    };
    let gap = " ".repeat(number.len());
    let marks = mark.repeat(width);
    let shift = " ".repeat(column);
    let under = format!("{gap} | {shift}{marks} {}", clean(note));
    let _infallible = writeln!(text, "{number} | {}\n{}", clean(line), under.trim_end());
}

fn clean(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '\n',
            '\t' => ' ',
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}
