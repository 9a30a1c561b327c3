//! Handles: what a guest sees in place of a secret.

use host_api::request::{Content, Text};

/// What a handle begins with; 32 lower-case hexadecimal digits follow.
pub(crate) const PREFIX: &str = "secret:";
const DIGITS: usize = 32;
/// The key of the JSON object that is a handle in a guest's eyes: `{ "secret": HANDLE }`.
pub(crate) const HANDLE_KEY: &str = "secret";

/// Splits `text` at the handles that `resolve` knows; what it does not know stays text.
pub(crate) fn split(text: &str, resolve: impl Fn(&str) -> Option<String>) -> Text {
    let mut parts = Vec::new();
    let mut plain_from = 0;
    let mut search_from = 0;
    while let Some(found) = text[search_from..].find(PREFIX) {
        let start = search_from + found;
        let reference = handle_at(text, start).and_then(|handle| Some((handle, resolve(handle)?)));
        let Some((handle, reference)) = reference else {
            search_from = start + PREFIX.len();
            continue;
        };
        if start > plain_from {
            parts.push(Content::Plain(text[plain_from..start].to_owned()));
        }
        parts.push(Content::Secret(reference));
        plain_from = start + handle.len();
        search_from = plain_from;
    }
    if plain_from < text.len() {
        parts.push(Content::Plain(text[plain_from..].to_owned()));
    }
    Text(parts)
}

/// Returns whether `text` holds a handle that `resolve` knows.
pub(crate) fn any(text: &str, resolve: impl Fn(&str) -> Option<String>) -> bool {
    text.match_indices(PREFIX).any(|(start, _)| handle_at(text, start).and_then(&resolve).is_some())
}

fn handle_at(text: &str, start: usize) -> Option<&str> {
    let handle = text.get(start..start + PREFIX.len() + DIGITS)?;
    let digits = &handle.as_bytes()[PREFIX.len()..];
    digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "secret:0123456789abcdef0123456789abcdef";

    fn parts(text: &str) -> Vec<Content> {
        split(text, |handle| (handle == KNOWN).then(|| "/db/password".to_owned())).0
    }

    fn plain(text: &str) -> Content {
        Content::Plain(text.to_owned())
    }

    #[test]
    fn known_handles_become_references() {
        let secret = || Content::Secret("/db/password".to_owned());
        assert_eq!(parts(""), []);
        assert_eq!(parts("é plain"), [plain("é plain")]);
        assert_eq!(parts(KNOWN), [secret()]);
        assert_eq!(
            parts(&format!("Bearer {KNOWN}, {KNOWN}!")),
            [plain("Bearer "), secret(), plain(", "), secret(), plain("!")]
        );
        assert_eq!(parts(&format!("secret:{KNOWN}")), [plain("secret:"), secret()]);
    }

    #[test]
    fn what_is_not_a_known_handle_stays_text() {
        for text in [
            "secret:",
            "secret:0123",
            "secret:0123456789ABCDEF0123456789abcdef",
            "secret:ffffffffffffffffffffffffffffffff",
            "secret:0123456789abcdef0123456789abcdeé",
        ] {
            assert_eq!(parts(text), [plain(text)], "{text}");
        }
    }
}
