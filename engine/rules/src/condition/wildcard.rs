//! Wildcards: `*` stands for any text, `\*` and `\\` for themselves.

use std::collections::BTreeMap;

/// How many beginnings of a wildcard one text may be in at once before the pattern is refused.
///
/// The service refuses `*:*:*:*:*:event-bus/*` (11 by this count) and accepts `/Users/*/dir/dir/dir/dir/dir/doc.txt` (7); where
/// between them its limit lies is not published.
pub const WILDCARD_COMPLEXITY_MAX: usize = 10;

/// A compiled wildcard: the texts between the stars.
///
/// Matching takes each middle text where it occurs first, so it is linear in the value's length.
#[derive(Debug, Clone)]
pub(crate) struct Wildcard {
    first: Box<str>,
    /// What follows the first star, if there is one.
    rest: Option<AfterStar>,
}

#[derive(Debug, Clone)]
struct AfterStar {
    middle: Vec<Box<str>>,
    last: Box<str>,
}

/// Why a text is no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WildcardError {
    /// Two stars side by side. The position counts bytes of the value and its opening quote.
    #[error("Consecutive wildcard characters at pos {0}")]
    Consecutive(usize),
    /// A backslash before something else than a star or a backslash.
    #[error("Invalid escape character at pos {0}")]
    Escape(usize),
    /// More than [`WILDCARD_COMPLEXITY_MAX`].
    #[error(
        "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character"
    )]
    TooComplex,
}

impl Wildcard {
    /// Reads a wildcard.
    pub(crate) fn parse(source: &str) -> Result<Self, WildcardError> {
        let mut texts = vec![String::new()];
        let mut characters = source.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            match (character, next) {
                ('*', Some('*')) => return Err(WildcardError::Consecutive(at + 1)),
                ('*', _) => texts.push(String::new()),
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    characters.next();
                    push(&mut texts, escaped);
                }
                ('\\', _) => return Err(WildcardError::Escape(at + 1)),
                (plain, _) => push(&mut texts, plain),
            }
        }
        if complexity(&texts) > WILDCARD_COMPLEXITY_MAX {
            return Err(WildcardError::TooComplex);
        }
        let mut texts = texts.into_iter().map(String::into_boxed_str);
        let first = texts.next().unwrap_or_default();
        let mut middle: Vec<_> = texts.collect();
        let rest = middle.pop().map(|last| AfterStar { middle, last });
        Ok(Self { first, rest })
    }

    /// Says whether the whole of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some(AfterStar { middle, last }) = &self.rest else { return *self.first == *text };
        let Some(inner) = text.strip_prefix(&*self.first) else { return false };
        let Some(mut inner) = inner.strip_suffix(&**last) else { return false };
        for wanted in middle {
            let Some(at) = inner.find(&**wanted) else { return false };
            inner = &inner[at + wanted.len()..];
        }
        true
    }

    /// What each matching text begins with.
    pub(crate) fn prefix(&self) -> &str {
        &self.first
    }

    /// What each matching text ends with.
    pub(crate) fn suffix(&self) -> &str {
        self.rest.as_ref().map_or(&*self.first, |rest| &*rest.last)
    }
}

fn push(texts: &mut [String], character: char) {
    if let Some(last) = texts.last_mut() {
        last.push(character);
    }
}

/// How many beginnings of the wildcard the worst text is in at once: each star, and each beginning of a text after a star that is
/// also an ending of the longest such beginning. Counted over a trie with failure links (Aho and Corasick), in linear time.
fn complexity(texts: &[String]) -> usize {
    let stars = texts.len() - 1;
    let mut trie = vec![Node::default()];
    for text in texts.iter().skip(1) {
        let mut at = 0;
        for byte in text.bytes() {
            let new = trie.len();
            at = *trie[at].next.entry(byte).or_insert(new);
            if at == new {
                trie.push(Node::default());
            }
            trie[at].beginnings += 1;
        }
    }
    stars + most_endings(&mut trie)
}

#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<u8, usize>,
    /// How many texts begin so; then, how many beginnings of texts are endings of this one.
    beginnings: usize,
    /// The longest proper ending that is a beginning, too.
    fallback: usize,
}

fn most_endings(trie: &mut [Node]) -> usize {
    let mut most = 0;
    let mut queue = std::collections::VecDeque::from([0]);
    while let Some(at) = queue.pop_front() {
        let steps: Vec<_> = trie[at].next.iter().map(|(byte, next)| (*byte, *next)).collect();
        for (byte, next) in steps {
            let mut fallback = trie[at].fallback;
            while fallback != 0 && !trie[fallback].next.contains_key(&byte) {
                fallback = trie[fallback].fallback;
            }
            let found = trie[fallback].next.get(&byte).copied().unwrap_or(0);
            trie[next].fallback = if found == next { 0 } else { found };
            trie[next].beginnings += trie[trie[next].fallback].beginnings;
            most = most.max(trie[next].beginnings);
            queue.push_back(next);
        }
    }
    most
}
