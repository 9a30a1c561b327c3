//! Patterns of the model, which are Java's and match the whole text.

use std::fmt::Write;
use std::sync::OnceLock;

use regex::Regex;

/// More repetitions than this are not compiled; the length constraints of the same shape bound them.
const REPETITIONS_MAX: u32 = 10_000;

const WORD: &str = "[0-9A-Za-z_]";
const DIGIT: &str = "[0-9]";
const SPACE: &str = r"[ \t\n\x0B\f\r]";
const NOT_SPACE: &str = r"[^ \t\n\x0B\f\r]";
const ANY: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";
const VISIBLE: &str = r"[^ \t\n\x0B\f\r\x{85}\x{2028}\x{2029}]";

/// A pattern, compiled when it is first needed. Any text is matched in linear time.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) source: Box<str>,
    regex: OnceLock<Regex>,
}

impl Pattern {
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.into(), regex: OnceLock::new() }
    }

    /// Returns the pattern as AWS shows it: of a choice between whole words, the words without their frame.
    pub(crate) fn shown(&self) -> &str {
        let framed = self.source.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$"));
        let is_choice = |inner: &&str| inner.contains('|') && !inner.contains(['(', ')', '[']);
        framed.filter(is_choice).unwrap_or(&self.source)
    }

    /// Tells whether the whole of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let regex =
            || compile(&self.source).expect("each pattern of requests compiles, as a test shows");
        self.regex.get_or_init(regex).is_match(text)
    }
}

fn compile(source: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!(r"\A(?:{})\z", translated(source)))
}

/// Returns Java's pattern in the syntax of `regex`: there `\w`, `\d` and `\s` are ASCII, and a dot stops at more line ends.
fn translated(source: &str) -> String {
    // Blank text is what this idiom forbids; without its look-ahead it takes linear time.
    if source == r"^(?!\s*$).+" {
        return format!("{ANY}*{VISIBLE}{ANY}*");
    }
    let mut out = String::with_capacity(source.len() * 2);
    let mut class_depth = 0_u32;
    let mut rest = source.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => escape(rest.next(), &mut out),
            '.' if class_depth == 0 => out.push_str(ANY),
            '{' if class_depth == 0 => {
                let (inside, after) = rest.as_str().split_once('}').unwrap_or((rest.as_str(), ""));
                repetition(inside, &mut out);
                rest = after.chars();
            }
            '[' => {
                class_depth += 1;
                out.push('[');
            }
            ']' => {
                class_depth = class_depth.saturating_sub(1);
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

fn escape(escaped: Option<char>, out: &mut String) {
    match escaped {
        Some('w') => out.push_str(WORD),
        Some('d') => out.push_str(DIGIT),
        Some('s') => out.push_str(SPACE),
        Some('S') => out.push_str(NOT_SPACE),
        Some(property @ ('p' | 'P')) => {
            out.push('\\');
            out.push(property);
        }
        Some(other) => {
            out.push('\\');
            out.push(other);
        }
        None => out.push('\\'),
    }
}

fn repetition(inside: &str, out: &mut String) {
    let bounded =
        inside.split_once(',').and_then(|(least, most)| Some((least, most.parse::<u32>().ok()?)));
    match bounded {
        Some((least, most)) if most > REPETITIONS_MAX => write!(out, "{{{least},}}"),
        Some(_) | None => write!(out, "{{{inside}}}"),
    }
    .expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, accepted: &[&str], refused: &[&str]) {
        let pattern = Pattern::new(source);
        for text in accepted {
            assert!(pattern.matches(text), "{source} accepts {text:?}");
        }
        for text in refused {
            assert!(!pattern.matches(text), "{source} refuses {text:?}");
        }
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        check("^(range|count|sum)", &["range"], &["ranges", "a range", "sum\n"]);
        check("arn:.*", &["arn:", "arn:a"], &["an arn:", "arn:\na"]);
    }

    #[test]
    fn only_a_choice_between_words_is_shown_without_its_frame() {
        assert_eq!(Pattern::new("^(tag:.+|Name|Tier)$").shown(), "tag:.+|Name|Tier");
        for source in ["^([a-z]+)$", "^([1-9]|100%)$", "^(a|b)(c|d)$", "^(range|sum)", "(?i)all|x"]
        {
            assert_eq!(Pattern::new(source).shown(), source);
        }
    }

    #[test]
    fn classes_are_ascii() {
        check(r"^mi-\w{3}$", &["mi-a_9"], &["mi-aé9", "mi-a-9"]);
        check(r"^\d+[\d\s]*$", &["1 2"], &["١", "1\u{a0}"]);
        check(r"^[\w-\/]+$", &["a-/"], &["a.", "é"]);
        check(r"^([\p{L}\p{Z}]*)$", &["é\u{a0}", ""], &["1", "\n"]);
    }

    #[test]
    fn a_blank_text_is_refused_in_linear_time() {
        let long = format!("{}x", " ".repeat(2_000_000));
        check(r"^(?!\s*$).+", &["a", " a ", &long], &["", " ", "\t \t", "a\nb", "\u{2028}"]);
        check(r"[\s\S]*\S[\s\S]*", &["a\nb"], &["", " \n"]);
    }

    #[test]
    fn a_dot_stops_at_the_ends_of_lines() {
        check("^.{1,256}$", &["é", "a b"], &["", "a\rb", "a\u{2028}"]);
        check("^.{1,100000}$", &["a"], &["", "\n"]);
    }

    #[test]
    fn each_pattern_compiles_but_one_that_only_answers_have() {
        let patterns = crate::Service::Ssm
            .table()
            .shapes
            .iter()
            .filter_map(|shape| Some((shape.name, shape.pattern()?)));
        let (compiled, others): (Vec<_>, Vec<_>) =
            patterns.partition(|(_, pattern)| compile(&pattern.source).is_ok());
        assert_eq!(compiled.len(), 112);
        assert_eq!(others.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["StringDateTime"]);
    }

    #[test]
    fn each_pattern_of_event_bridge_compiles() {
        let shapes = &crate::Service::EventBridge.table().shapes;
        let patterns: Vec<_> = shapes.iter().filter_map(crate::table::Shape::pattern).collect();
        assert!(patterns.len() > 30, "{}", patterns.len());
        for pattern in patterns {
            assert!(compile(&pattern.source).is_ok(), "{}", pattern.source);
        }
    }

    #[test]
    fn a_repetition_that_is_not_compiled_is_bounded_by_the_length() {
        for shape in &crate::Service::Ssm.table().shapes {
            if shape.pattern().is_some_and(|pattern| pattern.source.contains("100000")) {
                let texts: Vec<_> = shape.constraints.iter().map(ToString::to_string).collect();
                assert!(
                    texts.iter().any(|text| text.ends_with("less than or equal to 100000")),
                    "{}",
                    shape.name
                );
            }
        }
    }
}
