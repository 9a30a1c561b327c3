//! Who acts, and the one way in which the store is changed: change, audit row, `once` rows and log in one transaction.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use host_api::effect::Activation;
use host_api::grant::{GrantSet, Origin};
use host_api::identifier::{Digest, Principal, RunId};
use host_api::port::{Caller, LoggedCall};
use host_api::request::HostRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::audit::NewEntry;
use store::once::{self, Once, Times};
use store::{Tx, audit, host_calls};

use crate::Services;
use crate::error::{ErrorKind, ServiceError};

/// The scope of tokens by which a process names its requests.
const REQUEST_SCOPE: &str = "request";
/// Tokens forgotten in one transaction.
const EXPIRED_MAX: u32 = 1_000;
/// How long a client token is remembered.
const TOKEN_MS: u64 = 24 * 3_600_000;

/// Who asks for a change.
#[derive(Debug, Clone)]
pub struct Actor {
    pub principal: Principal,
    /// Whether this is the owner of an embedded store, who could change it by hand and so may speak for anybody in it.
    pub(crate) is_owner: bool,
    tokens: Vec<Token>,
    step: Option<Arc<StepCall>>,
}

/// A key under which a request is done once.
#[derive(Debug, Clone)]
struct Token {
    scope: String,
    key: String,
    digest: Digest,
    lifetime_ms: Option<u64>,
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
    fn logged(&self, answer: &impl Serialize) -> Result<Vec<LoggedCall>, ServiceError> {
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

/// What a change is called in the audit log.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    /// SSM's name of the operation.
    pub(crate) action: &'static str,
    pub(crate) resource: String,
    pub(crate) details: Value,
}

impl Deed {
    pub(crate) fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into(), details: json!({}) }
    }

    pub(crate) fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    fn entry(&self, principal: &Principal, decision: &str, time_ms: u64) -> NewEntry {
        NewEntry {
            time_ms,
            principal: principal.to_string(),
            action: self.action.to_owned(),
            resource: self.resource.clone(),
            decision: decision.to_owned(),
            details: self.details.to_string(),
        }
    }
}

impl Actor {
    /// Returns an actor whose requests are each done whenever they are asked.
    pub fn new(principal: Principal) -> Self {
        Self { principal, is_owner: false, tokens: Vec::new(), step: None }
    }

    /// Returns the owner of an embedded store: the user to whom its data directory belongs.
    pub fn owner(principal: Principal) -> Self {
        Self { is_owner: true, ..Self::new(principal) }
    }

    /// Returns the actor for a request of this token: asked again, it is done once and answered alike for a day.
    #[must_use]
    pub fn under_token(&self, token: &str) -> Self {
        let mut actor = self.clone();
        actor.tokens.push(Token {
            scope: REQUEST_SCOPE.to_owned(),
            key: token.to_owned(),
            // The token alone names the request, which may hold a secret.
            digest: Digest::of(token.as_bytes()),
            lifetime_ms: Some(TOKEN_MS),
        });
        actor
    }

    /// Returns the actor of a host call: its effect is done once, under the effect's id.
    pub fn of_call(caller: &Caller, request: &HostRequest) -> Self {
        let activation = caller.activation.clone();
        let token = Token {
            scope: activation.run.to_string(),
            key: activation.effect_id(caller.ordinal).to_string(),
            digest: request.digest(),
            lifetime_ms: None,
        };
        let begins = request.begins().then(|| (caller.ordinal, request.clone()));
        let prior = caller.prior.clone();
        let mut ceilings = caller.grants.ceilings();
        let starter = ceilings
            .find(|ceiling| ceiling.origin == Origin::Starter)
            .map_or_else(GrantSet::everything, |ceiling| ceiling.grants.clone());
        let step = StepCall { activation, depth: caller.depth, starter, prior, begins };
        Self {
            principal: caller.principal.clone(),
            is_owner: false,
            tokens: vec![token],
            step: Some(Arc::new(step)),
        }
    }

    /// Adds a client token: the same request under it is done once and answered alike for a day.
    pub(crate) fn with_token(
        &self,
        scope: &str,
        key: &str,
        request: &impl Serialize,
    ) -> Result<Self, ServiceError> {
        let mut actor = self.clone();
        actor.tokens.push(Token {
            scope: scope.to_owned(),
            key: key.to_owned(),
            digest: digest(request)?,
            lifetime_ms: Some(TOKEN_MS),
        });
        Ok(actor)
    }

    /// Returns the run whose step asks.
    pub(crate) fn run(&self) -> Option<&RunId> {
        self.step().map(|step| &step.activation.run)
    }

    pub(crate) fn step(&self) -> Option<&StepCall> {
        self.step.as_deref()
    }
}

