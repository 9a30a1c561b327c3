//! The fold: what an event makes of the state. Nothing is decided here.

mod run;
mod settle;
mod step;
mod unit;

pub(crate) use run::CANCEL_MS_MAX;

use host_api::effect::StepPath;

use crate::error::IllegalEvent;
use crate::event::{Entry, Event};
use crate::key::Key;
use crate::state::State;

/// Why an event cannot follow.
type Reason = &'static str;

impl State {
    /// Folds the next entry of the journal. On an error the state is unchanged.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), IllegalEvent> {
        self.fold(entry).map_err(|reason| IllegalEvent {
            event: entry.event.name(),
            place: entry.event.path().map_or_else(|| "run".to_owned(), ToString::to_string),
            reason,
        })?;
        self.core.seq += 1;
        self.core.last_ms = self.core.last_ms.max(entry.at_ms);
        Ok(())
    }

    fn fold(&mut self, entry: &Entry) -> Result<(), Reason> {
        let at_ms = entry.at_ms;
        if let Event::RunStarted(started) = &entry.event {
            return self.run_started(started, at_ms);
        }
        if self.core.started.is_none() {
            return Err("the run has not started");
        }
        if self.core.finished.is_some() {
            return Err("the run has finished");
        }
        match &entry.event {
            Event::RunStarted(_) => Err("the run has started"),
            Event::StepHeld { path, deadline_ms } => {
                let key = self.key(path)?;
                self.step_held(key, *deadline_ms)
            }
            Event::StepStarted { path, attempt, inputs, deadline_ms } => {
                let key = self.begin_key(path)?;
                self.step_started(key, *attempt, inputs, *deadline_ms, at_ms)
            }
            Event::StepSuspended { path, attempt, activation, suspension } => {
                self.step_suspended(self.key(path)?, (*attempt, *activation), suspension, at_ms)
            }
            Event::StepWoken { path, attempt, activation, ended } => {
                self.step_woken(self.key(path)?, (*attempt, *activation), ended)
            }
            Event::StepRestarted { path, attempt, activation } => {
                self.step_restarted(self.key(path)?, (*attempt, *activation))
            }
            Event::StepWaiting { path, attempt, wait, deadline_ms } => {
                self.step_waiting(self.key(path)?, *attempt, wait, *deadline_ms)
            }
            Event::AttemptFailed { path, attempt, failure, retry_at_ms } => {
                self.attempt_failed(self.key(path)?, *attempt, failure, *retry_at_ms)
            }
            Event::AttemptSettled { path, attempt } => {
                self.attempt_settled(self.key(path)?, *attempt)
            }
            Event::StepSucceeded { path, attempt, outputs, chosen } => {
                let key = self.key(path)?;
                self.step_succeeded(key, *attempt, outputs, chosen.as_deref(), at_ms)
            }
            Event::StepFailed { path, attempt, status, failure, outputs } => {
                let key = self.begin_key(path)?;
                self.step_failed(key, *attempt, (*status, failure, outputs), at_ms)
            }
            Event::StepSkipped { path } => self.step_skipped(self.key(path)?, at_ms),
            Event::StepNotReached { path } => self.step_not_reached(self.key(path)?),
            Event::ItemsExpanded { path, items } => self.items_expanded(self.key(path)?, items),
            Event::PassStarted { path, iteration, value } => {
                self.pass_started(self.key(path)?, *iteration, value.as_ref())
            }
            Event::VariableUpdated { name, value } => self.variable_updated(name, value),
            Event::SignalReceived { path, signal, by } => {
                self.signal_received(self.key(path)?, signal, by, at_ms)
            }
            Event::CancelRequested { by } => self.cancel_requested(by, at_ms),
            Event::CompleteRequested { by } => self.complete_requested(by),
            Event::FinallyStarted { deadline_ms } => self.finally_started(*deadline_ms),
            Event::RunFinished { status, outputs, failure } => {
                self.run_finished((*status, outputs, failure.as_ref()), at_ms)
            }
        }
    }

    fn key(&self, path: &StepPath) -> Result<Key, Reason> {
        self.key_of(path).ok_or("the plan has no such step, or its pass has not begun")
    }

    /// The key of something that may begin with this event: an item that is not the next one cannot.
    fn begin_key(&self, path: &StepPath) -> Result<Key, Reason> {
        let key = self.key(path)?;
        if let Some(item) = key.item {
            let items = self.node(key).and_then(|node| node.items.as_ref());
            let items = items.ok_or("the items are not fixed")?;
            if item as usize > items.units.len() || item as usize >= items.list.len() {
                return Err("items begin in order, and none beyond the last");
            }
        }
        Ok(key)
    }
}
