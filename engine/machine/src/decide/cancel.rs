//! Cancelling: what runs is stopped, then the step's `onCancel` path runs.

use std::collections::{BTreeMap, BTreeSet};

use host_api::failure::{Failure, FailureKind};
use host_api::identifier::Principal;

use super::Decider;
use crate::effect::Effect;
use crate::error::IllegalEvent;
use crate::event::{Event, MachineWait};
use crate::key::{Key, TOP};
use crate::state::{Phase, State, Task};
use crate::status::StepStatus;

use super::sequence::Progress;

impl State {
    /// Returns whether a cancel is about to stop the unit.
    pub(crate) fn is_stopping(&self, key: Key) -> bool {
        self.core.cancel.as_ref().is_some_and(|cancel| cancel.stopping.contains(&key))
    }

    pub(super) fn on_cancel_path(&self, frame: u32) -> bool {
        frame != TOP
            && self.core.finally.is_none()
            && (self.core.cancel.as_ref())
                .and_then(|cancel| cancel.path.as_ref())
                .is_some_and(|path| path.frame == frame)
    }

    fn is_within(&self, key: Key, container: Key) -> bool {
        if key.item.is_some() && key.whole() == container {
            return true;
        }
        let mut frame = self.frame(key.frame);
        while let Some(pass) = &frame.pass {
            if pass.of == container {
                return true;
            }
            frame = self.frame(pass.of.frame);
        }
        false
    }
}

impl Decider<'_> {
    /// Stops all that ran when the cancel came; in `finally`, where nothing is stopped, the nearer deadline gets its timers.
    pub(super) fn stop_running(&mut self) -> Result<(), IllegalEvent> {
        let Some(cancel) = &self.state.core.cancel else { return self.stop_waiting() };
        if let Some(finally) = &self.state.core.finally {
            let Some(due_ms) = finally.deadline_ms else { return Ok(()) };
            for key in self.state.core.active.clone() {
                let phase = self.state.unit(key).map(|unit| &unit.phase);
                match phase {
                    Some(Phase::Running { .. }) => self.set_timer(key, due_ms),
                    // What is being settled has no timer.
                    None | Some(Phase::Backoff { settled: false, .. }) => {}
                    Some(_) => {
                        self.state.agenda.insert(Task::Unit(key));
                    }
                }
            }
            return Ok(());
        }
        let stopping = cancel.stopping.clone();
        self.stop(&stopping, "the run was cancelled")
    }

    /// Of a run that is to end well: nobody needs to be waited for any more.
    fn stop_waiting(&mut self) -> Result<(), IllegalEvent> {
        if !self.state.is_completing() {
            return Ok(());
        }
        for key in self.state.core.waiting.clone() {
            match self.state.unit(key).map(|unit| &unit.phase) {
                Some(Phase::Held { .. }) => {
                    self.clear_waits(key);
                    let path = self.state.path_of(key);
                    self.emit(Event::StepNotReached { path })?;
                }
                Some(Phase::Waiting { wait, .. }) => match &**wait {
                    MachineWait::UnknownOutcome { failure } => {
                        let failure = failure.clone();
                        self.fail(key, failure, BTreeMap::new())?;
                    }
                    MachineWait::Sleep { .. }
                    | MachineWait::Pause
                    | MachineWait::Approve { .. } => {
                        self.stop(&BTreeSet::from([key]), "the run was completed before")?;
                    }
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// Stops a step that a person does not want to go on, and all within it.
    pub(super) fn stop_step(&mut self, key: Key, by: &Principal) -> Result<(), IllegalEvent> {
        let active = self.state.core.active.iter().copied();
        let within = active.filter(|other| *other == key || self.state.is_within(*other, key));
        let keys = within.collect();
        self.stop(&keys, &format!("the step was stopped by {by}"))
    }

    /// Stops everything within a loop.
    pub(super) fn stop_within(&mut self, container: Key) -> Result<(), IllegalEvent> {
        let active = self.state.core.active.iter().copied();
        let within = active.filter(|key| self.state.is_within(*key, container)).collect();
        self.stop(&within, "the loop around the step did not end before its deadline")
    }

    /// Innermost first: a later frame is never around an earlier one, and items are within their step.
    fn stop(&mut self, keys: &BTreeSet<Key>, message: &str) -> Result<(), IllegalEvent> {
        let mut ordered: Vec<Key> = keys.iter().copied().collect();
        ordered.sort_by_key(|key| std::cmp::Reverse((key.frame, key.item.is_some(), *key)));
        for key in ordered {
            let Some(unit) = self.state.unit(key) else { continue };
            match unit.phase {
                Phase::Pending | Phase::Settled => continue,
                Phase::Running { .. } => {
                    let path = self.state.path_of(key);
                    self.effects_mut().push(Effect::Interrupt { path });
                }
                Phase::Held { .. }
                | Phase::Begun
                | Phase::Suspended { .. }
                | Phase::Waiting { .. }
                | Phase::Backoff { .. } => {}
            }
            let failure = Failure::new(FailureKind::Cancelled, message);
            let outputs = if self.state.is_for_each(key) {
                self.state.items_outputs(key)
            } else {
                BTreeMap::new()
            };
            self.end(key, StepStatus::Cancelled, failure, outputs)?;
        }
        Ok(())
    }

    /// After all is stopped, the `onCancel` path runs to its end, for at most two minutes. A path whose first step ran before is not run again.
    pub(super) fn look_at_cancel_path(&mut self) -> Result<(), IllegalEvent> {
        let Some(cancel) = &self.state.core.cancel else { return Ok(()) };
        if !cancel.stopping.is_empty() {
            return Ok(());
        }
        let Some(path) = cancel.path.clone() else { return self.main_is_over() };
        let progress = if path.entered {
            self.state.progress(path.frame, None)
        } else if self.state.unit(Key::step(path.frame, path.first)).is_none() {
            Progress::Next(path.first)
        } else {
            Progress::End
        };
        match progress {
            Progress::Running => Ok(()),
            Progress::Next(step) if self.has_time() => self.begin(Key::step(path.frame, step)),
            Progress::Next(_) | Progress::End | Progress::Abort => self.main_is_over(),
        }
    }
}
