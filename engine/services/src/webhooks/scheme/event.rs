//! What a delivery says of itself, read only once its signature is known to be good.

use serde_json::Value;

use super::headers::Headers;
use super::options::GitlabForm;
use super::standard::ID_HEADER;
use super::{Cause, Scheme, Verified};

/// The longest text that is taken out of a body, in bytes.
const TEXT_BYTES_MAX: usize = 1_024;

impl Scheme {
    pub(super) fn describe(&self, headers: Headers<'_>, body: &[u8]) -> Result<Verified, Cause> {
        let verified = match self {
            Self::Github(_) => {
                named(headers.name("X-GitHub-Delivery")?, headers.name("X-GitHub-Event")?)
            }
            Self::Gitlab(gitlab) => {
                let id = match gitlab.form {
                    GitlabForm::Signed => headers.name(ID_HEADER)?,
                    GitlabForm::Token => match headers.name("Idempotency-Key")? {
                        Some(id) => Some(id),
                        None => headers.name("X-Gitlab-Event-UUID")?,
                    },
                };
                named(id, headers.name("X-Gitlab-Event")?)
            }
            Self::Stripe(_) => {
                let body = json(body);
                named(text(&body, "/id"), text(&body, "/type"))
            }
            Self::Slack(_) => slack(&json(body)),
            Self::Pagerduty(_) => {
                let body = json(body);
                named(text(&body, "/event/id"), text(&body, "/event/event_type"))
            }
            Self::Standard(_) => named(headers.name(ID_HEADER)?, text(&json(body), "/type")),
            Self::Grafana(_) => Verified::default(),
            Self::Bearer(options) => options.names.read(headers)?,
            Self::Hmac(options) => options.names.read(headers)?,
        };
        Ok(verified)
    }
}

impl super::options::NameHeaders {
    fn read(&self, headers: Headers<'_>) -> Result<Verified, Cause> {
        let name = |header: &Option<hyper::header::HeaderName>| match header {
            Some(header) => headers.name(header.as_str()),
            None => Ok(None),
        };
        Ok(named(name(&self.delivery)?, name(&self.event)?))
    }
}

fn named(delivery_id: Option<String>, event_type: Option<String>) -> Verified {
    Verified { delivery_id, event_type, challenge: None }
}

fn slack(body: &Value) -> Verified {
    let kind = text(body, "/type");
    let is_question = kind.as_deref() == Some("url_verification");
    Verified {
        delivery_id: text(body, "/event_id"),
        challenge: text(body, "/challenge").filter(|_| is_question),
        event_type: text(body, "/event/type").or(kind),
    }
}

/// Reads a body that may be anything; what is not JSON says nothing of itself.
fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

fn text(body: &Value, pointer: &str) -> Option<String> {
    let text = body.pointer(pointer)?.as_str()?;
    (!text.is_empty() && text.len() <= TEXT_BYTES_MAX).then(|| text.to_owned())
}
