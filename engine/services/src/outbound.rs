//! The one client for everything that leaves.
//!
//! A URL is canonicalised and matched against the grants, its host resolved once, every address of the answer checked, and
//! the connection made to one that was checked. Redirects are followed by hand and matched again. Proxy settings of the
//! environment are not read. There is no pool: a connection that one call was granted is not there for another.

mod address;
mod connect;
mod exchange;
mod message;
mod redirect;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use host_api::grant::Grants;
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};
use url::Url;

pub use address::is_public;
pub use message::{Outgoing, Received};
pub use resolve::{Resolve, SystemResolver};

use connect::Connector;
use redirect::Next;

/// Redirects of one request.
pub const REDIRECTS_MAX: usize = 5;
/// The body of a request in bytes.
pub const REQUEST_BODY_BYTES_MAX: usize = 4 << 20;
/// The longest timeout; a longer one is cut to it.
pub const TIMEOUT_MS_MAX: u32 = 600_000;

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("the request is malformed: {0}")]
    Invalid(String),
    #[error("{0}")]
    Denied(String),
    /// Nothing was sent.
    #[error("{url} could not be reached: {message}")]
    Unreachable { url: String, message: String },
    /// Something was sent, and no whole head of an answer came.
    #[error("{url} did not answer: {message}")]
    Unanswered { url: String, message: String },
    #[error("{url} redirects more than {REDIRECTS_MAX} times")]
    Redirects { url: String },
    /// A request that must not be repeated was answered, and what the answer says to ask next gave none.
    #[error(
        "{url} answered the request by a redirect to {to} that could not be followed, so it may have been carried out: {message}"
    )]
    Redirected { url: String, to: String, message: String },
}

/// Says whether one of some texts holds a secret.
pub type HoldsSecret<'a> = &'a mut (dyn FnMut(&[&[u8]]) -> bool + Send);

/// How the client is set up.
#[derive(Clone)]
pub struct OutboundSettings {
    pub resolver: Arc<dyn Resolve>,
    /// Certificate authorities trusted beside those of the platform, as DER.
    pub extra_authorities: Vec<Vec<u8>>,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self { resolver: Arc::new(SystemResolver), extra_authorities: Vec::new() }
    }
}

impl std::fmt::Debug for OutboundSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboundSettings")
            .field("extra_authorities", &self.extra_authorities.len())
            .finish_non_exhaustive()
    }
}

/// The client.
#[derive(Debug, Clone)]
pub struct Outbound {
    connector: Arc<Connector>,
}

impl Outbound {
    /// Prepares the client; the platform's certificate authorities are read at the first `https` request.
    pub fn new(settings: OutboundSettings) -> Self {
        let extra = settings.extra_authorities.into_iter().map(CertificateDer::from).collect();
        Self { connector: Arc::new(Connector::new(settings.resolver, extra)) }
    }

    /// Sends a request and follows its redirects, as far as `grants` allow.
    ///
    /// A repeatable request that was sent and not answered is sent once more. `holds_secret` says whether texts hold a secret that
    /// the request does not mark as one; it is asked before a body follows a redirect to another origin.
    pub async fn send(
        &self,
        request: Outgoing,
        grants: &Grants,
        holds_secret: HoldsSecret<'_>,
    ) -> Result<Received, OutboundError> {
        request.check()?;
        let timeout = Duration::from_millis(u64::from(request.timeout_ms.clamp(1, TIMEOUT_MS_MAX)));
        let deadline = Instant::now() + timeout;
        match self.follow(request.clone(), grants, holds_secret, deadline).await {
            Err(OutboundError::Unanswered { .. })
                if request.repeatable && Instant::now() < deadline =>
            {
                self.follow(request, grants, holds_secret, deadline).await
            }
            result => result,
        }
    }

    async fn follow(
        &self,
        mut request: Outgoing,
        grants: &Grants,
        holds_secret: HoldsSecret<'_>,
        deadline: Instant,
    ) -> Result<Received, OutboundError> {
        let first = request.url.clone();
        let is_done_once = !request.repeatable;
        for redirects in 0..=REDIRECTS_MAX {
            let url = request.url.clone();
            let attempt = async {
                address::check_url(&request, redirects > 0, grants)?;
                self.once(&request, grants, deadline).await
            };
            let received = match attempt.await {
                Err(error) if redirects > 0 && is_done_once => {
                    return Err(redirected(&first, without_query(&url), &error));
                }
                result => result?,
            };
            match redirect::next(request, &received, holds_secret) {
                Ok(Next::Request(next)) => request = *next,
                Ok(Next::Done) => return Ok(received),
                Err(error) if is_done_once => {
                    return Err(redirected(&first, redirect::shown_location(&received), &error));
                }
                Err(error) => return Err(error),
            }
        }
        let error = OutboundError::Redirects { url: without_query(&first) };
        Err(if is_done_once {
            redirected(&first, without_query(&request.url), &error)
        } else {
            error
        })
    }

    async fn once(
        &self,
        request: &Outgoing,
        grants: &Grants,
        deadline: Instant,
    ) -> Result<Received, OutboundError> {
        let url = without_query(&request.url);
        let connecting = self.connector.connect(request, grants);
        let stream = timeout_at(deadline, connecting).await.unwrap_or_else(|_| {
            Err(OutboundError::Unreachable { url, message: "timed out".to_owned() })
        })?;
        exchange::exchange(stream, request, deadline).await
    }
}

/// The first request must not be taken for one that did nothing, whatever became of those after it.
fn redirected(first: &Url, to: String, error: &OutboundError) -> OutboundError {
    OutboundError::Redirected { url: without_query(first), to, message: error.to_string() }
}

/// Returns the part of a URL that may stand in an error: queries carry credentials.
fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}
