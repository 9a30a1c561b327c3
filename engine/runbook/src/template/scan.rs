//! Finding where a `${{ CEL }}` ends.

/// Returns the offset of the `}}` that ends the expression that begins at the start of `text`.
///
/// Braces of map literals are counted; strings (`'…'`, `"…"`, `'''…'''`, `"""…"""`, each also raw) and comments are passed over.
pub(super) fn expression_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' if depth == 0 => return bytes[at..].starts_with(b"}}").then_some(at),
            b'}' => depth -= 1,
            b'\'' | b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'/' if bytes[at..].starts_with(b"//") => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns the offset after the string literal whose opening quote is at `start`.
pub(crate) fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let close: &[u8] = if triple { &[quote; 3] } else { &[quote; 1] };
    let raw = is_raw(bytes, start);
    let mut at = start + close.len();
    while at < bytes.len() {
        if bytes[at..].starts_with(close) {
            return Some(at + close.len());
        }
        at += if bytes[at] == b'\\' && !raw { 2 } else { 1 };
    }
    None
}

/// A literal is raw when `r` or `R` stands before its quote, perhaps with a `b`, and no longer word does.
fn is_raw(bytes: &[u8], quote_at: usize) -> bool {
    let word_start = bytes[..quote_at]
        .iter()
        .rposition(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))
        .map_or(0, |before| before + 1);
    matches!(bytes[word_start..quote_at].to_ascii_lowercase().as_slice(), b"r" | b"br" | b"rb")
}
