//! Outbound HTTP. The host resolves, checks every address, connects, and follows redirects only where granted.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::runwright::host::http as host;
use crate::failure::Failure;
use crate::secret::TextOrSecret;

const TIMEOUT_MS_DEFAULT: u32 = 30_000;

/// A request to send.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, TextOrSecret)>,
    body: Option<Vec<u8>>,
    timeout_ms: u32,
    repeatable: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body was longer than the host's limit and is cut.
    pub truncated: bool,
}

impl Request {
    /// Begins a request. `method` is in upper case, `url` begins with `http:` or `https:`.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout_ms: TIMEOUT_MS_DEFAULT,
            repeatable: false,
        }
    }

    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header; a secret is put in by the host.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<TextOrSecret>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds `Authorization: Bearer`.
    pub fn bearer(self, token: &TextOrSecret) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_sent()))
    }

    /// Adds a pair to the query, percent-encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let fragment = self.url.find('#').map(|position| self.url.split_off(position));
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        encode(name, &mut self.url);
        self.url.push('=');
        encode(value, &mut self.url);
        self.url.push_str(fragment.as_deref().unwrap_or_default());
        self
    }

    /// Sets the body. The handle of a secret in it is replaced by the host.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets a JSON body and its content type.
    ///
    /// # Errors
    /// `InvalidRequest` when `value` has no JSON.
    pub fn json<T: Serialize>(self, value: &T) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value).map_err(|error| {
            Failure::new("InvalidRequest", format!("the body cannot be written as JSON: {error}"))
        })?;
        let typed = self.has_header("content-type");
        let request = self.body(body);
        Ok(if typed { request } else { request.header("content-type", "application/json") })
    }

    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// Says that the host may send it again when it cannot know whether an earlier try arrived. GET and HEAD always
    /// are; every request carries an `Idempotency-Key`.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// Returns whether a header of that name is set.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(set, _)| set.eq_ignore_ascii_case(name))
    }

    /// Returns the URL with its query.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends it. Needs `http:<METHOD>:<url>`. An answer of any status is an answer, not a failure.
    ///
    /// # Errors
    /// `Denied`, `InvalidRequest`, `ConnectionFailed`, `Timeout`; kind `Unknown` when the request may have arrived and
    /// no answer came.
    pub fn send(self) -> Result<Response, Failure> {
        let request = host::Request {
            method: self.method,
            url: self.url,
            headers: self
                .headers
                .into_iter()
                .map(|(name, value)| host::Header { name, value: value.as_sent().to_owned() })
                .collect(),
            body: self.body,
            timeout_ms: self.timeout_ms,
            repeatable: self.repeatable,
        };
        let response = host::send(&request)?;
        Ok(Response {
            status: response.status,
            headers: response
                .headers
                .into_iter()
                .map(|header| (header.name, header.value))
                .collect(),
            body: response.body,
            truncated: response.truncated,
        })
    }
}

impl Response {
    /// Returns the first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(set, _)| set.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns whether the content type is JSON, `application/problem+json` and the like included.
    pub fn is_json(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json")
    }

    /// Returns the body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// `BadAnswer` when it is none, or was cut.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let cut = if self.truncated { " and was cut" } else { "" };
            Failure::new("BadAnswer", format!("the answer is not the expected JSON{cut}: {error}"))
        })
    }
}

fn encode(text: &str, url: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push('%');
            url.push(char::from(DIGITS[usize::from(byte >> 4)]));
            url.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}
