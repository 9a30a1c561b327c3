//! Takes the texts of secrets out of what is kept or shown.

use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stands in place of a secret.
pub const MASK: &str = "***";
/// Shorter secrets are left alone: their texts turn up by chance.
pub const SECRET_CHARACTERS_MIN: usize = 6;

/// Shorter parts of a structured secret are words such as `https` or `POST`.
const PART_CHARACTERS_MIN: usize = 12;

/// RFC 3986's unreserved characters stay as they are.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Replaces the texts of some secrets, plain, base64, URL-encoded and JSON-escaped.
#[derive(Clone)]
pub struct Scrubber {
    /// Absent when no secret is long enough.
    finder: Option<AhoCorasick>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrubber").finish_non_exhaustive()
    }
}

/// The forms of the secrets are too many or too long to search for.
#[derive(Debug, thiserror::Error)]
#[error("the secrets cannot be searched for: {0}")]
pub struct ScrubError(#[from] aho_corasick::BuildError);

impl Scrubber {
    /// Prepares the search for `secrets`; those under [`SECRET_CHARACTERS_MIN`] characters are left out.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, ScrubError> {
        let mut forms = BTreeSet::new();
        for secret in secrets {
            if secret.chars().count() >= SECRET_CHARACTERS_MIN {
                add_forms(secret, &mut forms);
            }
            // The parts of a structured secret, such as a webhook's address, leave one by one.
            if let Ok(parts @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(secret) {
                add_parts(&parts, &mut forms);
            }
        }
        if forms.is_empty() {
            return Ok(Self { finder: None });
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms)?;
        Ok(Self { finder: Some(finder) })
    }

    /// Returns `text` with every form of every secret replaced by [`MASK`].
    pub fn text(&self, text: String) -> String {
        match &self.finder {
            Some(finder) if finder.is_match(&text) => masked(finder, &text),
            _ => text,
        }
    }

    /// Scrubs every text, every key and every number in `value`.
    pub fn value(&self, value: Value) -> Value {
        if self.finder.is_none() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Number(number) => {
                let text = number.to_string();
                if self.text(text.clone()) == text { Value::Number(number) } else { MASK.into() }
            }
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                let mut scrubbed = serde_json::Map::with_capacity(members.len());
                for (key, member) in members {
                    let mut key = self.text(key);
                    while scrubbed.contains_key(&key) {
                        key.push('*');
                    }
                    scrubbed.insert(key, self.value(member));
                }
                Value::Object(scrubbed)
            }
            Value::Null | Value::Bool(_) => value,
        }
    }
}

fn masked(finder: &AhoCorasick, text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    finder.replace_all_with(text, &mut masked, |_, _, into| {
        into.push_str(MASK);
        true
    });
    masked
}

fn add_parts(value: &Value, forms: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.chars().count() >= PART_CHARACTERS_MIN => {
            add_forms(text, forms);
        }
        Value::Array(items) => items.iter().for_each(|item| add_parts(item, forms)),
        Value::Object(members) => members.values().for_each(|member| add_parts(member, forms)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn add_forms(secret: &str, forms: &mut BTreeSet<String>) {
    forms.insert(secret.to_owned());
    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
        forms.insert(engine.encode(secret));
    }
    let strict = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let component = utf8_percent_encode(secret, COMPONENT).to_string();
    forms.insert(component.replace("%20", "+"));
    forms.insert(lower_escapes(&strict));
    forms.insert(lower_escapes(&component));
    forms.insert(strict);
    forms.insert(component);
    let escaped = Value::from(secret).to_string();
    let inner = &escaped[1..escaped.len() - 1];
    forms.insert(inner.replace('/', "\\/"));
    // JSON text within JSON text, as a log of a JSON log.
    let twice = Value::from(inner).to_string();
    forms.insert(twice[1..twice.len() - 1].to_owned());
    forms.insert(inner.to_owned());
}

/// Returns percent-encoded text with its hexadecimal digits in lower case.
fn lower_escapes(text: &str) -> String {
    let mut lowered = String::with_capacity(text.len());
    let mut escape = 0;
    for character in text.chars() {
        if character == '%' {
            escape = 2;
            lowered.push(character);
        } else if escape > 0 {
            escape -= 1;
            lowered.push(character.to_ascii_lowercase());
        } else {
            lowered.push(character);
        }
    }
    lowered
}
