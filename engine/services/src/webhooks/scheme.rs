//! The schemes by which senders sign webhooks, checked over the raw bytes of the body.
//!
//! Pure: the time and the secrets are arguments. Comparisons take the same time whatever they find, and every secret is tried against every signature.
//!
//! In a rule file: `verify: { scheme: github, secret: /hooks/github }`, where the secret is the name of a `SecureString` parameter, or a
//! list of names while it is rotated.

mod check;
mod event;
mod headers;
mod options;
mod refused;
mod signature;
mod standard;

use hyper::HeaderMap;
use serde::Deserialize;

use crate::Sensitive;
use headers::Headers;
pub use options::{
    Bearer, Digest, Encoding, Gitlab, GitlabForm, Grafana, Hmac, SECRETS_MAX, SecretNames, Signed,
    Stamped, TOLERANCE_MS_MAX, Tolerance,
};
pub use refused::{Cause, Refused};
pub use standard::{ID_HEADER, SIGNATURE_HEADER, SignError, SignedHeaders, TIMESTAMP_HEADER, sign};

/// The largest body that is checked, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How far the timestamp of a delivery may be from now in either direction, unless an option says otherwise.
pub const TOLERANCE_MS: u64 = 300 * 1_000;

/// How a sender signs, as a rule file writes it; each scheme has only its own options.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "scheme", rename_all = "lowercase")]
pub enum Scheme {
    /// `X-Hub-Signature-256`: `sha256=` and the HMAC of the body. The older SHA-1 header is never looked at.
    Github(Signed),
    /// `X-Gitlab-Token`, or the headers of Standard Webhooks with `form: signed`.
    Gitlab(Gitlab),
    /// `Stripe-Signature`: `t=`, and HMACs `v1=` of `{t}.{body}`.
    Stripe(Stamped),
    /// `X-Slack-Signature` over `v0:{timestamp}:{body}`; answers Slack's question whether the address is ours.
    Slack(Stamped),
    /// `X-PagerDuty-Signature`: HMACs `v1=` of the body.
    Pagerduty(Signed),
    /// `X-Grafana-Alerting-Signature`, or another header; with a timestamp header over `{timestamp}:{body}`.
    Grafana(Grafana),
    /// Standard Webhooks: `v1` by HMAC, `v1a` by ed25519 where the secret is a public key `whpk_`.
    Standard(Stamped),
    /// `Authorization: Bearer <secret>`, as Alertmanager sends it.
    Bearer(Bearer),
    /// An HMAC of the body in a header of choice.
    Hmac(Hmac),
}

/// A delivery as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub headers: &'a HeaderMap,
    /// The bytes as they were sent, before any reading of them.
    pub body: &'a [u8],
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: u64,
}

/// What is known of a delivery that its sender signed.
///
/// An identifier that stands in a header which the sender does not sign is only good against the sender's own repetitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// The sender's identifier of the delivery, the same when it is sent again; without one, the hash of the body may serve.
    pub delivery_id: Option<String>,
    /// The sender's name of what happened.
    pub event_type: Option<String>,
    /// What to answer, as plain text, instead of starting anything: Slack asks whether the address is ours.
    pub challenge: Option<String>,
}

impl Scheme {
    /// Returns the names of the parameters whose values [`Scheme::verify`] needs: the current one first.
    pub fn secret_names(&self) -> &SecretNames {
        match self {
            Self::Github(options) | Self::Pagerduty(options) => &options.secret,
            Self::Stripe(options) | Self::Slack(options) | Self::Standard(options) => {
                &options.secret
            }
            Self::Gitlab(options) => &options.secret,
            Self::Grafana(options) => &options.secret,
            Self::Bearer(options) => &options.secret,
            Self::Hmac(options) => &options.secret,
        }
    }

    /// Checks a delivery against the values of [`Scheme::secret_names`]; any of them may have signed it.
    ///
    /// # Errors
    /// One kind for everything that is wrong, to be told to the sender as it is; the cause is for the log.
    pub fn verify(
        &self,
        request: &Request<'_>,
        secrets: &[Sensitive],
    ) -> Result<Verified, Refused> {
        if request.body.len() > BODY_BYTES_MAX {
            return Err(Cause::BodyTooLarge.into());
        }
        if secrets.is_empty() || secrets.len() > SECRETS_MAX {
            return Err(Cause::SecretCount.into());
        }
        let headers = Headers::new(request.headers);
        self.check(headers, request, secrets)?;
        Ok(self.describe(headers, request.body)?)
    }
}
