//! One attempt after another: success, failure, retry, timeout, the unknown outcome.

use std::collections::BTreeMap;

use host_api::failure::{Failure, FailureKind};
use host_api::limits::WAIT_MS_MAX;
use runbook::plan::{Action, Backoff, OnUnknown};
use serde_json::Value;

use super::Decider;
use crate::effect::Effect;
use crate::error::IllegalEvent;
use crate::event::{Event, MachineWait};
use crate::key::Key;
use crate::state::Phase;
use crate::status::StepStatus;

/// What happens after a failed attempt.
enum Next {
    Retry,
    Ask,
    Fail,
}

impl Decider<'_> {
    pub(super) fn succeed(
        &mut self,
        key: Key,
        outputs: BTreeMap<String, Value>,
        chosen: Option<String>,
    ) -> Result<(), IllegalEvent> {
        self.clear_waits(key);
        let (path, attempt, _) = self.place(key);
        self.emit(Event::StepSucceeded { path, attempt, outputs, chosen })
    }

    /// Ends an attempt. It is retried up to `maxAttempts` whatever `retryable` says, as SSM does, but never for a nondeterminism, a denial
    /// or invalid inputs, which no retry helps. An unknown outcome follows `onUnknown`: `retry` makes it a failure like any other.
    pub(super) fn fail_attempt(&mut self, key: Key, failure: Failure) -> Result<(), IllegalEvent> {
        match self.after_failure(key, &failure) {
            Next::Retry => self.retry(key, failure),
            Next::Ask => {
                let (path, attempt, _) = self.place(key);
                let deadline_ms = self.now_ms.saturating_add(WAIT_MS_MAX);
                let deadline_ms =
                    self.state.part_deadline_ms().map_or(deadline_ms, |due| due.min(deadline_ms));
                let wait = MachineWait::UnknownOutcome { failure };
                self.emit(Event::StepWaiting {
                    path,
                    attempt,
                    wait,
                    deadline_ms: Some(deadline_ms),
                })
            }
            Next::Fail => self.fail(key, failure, BTreeMap::new()),
        }
    }

    fn after_failure(&self, key: Key, failure: &Failure) -> Next {
        let step = self.state.step(key);
        let attempt = self.state.unit(key).map_or(1, |unit| unit.attempt);
        match (failure.kind, step.on_unknown) {
            (FailureKind::Unknown, OnUnknown::Ask)
                if self.has_time() && !self.state.is_completing() =>
            {
                return Next::Ask;
            }
            (FailureKind::Unknown, OnUnknown::Fail | OnUnknown::Ask)
            | (
                FailureKind::Nondeterminism | FailureKind::Denied | FailureKind::InputValidation,
                _,
            ) => return Next::Fail,
            _ => {}
        }
        let retry_at_ms = self.now_ms.saturating_add(delay_ms(&step.backoff, attempt));
        let in_time = self.state.part_deadline_ms().is_none_or(|due_ms| retry_at_ms < due_ms);
        if attempt < step.max_attempts && in_time { Next::Retry } else { Next::Fail }
    }

    fn retry(&mut self, key: Key, failure: Failure) -> Result<(), IllegalEvent> {
        self.clear_waits(key);
        let (path, attempt, _) = self.place(key);
        let delay_ms = delay_ms(&self.state.step(key).backoff, attempt);
        let retry_at_ms = self.now_ms.saturating_add(delay_ms);
        self.emit(Event::AttemptFailed { path, attempt, failure, retry_at_ms })
    }

    /// A person said that the step whose outcome is unknown is to be tried again, beyond `maxAttempts` if need be.
    pub(super) fn retry_at_once(&mut self, key: Key, failure: Failure) -> Result<(), IllegalEvent> {
        self.clear_waits(key);
        let (path, attempt, _) = self.place(key);
        let retry_at_ms = self.now_ms;
        self.emit(Event::AttemptFailed { path, attempt, failure, retry_at_ms })
    }

    /// Ends a unit for good.
    pub(super) fn fail(
        &mut self,
        key: Key,
        failure: Failure,
        outputs: BTreeMap<String, Value>,
    ) -> Result<(), IllegalEvent> {
        let timed_out = failure.kind == FailureKind::Timeout;
        let status = if timed_out { StepStatus::TimedOut } else { StepStatus::Failed };
        self.end(key, status, failure, outputs)
    }

    pub(super) fn end(
        &mut self,
        key: Key,
        status: StepStatus,
        failure: Failure,
        outputs: BTreeMap<String, Value>,
    ) -> Result<(), IllegalEvent> {
        self.clear_waits(key);
        let (path, attempt, _) = self.place(key);
        self.emit(Event::StepFailed { path: path.clone(), attempt, status, failure, outputs })?;
        if self.state.core.unsettled.contains_key(&key) {
            self.effects_mut().push(Effect::Settle { path, attempt });
        }
        Ok(())
    }

    /// Emitted whenever a unit that may have a wait or timer leaves it.
    pub(super) fn clear_waits(&mut self, key: Key) {
        let Some(unit) = self.state.unit(key) else { return };
        let has_timer = match &unit.phase {
            Phase::Held { .. }
            | Phase::Suspended { .. }
            | Phase::Waiting { .. }
            | Phase::Backoff { settled: true, .. } => true,
            Phase::Begun => {
                unit.deadline_ms.is_some() && matches!(self.state.step(key).action, Action::Loop(_))
            }
            // Only a cancel during `finally` gives a running activation a timer of ours.
            Phase::Running { .. } => {
                self.state.core.finally.is_some() && self.state.core.cancel.is_some()
            }
            Phase::Pending | Phase::Backoff { .. } | Phase::Settled => false,
        };
        if has_timer {
            let path = self.state.path_of(key);
            self.effects_mut().push(Effect::ClearWaits { path });
        }
    }

    pub(super) fn look_at_backoff(&mut self, key: Key) -> Result<(), IllegalEvent> {
        let Some(unit) = self.state.unit(key) else { return Ok(()) };
        let Phase::Backoff { retry_at_ms, settled } = unit.phase else { return Ok(()) };
        let (attempt, inputs, failure) = (unit.attempt, unit.inputs.clone(), unit.failure.clone());
        let path = self.state.path_of(key);
        if !settled {
            if self.state.is_component(key) {
                self.effects_mut().push(Effect::Settle { path, attempt });
                return Ok(());
            }
            // What the machine itself runs begins nothing outside.
            return self.emit(Event::AttemptSettled { path, attempt });
        }
        if !self.has_time()
            && let Some(failure) = failure
        {
            return self.fail(key, failure, BTreeMap::new());
        }
        if self.now_ms < retry_at_ms {
            self.set_timer(key, retry_at_ms);
            return Ok(());
        }
        let attempt = attempt + 1;
        let deadline_ms = self.deadline_of_attempt_ms(key);
        self.emit(Event::StepStarted { path, attempt, inputs, deadline_ms })
    }
}

/// The delay after attempt n is `delay * factor^(n-1)`, at most the backoff's maximum.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the conversion saturates, and a delay is far below 2^53 milliseconds"
)]
fn delay_ms(backoff: &Backoff, attempt: u32) -> u64 {
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let delay_ms = (backoff.delay_ms as f64 * backoff.factor.powi(exponent)).round() as u64;
    delay_ms.min(backoff.delay_ms_max.max(backoff.delay_ms))
}
