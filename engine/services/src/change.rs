//! The one way in which the store is changed: change, audit row, `once` rows and log in one transaction.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::once::{self, Once, Times};
use store::{Tx, audit, host_calls, rule_matches};

use crate::Services;
use crate::access::Access;
use crate::actor::{Actor, Token, now_ms};
use crate::api::Operation;
use crate::audit::{Record, What};
use crate::error::{ErrorKind, ServiceError, encode};

/// Tokens forgotten in one transaction.
const EXPIRED_MAX: u32 = 1_000;
/// The code of the error of a change on a match that is settled already.
pub(crate) const ACTED_UPON: &str = "ActedUpon";
/// The action of reading a secret in plain text.
pub(crate) const DECRYPTION: &str = "DecryptParameter";

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

    fn is_read(&self) -> bool {
        self.action == DECRYPTION
            || Operation::named(self.action).is_some_and(|known| known.access == Access::Read)
    }
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
        let now_ms = now_ms();
        let record = self.recorded(&actor, &deed, "allow", now_ms);
        let changed = move |tx: &mut Tx<'_>| -> Result<T, ServiceError> {
            let asked = ask(tx, &actor.tokens, now_ms)?;
            if let Some(answer) = asked.answer {
                remember(tx, &asked.fresh, &answer, now_ms)?;
                return decode_answer(&answer);
            }
            let answer = body(tx)?;
            if let Some(step) = actor.step() {
                host_calls::append(tx, &step.activation, &step.logged(&answer)?)?;
            }
            let encoded = encode(&answer)?;
            if let Some(seq) = actor.occasion() {
                settle(tx, seq, &encoded)?;
            }
            audit::append(tx, &record.answered(&encoded))?;
            if !asked.fresh.is_empty() {
                remember(tx, &asked.fresh, &encoded.to_string(), now_ms)?;
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
        if !actor.tokens.iter().any(|token| token.answers) {
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
        actor: &Actor,
        deed: Deed,
        decision: &'static str,
    ) -> Result<(), ServiceError> {
        let entry = self.recorded(actor, &deed, decision, now_ms()).entry();
        let append = move |tx: &mut Tx<'_>| audit::append(tx, &entry).map(drop);
        Ok(self.store().write(append).await?)
    }

    fn recorded(&self, actor: &Actor, deed: &Deed, decision: &'static str, now_ms: u64) -> Record {
        let what = What {
            action: deed.action,
            resource: &deed.resource,
            is_read: deed.is_read(),
            decision,
            details: &deed.details,
        };
        Record::new(actor, self.place(), &what, now_ms)
    }
}

/// Tells the match of a rule what it led to. What was done on it before is not done again.
fn settle(tx: &mut Tx<'_>, seq: u64, answer: &Value) -> Result<(), ServiceError> {
    let result = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    if rule_matches::finish(tx, seq, &result)? {
        return Ok(());
    }
    Err(ServiceError::request(ACTED_UPON, format!("match {seq} was acted upon before")))
}

struct Asked {
    answer: Option<String>,
    /// Tokens under which nothing was done yet.
    fresh: Vec<Token>,
}

fn ask(tx: &mut Tx<'_>, tokens: &[Token], now_ms: u64) -> Result<Asked, ServiceError> {
    let mut asked = Asked { answer: None, fresh: Vec::new() };
    for token in tokens {
        if !token.answers {
            asked.fresh.push(token.clone());
            continue;
        }
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
        if !token.answers
            && once::begin(tx, &token.scope, &token.key, &token.digest, now_ms)? != Once::New
        {
            continue;
        }
        once::finish(tx, &token.scope, &token.key, &token.digest, answer, times)?;
    }
    Ok(())
}

fn decode_answer<T: DeserializeOwned>(text: &str) -> Result<T, ServiceError> {
    serde_json::from_str(text)
        .map_err(|error| ServiceError::internal(format!("a kept answer cannot be read: {error}")))
}
