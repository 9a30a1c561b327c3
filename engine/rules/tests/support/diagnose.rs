//! Reading a rule file, and what is said of it as text.

use runbook::diagnostic::{Diagnostic, render};
use runbook::source::Source;

pub(crate) fn rendered(source: &Source, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| render::plain(source, diagnostic) + "\n").collect()
}
