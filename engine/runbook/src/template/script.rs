//! Scripts, where braces that cannot be a reference are the script's own.

use super::parse::is_name;

/// One text of a script, as it is read.
#[derive(Default)]
pub(super) struct Script {
    /// Blocks of the script's own templates that are open.
    blocks: usize,
}

impl Script {
    /// Whether braces in a script are its own, such as `docker ps --format '{{.Names}}'`; `{{end}}` is when it closes such a block.
    pub(super) fn keeps(&mut self, source: &str) -> bool {
        let word = source.split_whitespace().next().unwrap_or_default();
        match word.trim_matches('-') {
            "end" if self.blocks > 0 => {
                self.blocks -= 1;
                return true;
            }
            "else" if self.blocks > 0 => return true,
            _ => {}
        }
        let own = !looks_like_reference(source);
        if own && matches!(word, "range" | "if" | "with" | "block" | "define") {
            self.blocks += 1;
        }
        own
    }
}

/// Whether what stands between two braces is meant to refer to something: a word, perhaps with `.` or `:`.
pub(crate) fn looks_like_reference(source: &str) -> bool {
    let source = source.trim();
    let head = source.split(':').next().unwrap_or_default().trim();
    source.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && (is_dotted(source) || !head.contains(char::is_whitespace))
}

/// `A . B`, which SSM reads as `A.B`; `json .State` is of another language.
fn is_dotted(source: &str) -> bool {
    let mut parts = source.split('.');
    let first = parts.next().unwrap_or_default();
    let spaced = first.ends_with(char::is_whitespace);
    is_name(first.trim())
        && parts.all(|part| is_name(part.trim()) && part.starts_with(char::is_whitespace) == spaced)
}
