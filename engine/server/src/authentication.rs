//! Who asks: by a signature, or by a bearer token.

mod signature;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, Method, Uri, header};
use services::{Actor, ServiceError, Services, SignedWith, WireRequest};

use crate::server::Context;
use crate::wire::Fault;
use signature::Claim;

/// How long after it was signed a request may be meant as another one than an equal one of the same second.
const FRESH: Duration = Duration::from_secs(5);
const INVOCATION_HEADER: &str = "amz-sdk-invocation-id";
const INVOCATION_CHARACTERS_MAX: usize = 128;

/// Why a request is nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// AWS's name of the exception.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refused {
    fn incomplete(message: String) -> Self {
        Self { code: "IncompleteSignatureException", message }
    }

    fn signature(message: String) -> Self {
        Self { code: "InvalidSignatureException", message }
    }

    /// The one answer to a credential that is unknown, revoked, or not the right one.
    fn unrecognized() -> Self {
        let message = "The security token included in the request is invalid.".to_owned();
        Self { code: "UnrecognizedClientException", message }
    }

    fn missing() -> Self {
        let message = "Missing Authentication Token".to_owned();
        Self { code: "MissingAuthenticationTokenException", message }
    }
}

/// Why a request has no actor.
#[derive(Debug)]
enum NoActor {
    Refused(Refused),
    Failed(ServiceError),
}

impl From<Refused> for NoActor {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<ServiceError> for NoActor {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

/// A request as far as its authentication looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) id: &'a str,
    pub(crate) source_address: Option<IpAddr>,
    /// The service that a signature must be for.
    pub(crate) service: &'a str,
}

/// Finds out who asks; who is nobody is counted and told to the log, without what was given as a credential.
///
/// # Errors
/// A credential that is not accepted, with SSM's status.
pub(crate) async fn actor(context: &Context, asked: Asked<'_>) -> Result<Actor, Fault> {
    match authenticate(&context.services, asked).await {
        Ok(actor) => Ok(actor),
        Err(NoActor::Refused(refused)) => {
            context.metrics.refused();
            let Asked { id, source_address: from, .. } = asked;
            tracing::warn!(request = id, ?from, code = refused.code, "a request of nobody");
            Err(Fault::client(refused.code, refused.message))
        }
        Err(NoActor::Failed(error)) => Err(error.into()),
    }
}

async fn authenticate(services: &Services, asked: Asked<'_>) -> Result<Actor, NoActor> {
    let mut given = asked.headers.get_all(header::AUTHORIZATION).iter();
    let authorization = given.next().ok_or_else(Refused::missing)?;
    if given.next().is_some() {
        return Err(
            Refused::incomplete("The Authorization header must come once.".to_owned()).into()
        );
    }
    let authorization = authorization.to_str().map_err(|_| {
        Refused::incomplete("The Authorization header has other characters than ASCII.".to_owned())
    })?;
    match bearer_token(authorization) {
        Some(token) => by_token(services, asked, token).await,
        None => by_signature(services, asked, authorization).await,
    }
}

fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

async fn by_token(services: &Services, asked: Asked<'_>, token: &str) -> Result<Actor, NoActor> {
    let bearer = services.bearer(token).await?.ok_or_else(Refused::unrecognized)?;
    Ok(Actor::of_request(bearer.principal.clone(), asked.request(bearer.token_id)))
}

async fn by_signature(
    services: &Services,
    asked: Asked<'_>,
    authorization: &str,
) -> Result<Actor, NoActor> {
    let Asked { method, uri, headers, body, .. } = asked;
    let now = SystemTime::now();
    let claim = Claim::read(headers, authorization, body, now)?;
    claim.check_service(asked.service)?;
    // An unknown key costs the same work as a wrong signature, and is answered alike.
    let found = services.access_key(claim.key_id).await?;
    let is_known = found.is_some();
    let key = found.unwrap_or_else(|| services.decoy_access_key());
    claim.verify(key.secret.expose(), method, uri, headers, body)?;
    if !is_known {
        return Err(Refused::unrecognized().into());
    }
    services.access_key_used(&key);
    let actor = Actor::of_request(key.principal.clone(), asked.request(key.id.clone()));
    let invocation = headers.get(INVOCATION_HEADER).and_then(|value| value.to_str().ok());
    Ok(actor.under_signature(SignedWith {
        signature: claim.signature,
        invocation: invocation.filter(|name| name.len() <= INVOCATION_CHARACTERS_MAX),
        is_fresh: now <= claim.time + FRESH,
        lifetime_ms: u64::try_from((signature::SKEW * 2).as_millis()).unwrap_or(u64::MAX),
    }))
}

impl Asked<'_> {
    fn request(&self, credential_id: String) -> WireRequest {
        let agent = self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        WireRequest {
            id: self.id.to_owned(),
            source_address: self.source_address,
            user_agent: agent.map(|agent| agent.chars().take(256).collect()),
            credential_id,
            ..WireRequest::default()
        }
    }
}
