//! Text keys, compared bytewise, and ranges of them.

/// Returns the first key after all that begin with `prefix`, if there is any such key.
///
/// UTF-8 orders as its code points do, so the last character that has a successor takes it.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    let mut key = prefix.to_owned();
    while let Some(last) = key.pop() {
        let next = match last {
            char::MAX => continue,
            '\u{D7FF}' => '\u{E000}',
            other => char::from_u32(u32::from(other) + 1)?,
        };
        key.push(next);
        return Some(key);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn successors() {
        assert_eq!(after_prefix("/app/").as_deref(), Some("/app0"));
        assert_eq!(after_prefix("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(after_prefix("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
