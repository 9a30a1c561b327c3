//! Takes the texts of secrets out of what is kept or shown.

mod finder;
mod forms;
mod http;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use finder::Finder;
use forms::Forms;

pub(crate) use http::scrubbed_http;

/// What stands in place of a secret.
pub const MASK: &str = "***";
/// Shorter secrets are left alone: their texts turn up by chance.
pub const SECRET_CHARACTERS_MIN: usize = 6;

/// A text that begins as a secret does for so long holds the secret.
const NOTICED_CHARACTERS: usize = 32;

/// Replaces the texts of some secrets, plain and in the encodings in which programs echo them.
#[derive(Clone)]
pub struct Scrubber {
    /// Absent when no secret is long enough.
    finder: Option<Arc<Finder>>,
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
        Self::of(Forms::default(), secrets)
    }

    /// As [`Scrubber::new`], to notice secrets by their beginnings: cheap for many, and nothing to mask them with.
    pub(crate) fn noticing<'a>(
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ScrubError> {
        Self::of(Forms::of_beginnings(NOTICED_CHARACTERS), secrets)
    }

    fn of<'a>(
        mut forms: Forms,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ScrubError> {
        for secret in secrets {
            forms.add_secret(secret);
        }
        let finder = if forms.is_empty() { None } else { Some(Arc::new(Finder::new(forms)?)) };
        Ok(Self { finder })
    }

    /// Returns whether some form of some secret is in `bytes`.
    pub fn finds(&self, bytes: &[u8]) -> bool {
        self.finder.as_ref().is_some_and(|finder| !finder.spans(bytes).is_empty())
    }

    /// Returns `text` with every form of every secret replaced by [`MASK`].
    pub fn text(&self, text: String) -> String {
        let Some(finder) = &self.finder else { return text };
        let spans = finder.spans(text.as_bytes());
        if spans.is_empty() {
            return text;
        }
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for span in spans {
            // A form is a text, so it begins and ends between characters of a text that holds it.
            masked.push_str(&text[from..span.start]);
            masked.push_str(MASK);
            from = span.end;
        }
        masked.push_str(&text[from..]);
        masked
    }

    /// Returns `bytes`, which need not be text, with every form of every secret replaced by [`MASK`].
    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let Some(finder) = &self.finder else { return bytes };
        let spans = finder.spans(&bytes);
        if spans.is_empty() {
            return bytes;
        }
        let mut masked = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for span in spans {
            masked.extend_from_slice(&bytes[from..span.start]);
            masked.extend_from_slice(MASK.as_bytes());
            from = span.end;
        }
        masked.extend_from_slice(&bytes[from..]);
        masked
    }

    /// Scrubs every text, every key and every number in `value`.
    pub fn value(&self, value: Value) -> Value {
        if self.finder.is_none() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Number(number) => {
                if self.finds(number.to_string().as_bytes()) {
                    MASK.into()
                } else {
                    Value::Number(number)
                }
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
