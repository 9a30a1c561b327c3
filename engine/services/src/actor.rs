//! Who acts, through which request.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use host_api::effect::Activation;
use host_api::grant::{GrantSet, Origin};
use host_api::identifier::{Digest, Principal, RunId};
use host_api::port::{Caller, LoggedCall};
use host_api::request::HostRequest;
use serde::Serialize;
use serde_json::Value;

use crate::error::ServiceError;

/// The scope of tokens by which a process names its requests.
const REQUEST_SCOPE: &str = "request";
/// The scope of the signatures of requests.
const SIGNATURE_SCOPE: &str = "signature";
/// How long a client token is remembered.
const TOKEN_MS: u64 = 24 * 3_600_000;

/// Who asks for a change.
#[derive(Debug, Clone)]
pub struct Actor {
    pub principal: Principal,
    /// Whether this is the owner of an embedded store, who could change it by hand and so may speak for anybody in it.
    pub(crate) is_owner: bool,
    pub(crate) tokens: Vec<Token>,
    step: Option<Arc<StepCall>>,
    request: Option<Arc<WireRequest>>,
    /// The number of the match of a rule on which it acts.
    occasion: Option<u64>,
}

/// A request as it came over the wire, for policies and the audit log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WireRequest {
    /// What the answer's `x-amzn-RequestId` says.
    pub id: String,
    pub source_address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// The public part of the credential.
    pub credential_id: String,
    /// Whether the caller logged in with a second factor.
    pub is_mfa: bool,
    /// The operation's name, once it is known.
    pub operation: &'static str,
    /// What was asked for, without secrets.
    pub parameters: Value,
    /// The policies that allowed it.
    pub policies: Vec<String>,
}

/// A key under which a request is done once.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) scope: String,
    pub(crate) key: String,
    pub(crate) digest: Digest,
    pub(crate) lifetime_ms: Option<u64>,
    /// Whether a request done before under the key is answered as it was then; else the key is only noted.
    pub(crate) answers: bool,
}

/// The host call that asks, and the calls before it that are not in the store yet.
#[derive(Debug)]
pub(crate) struct StepCall {
    pub(crate) activation: Activation,
    pub(crate) depth: u32,
    /// What the starter of the calling run may do, which bounds the runs that it starts too.
    pub(crate) starter: GrantSet,
    prior: Vec<LoggedCall>,
    /// The call itself, if it begins something that must be found in the log whatever happens next.
    begins: Option<(u32, HostRequest)>,
}

impl StepCall {
    /// Returns what the log gets in the transaction of the change that was answered so.
    pub(crate) fn logged(&self, answer: &impl Serialize) -> Result<Vec<LoggedCall>, ServiceError> {
        let mut calls = self.prior.clone();
        if let Some((ordinal, request)) = &self.begins {
            let answer = serde_json::to_value(answer).map_err(|error| {
                ServiceError::internal(format!("an answer cannot be encoded: {error}"))
            })?;
            calls.push(LoggedCall::new(*ordinal, request, Some(&Ok(answer))));
        }
        Ok(calls)
    }
}

/// How a request was signed.
#[derive(Debug, Clone, Copy)]
pub struct SignedWith<'a> {
    pub signature: &'a str,
    /// The client's own name of the request, which its signature does not cover.
    pub invocation: Option<&'a str>,
    /// Whether the signature is so young that its request may have been asked for twice in the same second, on purpose.
    pub is_fresh: bool,
    /// How long a signature is accepted.
    pub lifetime_ms: u64,
}

impl Actor {
    /// Returns an actor whose requests are each done whenever they are asked.
    pub fn new(principal: Principal) -> Self {
        Self {
            principal,
            is_owner: false,
            tokens: Vec::new(),
            step: None,
            request: None,
            occasion: None,
        }
    }

    /// Returns the owner of an embedded store: the user to whom its data directory belongs.
    pub fn owner(principal: Principal) -> Self {
        Self { is_owner: true, ..Self::new(principal) }
    }

    /// Returns the actor of a request that came over the wire.
    pub fn of_request(principal: Principal, request: WireRequest) -> Self {
        Self { request: Some(Arc::new(request)), ..Self::new(principal) }
    }

    /// Returns the actor of what a match of a rule leads to. Its one change commits together with what the match is told of it, or not
    /// at all when the match was acted upon before.
    pub(crate) fn on_match(principal: Principal, seq: u64) -> Self {
        Self { occasion: Some(seq), ..Self::new(principal) }
    }

