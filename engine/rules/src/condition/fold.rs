//! Text compared without regard to case.

/// A text whose characters are all in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Folded(Box<[char]>);

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.chars().map(fold).collect())
    }

    pub(crate) fn is_equal_to(&self, text: &str) -> bool {
        self.0.iter().copied().eq(text.chars().map(fold))
    }

    pub(crate) fn is_prefix_of(&self, text: &str) -> bool {
        let mut characters = text.chars().map(fold);
        self.0.iter().all(|wanted| characters.next() == Some(*wanted))
    }

    pub(crate) fn is_suffix_of(&self, text: &str) -> bool {
        let mut characters = text.chars().rev().map(fold);
        self.0.iter().rev().all(|wanted| characters.next() == Some(*wanted))
    }
}

/// The lower case of a character, or itself where that is more than one character.
fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        (_, _) => character,
    }
}
