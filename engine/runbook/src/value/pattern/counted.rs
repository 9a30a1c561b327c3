//! Patterns that are one class of characters, so and so often: the most common ones by far.

use std::ops::RangeInclusive;

/// Returns the class and the count of `^.{0,65535}$`, `[a-z]{3}` and the like.
pub(super) fn class_and_count(pattern: &str) -> Option<(&str, RangeInclusive<usize>)> {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let (class, count) = pattern.strip_suffix('}')?.rsplit_once('{')?;
    if class != "." && !is_one_class(class) {
        return None;
    }
    let (least, most) = match count.split_once(',') {
        Some((least, "")) => (least.parse().ok()?, usize::MAX),
        Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
        None => (count.parse().ok()?, count.parse().ok()?),
    };
    (least <= most).then_some((class, least..=most))
}

/// Whether the whole text is one class in brackets, inner classes included.
fn is_one_class(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '[' => depth += 1,
            ']' => match depth {
                0 => return false,
                1 => return characters.as_str().is_empty(),
                _ => depth -= 1,
            },
            _ if depth == 0 => return false,
            _ => {}
        }
    }
    false
}