    /// Returns the actor for a request of this token: asked again, it is done once and answered alike for a day.
    #[must_use]
    pub fn under_token(&self, token: &str) -> Self {
        // The token alone names the request, which may hold a secret.
        let digest = Digest::of(token.as_bytes());
        self.and(REQUEST_SCOPE, token.to_owned(), digest, TOKEN_MS, true)
    }

    /// Returns the actor for a request that was signed: sent again, it is done once and answered alike while the signature is valid.
    ///
    /// Signatures tell times apart by the second, and clients do not sign what tells two equal requests of one second apart. So for a
    /// few seconds the name that the client gives a request counts too; after that, a signature that was used is answered from memory
    /// whatever name it comes with.
    #[must_use]
    pub fn under_signature(&self, signed: SignedWith<'_>) -> Self {
        let SignedWith { signature, invocation, is_fresh, lifetime_ms } = signed;
        let digest = Digest::of(signature.as_bytes());
        let Some(invocation) = invocation else {
            return self.and(SIGNATURE_SCOPE, signature.to_owned(), digest, lifetime_ms, true);
        };
        let key = format!("{signature}/{invocation}");
        let named = self.and(SIGNATURE_SCOPE, key, digest.clone(), lifetime_ms, true);
        named.and(SIGNATURE_SCOPE, signature.to_owned(), digest, lifetime_ms, !is_fresh)
    }

    /// Returns the actor of a host call: its effect is done once, under the effect's id.
    pub fn of_call(caller: &Caller, request: &HostRequest) -> Self {
        let activation = caller.activation.clone();
        let token = Token {
            scope: activation.run.to_string(),
            key: activation.effect_id(caller.ordinal).to_string(),
            digest: request.digest(),
            lifetime_ms: None,
            answers: true,
        };
        let begins = request.begins().then(|| (caller.ordinal, request.clone()));
        let prior = caller.prior.clone();
        let mut ceilings = caller.grants.ceilings();
        let starter = ceilings
            .find(|ceiling| ceiling.origin == Origin::Starter)
            .map_or_else(GrantSet::everything, |ceiling| ceiling.grants.clone());
        let step = StepCall { activation, depth: caller.depth, starter, prior, begins };
        let actor = Self::new(caller.principal.clone());
        Self { tokens: vec![token], step: Some(Arc::new(step)), ..actor }
    }

    /// Adds a client token: the same request under it is done once and answered alike for a day.
    pub(crate) fn with_token(
        &self,
        scope: &str,
        key: &str,
        request: &impl Serialize,
    ) -> Result<Self, ServiceError> {
        Ok(self.and(scope, key.to_owned(), digest(request)?, TOKEN_MS, true))
    }

    fn and(
        &self,
        scope: &str,
        key: String,
        digest: Digest,
        lifetime_ms: u64,
        answers: bool,
    ) -> Self {
        let mut actor = self.clone();
        let (scope, lifetime_ms) = (scope.to_owned(), Some(lifetime_ms));
        actor.tokens.push(Token { scope, key, digest, lifetime_ms, answers });
        actor
    }

    /// Returns the run whose step asks.
    pub(crate) fn run(&self) -> Option<&RunId> {
        self.step().map(|step| &step.activation.run)
    }

    pub(crate) fn occasion(&self) -> Option<u64> {
        self.occasion
    }

    pub(crate) fn step(&self) -> Option<&StepCall> {
        self.step.as_deref()
    }

    /// Returns the request that came over the wire, if one did.
    pub(crate) fn request(&self) -> Option<&WireRequest> {
        self.request.as_deref()
    }

    /// Says which operation the request asks for; `parameters` hold no secret.
    pub(crate) fn asking(mut self, operation: &'static str, parameters: Value) -> Self {
        if let Some(request) = &mut self.request {
            let request = Arc::make_mut(request);
            (request.operation, request.parameters) = (operation, parameters);
        }
        self
    }

    /// Says by which policies the request may be granted.
    pub(crate) fn allowed_by(mut self, policies: Vec<String>) -> Self {
        if let Some(request) = &mut self.request {
            Arc::make_mut(request).policies = policies;
        }
        self
    }
}

/// Returns the digest of a request, in which secrets are references.
pub(crate) fn digest(request: &impl Serialize) -> Result<Digest, ServiceError> {
    let bytes = serde_json::to_vec(request)
        .map_err(|error| ServiceError::internal(format!("a request cannot be encoded: {error}")))?;
    Ok(Digest::of(&bytes))
}

/// Returns the time in milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
