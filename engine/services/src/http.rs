//! HTTP requests of steps: secrets are put in at the edge, and nobody else sees them.

use host_api::grant::Grants;
use host_api::identifier::Digest;
use host_api::request::{Body, Content, HttpResponse, HttpSend, Text};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::Services;
use crate::error::{ErrorKind, ServiceError};
use crate::outbound::{OutboundError, Outgoing, Received};

/// RFC 3986's unreserved characters stay as they are.
const FORM_ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const EFFECT_HEADER: HeaderName = HeaderName::from_static("idempotency-key");

impl Services {
    /// Sends a request with `Idempotency-Key: <effect id>`.
    ///
    /// Nothing sent: an error that may be retried. Sent and not answered: [`ErrorKind::Unknown`], unless the request may be
    /// repeated; then it was, and the error may be retried. Answered by a redirect that could not be followed: likewise.
    pub async fn send_http(
        &self,
        send: &HttpSend,
        effect: &Digest,
        grants: &Grants,
    ) -> Result<HttpResponse, ServiceError> {
        let repeatable = send.repeatable || matches!(send.method.as_str(), "GET" | "HEAD");
        let request = self.with_secrets(send, effect, repeatable).await?;
        // What a step was shown of a secret stands in its requests as plain text.
        let mut trouble = None;
        let mut holds_secret = |texts: &[&[u8]]| {
            self.revealed().is_in(texts).unwrap_or_else(|error| {
                trouble = Some(error);
                true
            })
        };
        let answer = self.outbound().send(request, grants, &mut holds_secret).await;
        if let Some(error) = trouble {
            tracing::error!(%error, "a redirect was not followed: the request could not be searched for secrets");
        }
        match answer {
            Ok(received) => Ok(response(received)),
            Err(error) => Err(service_error(&error, repeatable)),
        }
    }

    async fn with_secrets(
        &self,
        send: &HttpSend,
        effect: &Digest,
        repeatable: bool,
    ) -> Result<Outgoing, ServiceError> {
        let invalid = |error: OutboundError| service_error(&error, repeatable);
        let url = Outgoing::parse_url(&send.url).map_err(invalid)?;
        let mut headers = Vec::with_capacity(send.headers.len() + 1);
        for (name, text) in &send.headers {
            let (value, secret) = self.resolved(text, Escape::None).await?;
            let header = Outgoing::parse_header(name, &value, secret).map_err(invalid)?;
            if header.0 == EFFECT_HEADER {
                return Err(ServiceError::validation(
                    "the header Idempotency-Key is set by the host: it is the id of the effect",
                ));
            }
            headers.push(header);
        }
        let key = HeaderValue::from_str(effect.as_str())
            .map_err(|error| ServiceError::internal(error.to_string()))?;
        headers.push((EFFECT_HEADER, key));
        let (body, secret_body) = self.body(send, &headers).await?;
        Ok(Outgoing {
            method: send.method.clone(),
            url,
            headers,
            body,
            timeout_ms: send.timeout_ms,
            repeatable,
            secret_body,
        })
    }

    async fn body(
        &self,
        send: &HttpSend,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<(Option<Zeroizing<Vec<u8>>>, bool), ServiceError> {
        match &send.body {
            None => Ok((None, false)),
            Some(Body::Bytes(bytes)) => Ok((Some(Zeroizing::new(bytes.clone())), false)),
            Some(Body::Text(text)) => {
                let escape = Escape::of_body(headers);
                let (text, secret) = self.resolved(text, escape).await?;
                Ok((Some(Zeroizing::new(text.as_bytes().to_vec())), secret))
            }
        }
    }

    /// Puts the secrets in; returns whether there was one.
    async fn resolved(
        &self,
        text: &Text,
        escape: Escape,
    ) -> Result<(Zeroizing<String>, bool), ServiceError> {
        let mut resolved = Zeroizing::new(String::new());
        let mut has_secret = false;
        for part in &text.0 {
            match part {
                Content::Plain(plain) => resolved.push_str(plain),
                Content::Secret(reference) => {
                    has_secret = true;
                    let secret = self.resolve_secret(reference).await?;
                    match escape {
                        Escape::None => resolved.push_str(secret.expose()),
                        Escape::Form => {
                            let parts = utf8_percent_encode(secret.expose(), FORM_ESCAPED);
                            parts.for_each(|part| resolved.push_str(part));
                        }
                        Escape::Json => {
                            let quoted = serde_json::to_string(secret.expose()).map(Zeroizing::new);
                            let quoted = quoted
                                .map_err(|error| ServiceError::internal(error.to_string()))?;
                            resolved.push_str(&quoted[1..quoted.len() - 1]);
                        }
                    }
                }
            }
        }
        Ok((resolved, has_secret))
    }
}

/// How a secret is written where it stands.
#[derive(Clone, Copy)]
enum Escape {
    None,
    /// Inside a JSON string.
    Json,
    /// Inside a name or value of an HTML form.
    Form,
}

impl Escape {
    /// Returns how secrets are written in a body of the type that the headers say.
    fn of_body(headers: &[(HeaderName, HeaderValue)]) -> Self {
        let kind = headers.iter().find(|(name, _)| *name == CONTENT_TYPE);
        let kind = kind.and_then(|(_, value)| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            kind if kind.ends_with("+json") => Self::Json,
            _ => Self::None,
        }
    }
}

fn response(received: Received) -> HttpResponse {
    let body = match String::from_utf8(received.body) {
        Ok(text) => Body::Text(Text(vec![Content::Plain(text)])),
        Err(error) => Body::Bytes(error.into_bytes()),
    };
    HttpResponse {
        status: received.status,
        headers: received.headers,
        body,
        truncated: received.truncated,
    }
}

fn service_error(error: &OutboundError, repeatable: bool) -> ServiceError {
    let (kind, code) = match error {
        OutboundError::Invalid(_) => (ErrorKind::Request, "InvalidRequest"),
        OutboundError::Denied(_) => (ErrorKind::Denied, "Denied"),
        OutboundError::Unreachable { .. } => (ErrorKind::Transient, "Unreachable"),
        OutboundError::Unanswered { .. } if repeatable => (ErrorKind::Transient, "Unanswered"),
        OutboundError::Unanswered { .. } => (ErrorKind::Unknown, "Unanswered"),
        OutboundError::Redirects { .. } => (ErrorKind::Request, "TooManyRedirects"),
        OutboundError::Redirected { .. } => (ErrorKind::Unknown, "Redirected"),
    };
    ServiceError::new(kind, code, error.to_string())
}
