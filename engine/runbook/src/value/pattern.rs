//! `allowedPattern`: a regular expression of Java, as SSM has it, that a whole value must match.
//!
//! What no backtracking needs runs in linear time; look-around and back-references are evaluated within a fixed number of steps.

mod counted;
mod java;
mod property;

use std::ops::RangeInclusive;

use fancy_regex::{Regex, RegexBuilder};

/// How many steps one comparison may take before it counts as no match.
const STEPS_MAX: usize = 1_000_000;
/// How large a compiled pattern may be: enough for `(?!x).{0,65535}`.
const COMPILED_BYTES_MAX: usize = 64 << 20;

/// A compiled `allowedPattern`.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// Of `[a-z]{1,65535}` and the like: how often. Counting is cheaper than a regular expression that counts.
    characters: Option<RangeInclusive<usize>>,
}

/// Why a value could not be held against a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes more than {STEPS_MAX} steps to be held against the pattern")]
pub struct TooCostly;

impl Pattern {
    /// Reads a pattern as Java writes it.
    pub fn parse(source: &str) -> Result<Self, String> {
        let translated = java::translate(source)?;
        let counted = counted::class_and_count(&translated);
        let whole = match &counted {
            Some((class, _)) => format!(r"\A(?:{class})*\z"),
            None => format!(r"\A(?:{translated})\z"),
        };
        let regex = RegexBuilder::new(&whole)
            .backtrack_limit(STEPS_MAX)
            .delegate_size_limit(COMPILED_BYTES_MAX)
            .build()
            .map_err(|error| reason(&error, &translated))?;
        Ok(Self { regex, characters: counted.map(|(_, count)| count) })
    }

    /// Says whether the whole of `text` matches, as Java's `matches` does.
    pub fn matches(&self, text: &str) -> Result<bool, TooCostly> {
        let counts = self.characters.as_ref();
        if counts.is_some_and(|count| !count.contains(&text.chars().count())) {
            return Ok(false);
        }
        self.regex.is_match(text).map_err(|_| TooCostly)
    }
}

/// The error in words. The inner library's own are better, and without its picture of the translated text, which the author did not
/// write.
fn reason(error: &fancy_regex::Error, translated: &str) -> String {
    let text = error.to_string();
    if text.contains("NFA") || text.contains("too big") {
        return "it is too large once its repetitions are counted out".to_owned();
    }
    let text = match regex::Regex::new(translated) {
        Err(inner) if text.contains("pattern 0") => inner.to_string(),
        _ => text,
    };
    let line = text.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
