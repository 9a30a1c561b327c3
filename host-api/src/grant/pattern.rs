//! Patterns in which `*` stands for any run of characters.

use std::fmt::{self, Write as _};

use super::GrantError;

/// A text with wildcards. Two wildcards never stand side by side, so equal patterns have equal text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Token {
    One(char),
    Any,
}

impl Pattern {
    /// Reads a pattern; `\*`, `\@` and `\\` are literal.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let mut tokens = Vec::with_capacity(text.len());
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '*' => {
                    if tokens.last() != Some(&Token::Any) {
                        tokens.push(Token::Any);
                    }
                }
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '@' | '\\')) => tokens.push(Token::One(escaped)),
                    _ => return Err(GrantError::Escape { text: text.to_owned() }),
                },
                other => tokens.push(Token::One(other)),
            }
        }
        Ok(Self(tokens))
    }

    /// Returns the pattern that only `text` itself matches.
    pub fn literal(text: &str) -> Self {
        Self(text.chars().map(Token::One).collect())
    }

    /// Returns whether it matches every text.
    pub fn is_any(&self) -> bool {
        self.0 == [Token::Any]
    }

    /// Returns the only text it matches, `None` if it has a wildcard.
    pub fn as_literal(&self) -> Option<String> {
        self.0
            .iter()
            .map(|token| match token {
                Token::One(character) => Some(*character),
                Token::Any => None,
            })
            .collect()
    }

    /// Returns the pattern of names that are spelt in any case, with or without `_`.
    pub(crate) fn folded(&self) -> Self {
        let mut tokens = Vec::with_capacity(self.0.len());
        for token in &self.0 {
            match token {
                Token::One('_') => {}
                Token::One(character) => tokens.push(Token::One(character.to_ascii_lowercase())),
                Token::Any if tokens.last() == Some(&Token::Any) => {}
                Token::Any => tokens.push(Token::Any),
            }
        }
        Self(tokens)
    }

    pub fn matches(&self, text: &str) -> bool {
        self.covers(&Self::literal(text))
    }

    /// Returns whether it matches every text that `other` matches.
    ///
    /// A wildcard of `other` is read as one character that occurs nowhere else: only a wildcard can match it, and
    /// what then matches does so for any text in its place.
    pub fn covers(&self, other: &Self) -> bool {
        let (mut position, mut position_other) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while position_other < other.0.len() {
            match self.0.get(position) {
                Some(Token::Any) => {
                    position += 1;
                    retry = Some((position, position_other));
                }
                Some(token) if *token == other.0[position_other] => {
                    position += 1;
                    position_other += 1;
                }
                _ => {
                    let Some((after, consumed)) = retry else { return false };
                    retry = Some((after, consumed + 1));
                    (position, position_other) = (after, consumed + 1);
                }
            }
        }
        self.0[position..].iter().all(|token| *token == Token::Any)
    }

    /// Returns whether some text matches both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let width = other.0.len() + 1;
        let mut reachable = vec![false; (self.0.len() + 1) * width];
        reachable[0] = true;
        for row in 0..=self.0.len() {
            for column in 0..=other.0.len() {
                if !reachable[row * width + column] {
                    continue;
                }
                let (left, right) = (self.0.get(row), other.0.get(column));
                let down =
                    left == Some(&Token::Any) || (left.is_some() && right == Some(&Token::Any));
                let across =
                    right == Some(&Token::Any) || (right.is_some() && left == Some(&Token::Any));
                if down {
                    reachable[(row + 1) * width + column] = true;
                }
                if across {
                    reachable[row * width + column + 1] = true;
                }
                if left.is_some() && left == right {
                    reachable[(row + 1) * width + column + 1] = true;
                }
            }
        }
        reachable[(self.0.len() + 1) * width - 1]
    }

    /// Returns the narrower of the two, if one covers the other.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else if other.covers(self) {
            Some(self.clone())
        } else {
            None
        }
    }

    /// Returns the text for a place that `@` would end.
    pub(crate) fn before_target(&self) -> String {
        self.to_string().replace('@', "\\@")
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            match token {
                Token::Any => f.write_char('*')?,
                Token::One(character @ ('*' | '\\')) => write!(f, "\\{character}")?,
                Token::One(character) => f.write_char(*character)?,
            }
        }
        Ok(())
    }
}

/// Returns the pattern text that matches only `value`, wherever it stands in a grant.
pub fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '*' | '@' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// Splits `document@target` at the first `@` that is not escaped.
pub(super) fn split_target(text: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (position, character) in text.char_indices() {
        match character {
            '@' if !escaped => return (&text[..position], Some(&text[position + 1..])),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn covers_is_containment_of_languages() {
        let covers = |wide: &str, narrow: &str| {
            Pattern::parse(wide).unwrap().covers(&Pattern::parse(narrow).unwrap())
        };
        assert!(covers("/a*", "/a/*/b"));
        assert!(covers("*b*", "a*b"));
        assert!(covers("a*c*e", "abc*de"));
        assert!(!covers("a*b", "a*"));
        assert!(!covers("/a/b", "/a/*"));
        assert!(covers("*", ""));
        assert!(!covers("\\*", "*"));
        assert!(covers("*", "\\*"));
    }

    #[test]
    fn overlaps_when_a_text_matches_both() {
        let overlaps = |left: &str, right: &str| {
            Pattern::parse(left).unwrap().overlaps(&Pattern::parse(right).unwrap())
        };
        assert!(overlaps("a*", "*b"));
        assert!(overlaps("a*c", "ac"));
        assert!(overlaps("*", ""));
        assert!(!overlaps("a*", "b*"));
        assert!(!overlaps("*x", "*y"));
        assert!(!overlaps("ab", "a"));
    }
}
