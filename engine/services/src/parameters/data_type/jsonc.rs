//! JSON with comments.

use serde::de::IgnoredAny;

/// Whether a text is JSON once its comments, `// …` and `/* … */`, are taken for white space.
pub(super) fn is_valid(text: &str) -> bool {
    without_comments(text).is_some_and(|text| serde_json::from_str::<IgnoredAny>(&text).is_ok())
}

/// Returns the text with a space for each comment; nothing if a comment does not end.
fn without_comments(text: &str) -> Option<String> {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        let (before, found) = rest.split_at(at);
        kept.push_str(before);
        if found.starts_with('"') {
            let end = string_end(found)?;
            kept.push_str(&found[..end]);
            rest = &found[end..];
            continue;
        }
        kept.push(' ');
        rest = if let Some(comment) = found.strip_prefix("//") {
            comment.find('\n').map_or("", |end| &comment[end..])
        } else {
            let comment = found.strip_prefix("/*")?;
            &comment[comment.find("*/")? + 2..]
        };
    }
    kept.push_str(rest);
    Some(kept)
}

/// Returns where a string ends that begins with a quote.
fn string_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}
