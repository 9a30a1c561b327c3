//! The forms in which a secret's text turns up.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use zeroize::Zeroize;

use super::SECRET_CHARACTERS_MIN;

/// RFC 3986's unreserved characters stay as they are.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What ECMAScript's `encodeURIComponent` leaves.
const SCRIPT_COMPONENT: &AsciiSet =
    &COMPONENT.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

/// Of longer secrets, such as keys and certificates, only forms that leave the shortest remainder are searched for: all of them
/// together would be two hundred times as long as the secret.
const LONG_BYTES: usize = 512;

/// Forms of secrets; their texts are wiped when they are dropped.
#[derive(Default)]
pub(super) struct Forms {
    texts: BTreeSet<String>,
    /// So many characters of each text are enough.
    characters_max: Option<usize>,
}

impl Drop for Forms {
    fn drop(&mut self) {
        for mut text in std::mem::take(&mut self.texts) {
            text.zeroize();
        }
    }
}

impl Forms {
    /// Returns forms by which secrets are noticed, not masked: those of so many of their first characters.
    pub(super) fn of_beginnings(characters: usize) -> Self {
        Self { texts: BTreeSet::new(), characters_max: Some(characters) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub(super) fn into_texts(mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.texts)
    }

    /// Adds a secret and, of a structured one such as a webhook's integration, the parts, which leave one by one.
    pub(super) fn add_secret(&mut self, secret: &str) {
        self.add_text(secret);
        if let Ok(parts @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(secret) {
            self.add_parts(parts);
        }
    }

    fn add_parts(&mut self, value: Value) {
        match value {
            Value::String(mut text) => {
                self.add_text(&text);
                text.zeroize();
            }
            Value::Array(items) => items.into_iter().for_each(|item| self.add_parts(item)),
            Value::Object(members) => {
                members.into_iter().for_each(|(_, member)| self.add_parts(member));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn add_text(&mut self, secret: &str) {
        if secret.chars().count() < SECRET_CHARACTERS_MIN {
            return;
        }
        let end = self.characters_max.and_then(|max| secret.char_indices().nth(max));
        let secret = end.map_or(secret, |(end, _)| &secret[..end]);
        let is_long = secret.len() > LONG_BYTES;
        let quoted = Value::from(secret).to_string();
        let inner = &quoted[1..quoted.len() - 1];
        let encoded_too = if is_long { None } else { Some(inner) };
        for text in std::iter::once(secret).chain(encoded_too) {
            self.texts.insert(text.to_owned());
            self.add_base64(text.as_bytes(), is_long);
            self.add_hexadecimal(text.as_bytes());
            self.add_percent(text);
        }
        self.add_escaped(secret, inner, is_long);
    }

    /// Adds the text as it stands alone in base64, and as it stands in the middle of a longer text that is encoded.
    fn add_base64(&mut self, secret: &[u8], is_long: bool) {
        for before in 0..3 {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret);
            // Characters that other bytes have a part in are cut: those before the secret, and those after it.
            let from = (before * 8).div_ceil(6);
            let to = bytes.len() * 8 / 6;
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let mut encoded = engine.encode(&bytes);
                self.texts.insert(encoded[from..to].to_owned());
                if !is_long {
                    // At the end of the encoded text its last character is the secret's own.
                    self.texts.insert(encoded[from..].to_owned());
                }
                encoded.zeroize();
            }
            bytes.zeroize();
        }
    }

    fn add_hexadecimal(&mut self, secret: &[u8]) {
        let (mut lower, mut upper, mut percent) = (String::new(), String::new(), String::new());
        for byte in secret {
            // Writing to a text cannot fail.
            let _ = write!(lower, "{byte:02x}");
            let _ = write!(upper, "{byte:02X}");
            let _ = write!(percent, "%{byte:02X}");
        }
        self.texts.insert(percent.to_ascii_lowercase());
        self.texts.extend([lower, upper, percent]);
    }

    fn add_percent(&mut self, secret: &str) {
        for set in [NON_ALPHANUMERIC, COMPONENT, SCRIPT_COMPONENT] {
            let encoded = utf8_percent_encode(secret, set).to_string();
            self.texts.insert(encoded.replace("%20", "+"));
            self.texts.insert(lower_escapes(&encoded).replace("%20", "+"));
            self.texts.insert(lower_escapes(&encoded));
            self.texts.insert(encoded);
        }
    }

    /// Adds what writers of JSON and of scripts make of the text: each has its own idea of what to escape as `\uXXXX`.
    fn add_escaped(&mut self, secret: &str, inner: &str, is_long: bool) {
        let rules: [fn(char) -> bool; 4] = [
            |_| true,
            |character| !character.is_ascii(),
            |character| matches!(character, '<' | '>' | '&'),
            |character| !character.is_ascii() || "<>&'\"+`".contains(character),
        ];
        let mut texts = vec![inner.to_owned(), inner.replace('/', "\\/")];
        for rule in rules {
            for is_upper in [false, true] {
                let text = escaped(secret, rule, is_upper);
                texts.push(text.replace('/', "\\/"));
                texts.push(text);
            }
        }
        for text in texts {
            if !is_long {
                // JSON text within JSON text, as a log of a JSON log.
                let twice = Value::from(text.as_str()).to_string();
                self.texts.insert(twice[1..twice.len() - 1].to_owned());
            }
            self.texts.insert(text);
        }
    }
}

/// Writes a text as the inside of a JSON string, with `\uXXXX` for what the rule says.
fn escaped(text: &str, is_escaped: fn(char) -> bool, is_upper: bool) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if is_escaped(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = if is_upper {
                    write!(written, "\\u{unit:04X}")
                } else {
                    write!(written, "\\u{unit:04x}")
                };
            }
        } else {
            let quoted = Value::from(character.to_string()).to_string();
            written.push_str(&quoted[1..quoted.len() - 1]);
        }
    }
    written
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
