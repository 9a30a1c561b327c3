//! Redirects, followed by hand.

use hyper::header::CONTENT_TYPE;
use url::Url;

use super::{HoldsSecret, OutboundError, Outgoing, Received, without_query};

/// Headers that another origin gets: what says how to answer and what the body is. Any other may be a credential by a name that
/// only its server knows. `Content-Length` is written anew.
const HARMLESS: [&str; 13] = [
    "accept",
    "accept-charset",
    "accept-language",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-type",
    "idempotency-key",
    "if-modified-since",
    "if-none-match",
    "pragma",
    "range",
    "user-agent",
];

pub(super) enum Next {
    Request(Box<Outgoing>),
    Done,
}

/// Returns the request that an answer asks for, if it is a redirect with a place to go.
///
/// As browsers do, 303 turns all but HEAD into GET, and 301 and 302 turn POST into GET. All headers but harmless ones stay with their
/// origin. The body of a request that held a secret is not sent to another origin at all.
pub(super) fn next(
    mut request: Outgoing,
    received: &Received,
    holds_secret: HoldsSecret<'_>,
) -> Result<Next, OutboundError> {
    let to_get = match (received.status, request.method.as_str()) {
        (303, "HEAD") | (307 | 308, _) => false,
        (303, _) | (301 | 302, "POST") => true,
        (301 | 302, _) => false,
        _ => return Ok(Next::Done),
    };
    let Some(location) = location(received) else { return Ok(Next::Done) };
    let target = target(&request.url, location)?;
    if to_get {
        "GET".clone_into(&mut request.method);
        request.body = None;
        request.secret_body = false;
        request.headers.retain(|(name, _)| *name != CONTENT_TYPE);
    }
    if target.origin() != request.url.origin() {
        if request.body.is_some() && is_secret(&request, holds_secret) {
            return Err(OutboundError::Denied(format!(
                "the redirect to {} would carry the body of a request that holds a secret to another origin",
                without_query(&target)
            )));
        }
        request
            .headers
            .retain(|(name, value)| HARMLESS.contains(&name.as_str()) && !value.is_sensitive());
        let values: Vec<&[u8]> =
            request.headers.iter().map(|(_, value)| value.as_bytes()).collect();
        if holds_secret(&values) {
            request.headers.retain(|(_, value)| !holds_secret(&[value.as_bytes()]));
        }
    }
    request.url = target;
    Ok(Next::Request(Box::new(request)))
}

fn location(received: &Received) -> Option<&str> {
    let location = received.headers.iter().find(|(name, _)| name == "location");
    location.map(|(_, location)| location.as_str())
}

/// Returns the part of an answer's location that may stand in an error: queries carry credentials.
pub(super) fn shown_location(received: &Received) -> String {
    let location = location(received).unwrap_or_default();
    location.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn is_secret(request: &Outgoing, holds_secret: HoldsSecret<'_>) -> bool {
    if request.secret_body || request.headers.iter().any(|(_, value)| value.is_sensitive()) {
        return true;
    }
    let mut texts: Vec<&[u8]> = request.headers.iter().map(|(_, value)| value.as_bytes()).collect();
    texts.extend(request.body.as_ref().map(|body| body.as_slice()));
    holds_secret(&texts)
}

fn target(base: &Url, location: &str) -> Result<Url, OutboundError> {
    let mut url = base
        .join(location)
        .map_err(|error| OutboundError::Invalid(format!("a redirect to no URL: {error}")))?;
    url.set_fragment(None);
    if base.scheme() == "https" && url.scheme() != "https" {
        return Err(OutboundError::Denied("a redirect from https to http".to_owned()));
    }
    Outgoing::parse_url(url.as_str())
}
