//! Redirects, followed by hand.

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName};
use url::Url;

use super::{OutboundError, Outgoing, Received};

/// Headers that are credentials whatever their value.
const CREDENTIALS: &[HeaderName] = &[AUTHORIZATION, COOKIE];

pub(super) enum Next {
    Request(Box<Outgoing>),
    Done,
}

/// Returns the request that an answer asks for, if it is a redirect with a place to go.
///
/// As browsers do, 303 turns all but HEAD into GET, and 301 and 302 turn POST into GET. Credentials stay with their
/// origin. A body that held a secret is not sent to another origin at all.
pub(super) fn next(mut request: Outgoing, received: &Received) -> Result<Next, OutboundError> {
    let to_get = match (received.status, request.method.as_str()) {
        (303, "HEAD") | (307 | 308, _) => false,
        (303, _) | (301 | 302, "POST") => true,
        (301 | 302, _) => false,
        _ => return Ok(Next::Done),
    };
    let location = received.headers.iter().find(|(name, _)| name == "location");
    let Some((_, location)) = location else { return Ok(Next::Done) };
    let target = target(&request.url, location)?;
    if to_get {
        "GET".clone_into(&mut request.method);
        request.body = None;
        request.secret_body = false;
        request.headers.retain(|(name, _)| *name != CONTENT_TYPE);
    }
    if target.origin() != request.url.origin() {
        if request.secret_body {
            return Err(OutboundError::Denied(
                "a redirect to another origin would carry a secret of the body there".to_owned(),
            ));
        }
        request
            .headers
            .retain(|(name, value)| !CREDENTIALS.contains(name) && !value.is_sensitive());
    }
    request.url = target;
    Ok(Next::Request(Box::new(request)))
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
