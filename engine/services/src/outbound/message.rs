//! Requests and answers of the client.

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::{OutboundError, REQUEST_BODY_BYTES_MAX};

/// Headers that the client writes itself or that would change how the message is framed.
const RESERVED: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const HEADERS_MAX: usize = 100;
const HEADER_BYTES_MAX: usize = 32 << 10;

/// A request with its secrets put in.
#[derive(Clone)]
pub struct Outgoing {
    pub method: String,
    pub url: Url,
    /// A value that held a secret is marked as sensitive: another origin does not get it.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Option<Zeroizing<Vec<u8>>>,
    /// For everything together, redirects too.
    pub timeout_ms: u32,
    /// Whether it may be sent again when nobody answered.
    pub repeatable: bool,
    /// Whether the body held a secret: another origin does not get it.
    pub secret_body: bool,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("body_bytes", &self.body.as_ref().map(|body| body.len()))
            .finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub status: u16,
    /// In the order they came; a value that is not UTF-8 is shown with replacement characters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body was longer than [`host_api::limits::HTTP_BODY_BYTES_MAX`], or broke off.
    pub truncated: bool,
}

impl Outgoing {
    /// Reads a URL: `http` or `https`, with a host, without credentials.
    pub fn parse_url(text: &str) -> Result<Url, OutboundError> {
        let url = Url::parse(text)
            .map_err(|error| OutboundError::Invalid(format!("{text:?} is not a URL: {error}")))?;
        check_url(&url)?;
        Ok(url)
    }

    /// Reads one header. A name or value that could break out of its line is refused.
    pub fn parse_header(
        name: &str,
        value: &str,
        secret: bool,
    ) -> Result<(HeaderName, HeaderValue), OutboundError> {
        let bad = |what: &str| OutboundError::Invalid(format!("the header {name:?} {what}"));
        let parsed =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("is not a header's name"))?;
        if RESERVED.contains(&parsed.as_str()) {
            return Err(bad("is set by the host and cannot be given"));
        }
        let mut parsed_value = HeaderValue::from_str(value)
            .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
            .map_err(|_| bad("has a value with control characters"))?;
        parsed_value.set_sensitive(secret);
        Ok((parsed, parsed_value))
    }

    pub(super) fn check(&self) -> Result<(), OutboundError> {
        check_url(&self.url)?;
        self.parsed_method()?;
        let bytes: usize =
            self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if self.headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
            return Err(OutboundError::Invalid(format!(
                "at most {HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes together are sent"
            )));
        }
        let body_bytes = self.body.as_ref().map_or(0, |body| body.len());
        if body_bytes > REQUEST_BODY_BYTES_MAX {
            return Err(OutboundError::Invalid(format!(
                "the body has {body_bytes} bytes, at most {REQUEST_BODY_BYTES_MAX} are sent"
            )));
        }
        Ok(())
    }

    pub(super) fn parsed_method(&self) -> Result<Method, OutboundError> {
        let invalid = || {
            OutboundError::Invalid(format!(
                "the method {:?} is not one of {}",
                self.method,
                METHODS.join(", ")
            ))
        };
        if !METHODS.contains(&self.method.as_str()) {
            return Err(invalid());
        }
        Method::from_bytes(self.method.as_bytes()).map_err(|_| invalid())
    }
}

fn check_url(url: &Url) -> Result<(), OutboundError> {
    let bad = |why: &str| Err(OutboundError::Invalid(format!("the URL {why}")));
    if !matches!(url.scheme(), "http" | "https") {
        return bad("must begin with http:// or https://");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return bad("has no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("must not carry credentials");
    }
    Ok(())
}