/// Returns the digest of a request, in which secrets are references.
pub(crate) fn digest(request: &impl Serialize) -> Result<Digest, ServiceError> {
    let bytes = serde_json::to_vec(request)
        .map_err(|error| ServiceError::internal(format!("a request cannot be encoded: {error}")))?;
    Ok(Digest::of(&bytes))
}

/// Returns the time in milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

impl Services {
    /// Performs a change: all of it and all that belongs to it commits together, or nothing does.
    ///
    /// `body` may run more than once. Done before under one of the actor's tokens, it is answered as it was then.
    pub(crate) async fn change<T>(
        &self,
        actor: &Actor,
        deed: Deed,
        body: impl Fn(&mut Tx<'_>) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let actor = actor.clone();
        let entry = deed.entry(&actor.principal, "allow", now_ms());
        let changed = move |tx: &mut Tx<'_>| -> Result<T, ServiceError> {
            let asked = ask(tx, &actor.tokens, entry.time_ms)?;
            if let Some(answer) = asked.answer {
                remember(tx, &asked.fresh, &answer, entry.time_ms)?;
                return decode_answer(&answer);
            }
            let answer = body(tx)?;
            if let Some(step) = &actor.step {
                host_calls::append(tx, &step.activation, &step.logged(&answer)?)?;
            }
            audit::append(tx, &entry)?;
            if !asked.fresh.is_empty() {
                let text = serde_json::to_string(&answer).map_err(|error| {
                    ServiceError::internal(format!("an answer cannot be encoded: {error}"))
                })?;
                remember(tx, &asked.fresh, &text, entry.time_ms)?;
            }
            Ok(answer)
        };
        self.store().try_write(changed).await
    }

    /// Returns what was answered when the request was done before under one of the actor's tokens; otherwise `error`.
    ///
    /// A request that was done may no longer be valid, as a name that it took itself is taken.
    pub(crate) async fn answered_before<T>(
        &self,
        actor: &Actor,
        error: ServiceError,
    ) -> Result<T, ServiceError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        if actor.tokens.is_empty() {
            return Err(error);
        }
        let tokens = actor.tokens.clone();
        let now = now_ms();
        let asked: Asked =
            self.store().try_write(move |tx: &mut Tx<'_>| ask(tx, &tokens, now)).await?;
        asked.answer.map_or(Err(error), |answer| decode_answer(&answer))
    }

    /// Forgets the tokens whose time is over. To be called now and then.
    pub async fn forget_expired_tokens(&self) -> Result<(), ServiceError> {
        let now = now_ms();
        let expire = move |tx: &mut Tx<'_>| once::expire(tx, now, EXPIRED_MAX);
        while self.store().write(expire).await? > 0 {}
        Ok(())
    }

    /// Writes that something was refused, or read in plain text, to the audit log.
    pub(crate) async fn record(
        &self,
        principal: &Principal,
        deed: Deed,
        decision: &'static str,
    ) -> Result<(), ServiceError> {
        let entry = deed.entry(principal, decision, now_ms());
        let append = move |tx: &mut Tx<'_>| audit::append(tx, &entry).map(drop);
        Ok(self.store().write(append).await?)
    }
}

struct Asked {
    answer: Option<String>,
    /// Tokens under which nothing was done yet.
    fresh: Vec<Token>,
}

fn ask(tx: &mut Tx<'_>, tokens: &[Token], now_ms: u64) -> Result<Asked, ServiceError> {
    let mut asked = Asked { answer: None, fresh: Vec::new() };
    for token in tokens {
        match once::begin(tx, &token.scope, &token.key, &token.digest, now_ms)? {
            Once::New => asked.fresh.push(token.clone()),
            Once::Same(answer) => asked.answer = Some(answer),
            Once::Mismatch if token.lifetime_ms.is_none() => {
                return Err(ServiceError::new(
                    ErrorKind::Nondeterminism,
                    "Nondeterminism",
                    "the call differs from the one that this step made here before",
                ));
            }
            Once::Mismatch => {
                return Err(ServiceError::request(
                    "IdempotentParameterMismatch",
                    format!("another request was made with the client token {:?}", token.key),
                ));
            }
        }
    }
    Ok(asked)
}

fn remember(
    tx: &mut Tx<'_>,
    tokens: &[Token],
    answer: &str,
    now_ms: u64,
) -> Result<(), ServiceError> {
    for token in tokens {
        let expires_ms = token.lifetime_ms.map(|lifetime_ms| now_ms.saturating_add(lifetime_ms));
        let times = Times { now_ms, expires_ms };
        once::finish(tx, &token.scope, &token.key, &token.digest, answer, times)?;
    }
    Ok(())
}

fn decode_answer<T: DeserializeOwned>(text: &str) -> Result<T, ServiceError> {
    serde_json::from_str(text)
        .map_err(|error| ServiceError::internal(format!("a kept answer cannot be read: {error}")))
}
