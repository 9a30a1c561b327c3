//! The end: `finally`, then the run's status and outputs.

use runbook::plan::{OnFailure, StepId};

use super::Decider;
use crate::apply::CANCEL_MS_MAX;
use crate::effect::Effect;
use crate::error::IllegalEvent;
use crate::event::Event;
use crate::key::{Key, TOP};
use crate::state::{Phase, State};
use crate::status::{RunStatus, StepStatus};

impl State {
    /// Returns what the run ends with as things stand. A cancel wins; else the first critical step that failed decides.
    /// A step that is not critical does not make the run fail, even where it ends it (SSM).
    pub(crate) fn verdict(&self) -> RunStatus {
        match (&self.core.cancel, &self.core.verdict) {
            (Some(_), _) => RunStatus::Cancelled,
            (None, Some((status, _))) => *status,
            (None, None) => RunStatus::Success,
        }
    }

    /// Where `finally` goes on. A failure never ends it: the rest still runs, in order, unless the step's `onFailure` jumps or it `isEnd`.
    fn next_of_finally(&self) -> Option<StepId> {
        let Some(current) = self.frame(TOP).current else {
            return self.plan.finally.first().copied();
        };
        let step = self.plan.step(current);
        let unit = self.unit(Key::step(TOP, current))?;
        let jump = match (unit.status, &step.on_failure) {
            (
                StepStatus::Failed | StepStatus::TimedOut | StepStatus::Cancelled,
                OnFailure::Step(target),
            ) => Some(*target),
            (StepStatus::Success, _) => unit.chosen,
            _ => None,
        };
        let onward = match (unit.status, step.next) {
            (StepStatus::Success | StepStatus::Skipped, Some(next)) => Some(next),
            _ => self.index.following(current),
        };
        let next = jump.or(if step.is_end { None } else { onward })?;
        let fresh = self.unit(Key::step(TOP, next)).is_none();
        (fresh && self.index.finally.contains(&next)).then_some(next)
    }
}

impl Decider<'_> {
    pub(super) fn main_is_over(&mut self) -> Result<(), IllegalEvent> {
        if self.state.plan.finally.is_empty() {
            return self.finish();
        }
        let cancelled = self.state.core.cancel.is_some();
        let deadline_ms = cancelled.then(|| self.now_ms.saturating_add(CANCEL_MS_MAX));
        self.emit(Event::FinallyStarted { deadline_ms })
    }

    pub(super) fn look_at_finally(&mut self) -> Result<(), IllegalEvent> {
        if let Some(current) = self.state.frame(TOP).current {
            let unit = self.state.unit(Key::step(TOP, current));
            if unit.is_some_and(|unit| !matches!(unit.phase, Phase::Settled)) {
                return Ok(());
            }
        }
        match self.state.next_of_finally() {
            Some(step) if self.has_time() => self.begin(Key::step(TOP, step)),
            _ => self.finish(),
        }
    }

    /// A run that is over leaves nothing behind: what its failed and stopped attempts began is settled before.
    fn finish(&mut self) -> Result<(), IllegalEvent> {
        if !self.state.core.unsettled.is_empty() {
            return Ok(());
        }
        let (outputs, broken) = self.document_outputs();
        let (status, failure) = match (self.state.verdict(), broken) {
            (RunStatus::Success, Some(failure)) => (RunStatus::Failed, Some(failure)),
            (status @ (RunStatus::Cancelled | RunStatus::Success), _) => (status, None),
            (status, _) => {
                let verdict = self.state.core.verdict.as_ref();
                (status, verdict.map(|(_, failure)| failure.clone()))
            }
        };
        self.emit(Event::RunFinished { status, outputs, failure })?;
        self.effects_mut().push(Effect::Finish);
        Ok(())
    }
}
