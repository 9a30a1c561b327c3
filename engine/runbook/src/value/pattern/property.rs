//! The names that `\p{…}` has in Java.

/// Returns the inside of the class of one of Java's ASCII names.
pub(super) fn class(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x{0}-\x{7F}",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"\x{21}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{60}\x{7B}-\x{7E}",
        "Graph" => r"\x{21}-\x{7E}",
        "Print" => r"\x{20}-\x{7E}",
        "Blank" => r"\x{20}\x{9}",
        "Cntrl" => r"\x{0}-\x{1F}\x{7F}",
        "XDigit" => "0-9a-fA-F",
        "Space" | "javaWhitespace" => r"\x{20}\x{9}-\x{D}",
        "L1" => r"\x{0}-\x{FF}",
        "javaLetterOrDigit" => r"\p{L}\p{Nd}",
        _ => return None,
    })
}

/// Returns a Unicode property as the crates name it.
pub(super) fn named(name: &str, negated: bool) -> Result<String, String> {
    let plain = match name {
        "javaLowerCase" => "Lowercase",
        "javaUpperCase" => "Uppercase",
        "javaLetter" => "L",
        "javaDigit" => "Nd",
        "javaAlphabetic" => "Alphabetic",
        name if name.starts_with("In")
            || name.starts_with("blk=")
            || name.starts_with("block=") =>
        {
            return Err(format!("blocks of characters, such as \\p{{{name}}}, are not known here"));
        }
        name if name.starts_with("java") => {
            return Err(format!("there is no property \\p{{{name}}}"));
        }
        name => name.strip_prefix("Is").unwrap_or(name),
    };
    if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_alphanumeric() || "_= ".contains(c)) {
        return Err(format!("there is no property \\p{{{name}}}"));
    }
    let letter = if negated { 'P' } else { 'p' };
    Ok(format!(r"\{letter}{{{plain}}}"))
}
