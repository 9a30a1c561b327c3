//! Acting upon matches: each once, and again while the reason of a failure may pass.

use std::time::Duration;

use serde_json::Value;
use store::rule_matches::{self, MatchKey, MatchRow, MatchStatus};
use store::{ReadTx, Tx};

use super::Led;
use super::rule_set::KnownTarget;
use crate::Services;
use crate::actor::now_ms;
use crate::change::ACTED_UPON;
use crate::error::{ErrorKind, ServiceError};

/// How long after its first failure a match is tried again; the time doubles with each further one.
const DELAY_MS: u64 = 1_000;
/// The longest time between two attempts.
const DELAY_MS_MAX: u64 = 300_000;
/// Refusals that may pass: there is room again when runs have ended.
const PASSING: [&str; 2] = ["AutomationExecutionLimitExceededException", "ThrottlingException"];
/// How often what an attempt came to is tried to be written.
const WRITES_MAX: u32 = 5;
const BETWEEN_WRITES: Duration = Duration::from_millis(200);

/// A match that is to be acted upon.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) seq: u64,
    pub(super) key: MatchKey,
    /// How often it was tried before.
    pub(super) attempts: u32,
    pub(super) time_ms: u64,
    pub(super) event: Value,
    /// The event that completed it, if somebody may wait for it.
    pub(super) caused_by: Option<String>,
}

/// What an action has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    /// The id of what it led to.
    pub(super) result: String,
    pub(super) is_run: bool,
}

impl Pending {
    /// Reads a match that is stored; `None` when nothing is to be done about it.
    pub(super) fn of(row: MatchRow) -> Result<Option<Self>, ServiceError> {
        let MatchRow { seq, key, attempts, time_ms, event: Some(event), .. } = row else {
            return Ok(None);
        };
        let event = serde_json::from_str(&event).map_err(|error| {
            ServiceError::internal(format!("the event of match {seq} cannot be read: {error}"))
        })?;
        Ok(Some(Self { seq, key, attempts, time_ms, event, caused_by: None }))
    }
}

impl Services {
    /// Acts upon a match, and says what it has led to. What it has come to is in the store when this returns, unless the store is
    /// closed or fails: then the match stays pending.
    pub(super) async fn act_upon(&self, pending: &Pending) -> Led {
        let rule = pending.key.rule.clone();
        let led = |status, done: Option<Done>| Led {
            rule: rule.clone(),
            status,
            is_run: done.as_ref().is_some_and(|done| done.is_run),
            result: done.map(|done| done.result),
        };
        match self.attempt(pending).await {
            Ok(done) => led(MatchStatus::Done, Some(done)),
            Err(error) if error.code == ACTED_UPON => self.led_before(pending.seq, &rule).await,
            Err(error) if error.is_store_closed() => led(MatchStatus::Pending, None),
            Err(error) => {
                let due_ms = self.next_attempt(pending, &error);
                let status =
                    if due_ms.is_some() { MatchStatus::Pending } else { MatchStatus::Dead };
                if due_ms.is_none() {
                    tracing::error!(rule, event = pending.key.event_id, %error, "a match of a rule is dead");
                } else {
                    tracing::warn!(rule, event = pending.key.event_id, %error, "a match of a rule is tried again");
                }
                self.note_failure(pending.seq, &error, due_ms).await;
                self.triggers().look();
                led(status, None)
            }
        }
    }

    async fn attempt(&self, pending: &Pending) -> Result<Done, ServiceError> {
        let rules = self.rules();
        let MatchKey { rule, target, .. } = &pending.key;
        let found = rules.targets(rule).and_then(|(name, targets)| {
            targets.iter().find(|known| known.id == *target).map(|known| (name, known))
        });
        let Some((name, target)) = found else {
            return Err(ServiceError::request(
                "RuleNotFound",
                format!("there is no {rule} any more"),
            ));
        };
        self.act(pending, name, target).await
    }

    /// Returns when a match is tried again, if it is.
    fn next_attempt(&self, pending: &Pending, error: &ServiceError) -> Option<u64> {
        let may_pass = matches!(error.kind, ErrorKind::Transient | ErrorKind::Internal)
            || PASSING.contains(&error.code.as_ref());
        let rules = self.rules();
        let target = rules.targets(&pending.key.rule).and_then(|(_, targets)| {
            targets.iter().find(|target| target.id == pending.key.target)
        })?;
        let KnownTarget { attempts_max, age_ms_max, .. } = target;
        let attempts = pending.attempts.saturating_add(1);
        let due_ms = now_ms().saturating_add(delay_ms(pending.attempts, pending.seq));
        let is_young = due_ms <= pending.time_ms.saturating_add(*age_ms_max);
        (may_pass && attempts < *attempts_max && is_young).then_some(due_ms)
    }

    async fn note_failure(&self, seq: u64, error: &ServiceError, due_ms: Option<u64>) {
        let reason = error.to_string();
        for _ in 0..WRITES_MAX {
            let reason = reason.clone();
            let fail = move |tx: &mut Tx<'_>| rule_matches::fail(tx, seq, &reason, due_ms);
            match self.store().write(fail).await {
                Ok(()) => return,
                Err(failed) => {
                    tracing::error!(seq, error = %failed, "what a match came to was not written");
                }
            }
            tokio::time::sleep(BETWEEN_WRITES).await;
        }
    }

    async fn led_before(&self, seq: u64, rule: &str) -> Led {
        let nothing =
            Led { rule: rule.to_owned(), status: MatchStatus::Done, result: None, is_run: false };
        let found = self.store().read(move |tx: &ReadTx<'_>| rule_matches::get(tx, seq)).await;
        match found {
            Ok(Some(row)) => self.led_of(&row).await,
            Ok(None) => nothing,
            Err(error) => {
                tracing::warn!(seq, %error, "a match cannot be read");
                nothing
            }
        }
    }
}

/// Returns the time until the next attempt: doubling, and spread by up to a half, so that what failed together is not tried together.
fn delay_ms(attempts: u32, seq: u64) -> u64 {
    let whole = DELAY_MS.saturating_mul(1 << attempts.min(20)).min(DELAY_MS_MAX);
    let half = whole / 2;
    // Neighbouring matches are spread evenly, whatever their number.
    half + seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) % half.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_farther_and_farther_apart() {
        for seq in 0..100 {
            let delays: Vec<u64> = (0..30).map(|attempts| delay_ms(attempts, seq)).collect();
            assert!((500..=1_000).contains(&delays[0]), "{delays:?}");
            assert!((4_000..=8_000).contains(&delays[3]), "{delays:?}");
            assert!((DELAY_MS_MAX / 2..=DELAY_MS_MAX).contains(&delays[29]), "{delays:?}");
        }
    }
}
