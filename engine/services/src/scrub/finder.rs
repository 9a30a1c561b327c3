//! Finds the forms of secrets in text and bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use zeroize::Zeroize;

use super::forms::Forms;

/// How much of a form the automaton holds. Its size follows from this and the number of forms, however long these are; what
/// follows a head is compared where the head was found.
const HEAD_BYTES: usize = 32;

pub(super) struct Finder {
    heads: AhoCorasick,
    /// By the number of its head, the forms that begin so, longest first.
    forms: Vec<Vec<String>>,
}

impl Finder {
    pub(super) fn new(forms: Forms) -> Result<Self, aho_corasick::BuildError> {
        let mut by_head: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
        for form in forms.into_texts() {
            let head = form.as_bytes()[..form.len().min(HEAD_BYTES)].to_vec();
            by_head.entry(head).or_default().push(form);
        }
        for forms in by_head.values_mut() {
            forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        }
        let (heads, forms): (Vec<_>, Vec<_>) = by_head.into_iter().unzip();
        let heads = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&heads)?;
        Ok(Self { heads, forms })
    }

    /// Returns where forms stand, in order and apart; forms that overlap make one span.
    pub(super) fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for found in self.heads.find_overlapping_iter(text) {
            let rest = &text[found.start()..];
            let mut forms = self.forms[found.pattern().as_usize()].iter();
            let Some(form) = forms.find(|form| rest.starts_with(form.as_bytes())) else { continue };
            let mut span = found.start()..found.start() + form.len();
            // Heads come in the order of their ends, so a span can only reach into the last ones.
            while let Some(last) = spans.pop_if(|last| span.start < last.end) {
                span = span.start.min(last.start)..span.end.max(last.end);
            }
            spans.push(span);
        }
        spans
    }
}

impl Drop for Finder {
    fn drop(&mut self) {
        self.forms.iter_mut().flatten().for_each(Zeroize::zeroize);
    }
}
