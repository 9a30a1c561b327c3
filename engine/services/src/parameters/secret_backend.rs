//! Where the secrets are that `/aws/reference/secretsmanager/<secret>` refers to.

mod secrets_manager;
mod vault;

use std::fmt;

use async_trait::async_trait;
use host_api::grant::{GrantSet, Grants, Origin};
use hyper::header::{HeaderName, HeaderValue};
use ssm_model::{Sensitive, Timestamp};
use url::Url;
use zeroize::Zeroizing;

use crate::outbound::{Outbound, OutboundError, Outgoing, Received};

pub use secrets_manager::{SecretsManager, SecretsManagerSettings};
pub use vault::{Vault, VaultSettings};

/// How long a backend may take to answer.
const TIMEOUT_MS: u32 = 10_000;

/// Which secret is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedSecret {
    /// What stands after `/aws/reference/secretsmanager/`.
    pub id: String,
    /// The version or stage behind the colon; the current one when absent.
    pub version: Option<String>,
}

/// A secret as a backend has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Secret {
    pub arn: String,
    pub name: String,
    pub version_id: String,
    /// Absent for a secret that is no text.
    pub value: Option<Sensitive>,
    pub stages: Vec<String>,
    pub created: Timestamp,
}

/// Why a backend gives no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("there is no such secret")]
    NotFound,
    /// It is marked as deleted, or the backend cannot answer such a request.
    #[error("the secret cannot be read: {0}")]
    Invalid(String),
    #[error("the backend denies access: {0}")]
    Denied(String),
    /// It could not be asked, or did not answer as it should; asking again may do better.
    #[error("the backend gives no answer: {0}")]
    Unavailable(String),
}

/// A place where secrets are kept.
#[async_trait]
pub trait SecretBackend: fmt::Debug + Send + Sync + 'static {
    /// Returns a secret in a version. `client` is how everything leaves.
    async fn get(&self, client: &Outbound, asked: &AskedSecret) -> Result<Secret, SecretError>;
}

/// A request to a backend, whose address the operator has set.
pub(crate) struct Question {
    pub(crate) method: &'static str,
    pub(crate) url: Url,
    /// A value that is secret is marked as sensitive.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Question {
    pub(crate) async fn ask(self, client: &Outbound) -> Result<Received, SecretError> {
        let Self { method, url, headers, body } = self;
        let grants = operators(method, &url)?;
        let body = body.map(Zeroizing::new);
        let outgoing = Outgoing {
            method: method.to_owned(),
            url,
            headers,
            body,
            timeout_ms: TIMEOUT_MS,
            repeatable: true,
            secret_body: true,
        };
        let received =
            client.send(outgoing, &grants, &mut |_| true).await.map_err(|error| match &error {
                OutboundError::Invalid(_) | OutboundError::Denied(_) => {
                    SecretError::Invalid(error.to_string())
                }
                OutboundError::Unreachable { .. }
                | OutboundError::Unanswered { .. }
                | OutboundError::Redirects { .. }
                | OutboundError::Redirected { .. } => SecretError::Unavailable(error.to_string()),
            })?;
        if received.truncated {
            return Err(SecretError::Unavailable("the answer was cut off".to_owned()));
        }
        Ok(received)
    }
}

/// What the operator grants by setting the address of a backend: requests there, wherever its name leads.
fn operators(method: &str, url: &Url) -> Result<Grants, SecretError> {
    let origin = url.origin().ascii_serialization();
    let texts = [
        format!("http:{method}:{origin}/*"),
        "network:connect:0.0.0.0/0".to_owned(),
        "network:connect:::/0".to_owned(),
    ];
    let grants = GrantSet::parse(texts.iter().map(String::as_str))
        .map_err(|error| SecretError::Invalid(format!("{origin} cannot be granted: {error}")))?;
    Ok(Grants::new(Origin::Operator, grants))
}

pub(crate) fn header(
    name: &str,
    value: &str,
    is_secret: bool,
) -> Result<(HeaderName, HeaderValue), SecretError> {
    Outgoing::parse_header(name, value, is_secret)
        .map_err(|error| SecretError::Invalid(error.to_string()))
}

fn malformed(error: &serde_json::Error) -> SecretError {
    // The place alone: what stands there may be secret.
    SecretError::Unavailable(format!(
        "the answer is not the JSON expected (line {}, column {})",
        error.line(),
        error.column()
    ))
}
