//! HTTP requests and answers: their bodies may be bytes, and they must still be requests and answers when they are scrubbed.

use std::collections::BTreeSet;

use host_api::request::{Body, Content, HttpResponse, HttpSend, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{MASK, Scrubber};

const REQUEST_MEMBERS: usize = 6;
const RESPONSE_MEMBERS: usize = 4;

/// Returns the scrubbed value of an HTTP request or answer, `None` if `value` is neither.
///
/// Bytes are base64 in JSON: looked through as text they would hide a secret, or be cut within.
pub(crate) fn scrubbed_http(
    scrubber: &Scrubber,
    references: &BTreeSet<String>,
    value: &Value,
) -> Option<Result<Value, serde_json::Error>> {
    if let Some(response) = read::<HttpResponse>(value, RESPONSE_MEMBERS) {
        return Some(serde_json::to_value(scrubber.response(response)));
    }
    let send = read::<HttpSend>(value, REQUEST_MEMBERS)?;
    Some(serde_json::to_value(scrubber.send(send, references)))
}

/// Reads what has exactly these members: none must be lost.
fn read<T: DeserializeOwned + Serialize>(value: &Value, members: usize) -> Option<T> {
    if value.as_object()?.len() != members {
        return None;
    }
    T::deserialize(value).ok()
}

impl Scrubber {
    fn response(&self, response: HttpResponse) -> HttpResponse {
        let headers = response.headers.into_iter();
        HttpResponse {
            headers: headers.map(|(name, value)| (self.text(name), self.text(value))).collect(),
            body: self.body(response.body, &BTreeSet::new()),
            ..response
        }
    }

    fn send(&self, send: HttpSend, references: &BTreeSet<String>) -> HttpSend {
        let is_number_secret = self.finds(send.timeout_ms.to_string().as_bytes());
        let headers = send.headers.into_iter();
        HttpSend {
            method: self.text(send.method),
            url: self.text(send.url),
            headers: headers
                .map(|(name, text)| (self.text(name), self.parts(text, references)))
                .collect(),
            body: send.body.map(|body| self.body(body, references)),
            timeout_ms: if is_number_secret { 0 } else { send.timeout_ms },
            repeatable: send.repeatable,
        }
    }

    fn body(&self, body: Body, references: &BTreeSet<String>) -> Body {
        match body {
            Body::Text(text) => Body::Text(self.parts(text, references)),
            Body::Bytes(bytes) => {
                let scrubbed = Body::Bytes(self.bytes(bytes));
                // As base64 it is searched too: somebody may have chosen bytes whose base64 is the secret.
                let shown = serde_json::to_vec(&scrubbed).unwrap_or_default();
                if self.finds(&shown) { Body::Bytes(MASK.into()) } else { scrubbed }
            }
        }
    }

    fn parts(&self, text: Text, references: &BTreeSet<String>) -> Text {
        let part = |content| match content {
            Content::Plain(text) => Content::Plain(self.text(text)),
            // A reference is a name, not a text.
            Content::Secret(name) if references.contains(&name) => Content::Secret(name),
            Content::Secret(name) => Content::Secret(self.text(name)),
        };
        Text(text.0.into_iter().map(part).collect())
    }
}
