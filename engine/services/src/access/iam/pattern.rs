//! Patterns: `*` for any characters, `?` for one.

/// Returns whether a text is of a pattern.
pub(super) fn is_match(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where to go on when what follows the last `*` does not fit: it takes one character more.
    let mut retry = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, seen));
                at += 1;
            }
            Some(one) if *one == '?' || *one == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((after, taken)) = retry else { return false };
                retry = Some((after, taken + 1));
                (at, seen) = (after, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|one| *one == '*')
}

/// Returns the condition that an expression is of a pattern of IAM's.
pub(super) fn like(expression: &str, pattern: &str) -> Result<String, &'static str> {
    check_literal(pattern)?;
    if pattern.contains('?') {
        return Err("a ? for one character is not converted: Cedar has * only");
    }
    if !pattern.contains('*') {
        return Ok(format!("{expression} == {pattern:?}"));
    }
    Ok(format!("{expression} like {pattern:?}"))
}

/// Refuses text with a variable in it.
pub(super) fn check_literal(text: &str) -> Result<(), &'static str> {
    if text.contains("${") { Err("a variable is not converted") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_the_whole_text() {
        for (pattern, text, expected) in [
            ("ssm:get*", "ssm:getparameter", true),
            ("*parameter", "ssm:getparameter", true),
            ("*param*", "ssm:getparameter", true),
            ("ssm:getparameter?", "ssm:getparameters", true),
            ("ssm:getparameter?", "ssm:getparameter", false),
            ("ssm:getparameter", "ssm:getparameters", false),
            ("a*b*c", "abbcbc", true),
            ("a*b*c", "abbcb", false),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
        ] {
            assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
        }
    }
}
