//! Inputs, and the units they reach.

use host_api::effect::StepPath;
use host_api::failure::{Failure, FailureKind};
use host_api::invocation::{Ended, Outcome, WaitKind};
use host_api::limits::WAITS_MAX;
use runbook::plan::Action;

use super::Decider;
use crate::effect::{Effect, Invoke};
use crate::error::IllegalEvent;
use crate::event::Event;
use crate::input::{Input, Message};
use crate::key::Key;
use crate::state::{Phase, Task};

impl Decider<'_> {
    pub(super) fn input(&mut self, input: Input) -> Result<(), IllegalEvent> {
        match input {
            Input::Start(started) => self.emit(Event::RunStarted(started)),
            Input::Outcome { path, attempt, activation, result } => {
                let Some(key) = self.current(&path, attempt, activation) else { return Ok(()) };
                match self.state.unit(key).map(|unit| &unit.phase) {
                    Some(Phase::Running { .. }) => self.outcome(key, result),
                    _ => Ok(()),
                }
            }
            Input::Settled { path, attempt } => {
                let Some(key) = self.state.key_of(&path) else { return Ok(()) };
                let between = self.state.unit(key).is_some_and(|unit| {
                    unit.attempt == attempt
                        && matches!(unit.phase, Phase::Backoff { settled: false, .. })
                });
                if between || self.state.core.unsettled.get(&key) == Some(&attempt) {
                    return self.emit(Event::AttemptSettled { path, attempt });
                }
                Ok(())
            }
            Input::Message(Message::Wake { path, attempt, activation, ended }) => {
                match self.current(&path, attempt, activation) {
                    Some(key) => self.wake(key, ended),
                    None => Ok(()),
                }
            }
            Input::Message(Message::Signal { step, signal, by }) => {
                match self.state.find_signalled(step.as_deref(), &signal, &by) {
                    Ok(key) => {
                        let path = self.state.path_of(key);
                        self.emit(Event::SignalReceived { path, signal, by })
                    }
                    Err(_refused) => Ok(()),
                }
            }
            Input::Message(Message::Cancel { by }) => {
                if self.state.core.cancel.is_some() {
                    return Ok(());
                }
                self.emit(Event::CancelRequested { by })
            }
            Input::Message(Message::Complete { by }) => {
                if self.state.core.cancel.is_some() || self.state.core.complete.is_some() {
                    return Ok(());
                }
                self.emit(Event::CompleteRequested { by })
            }
        }
    }

    /// The unit whose attempt and activation these are, if they are still the current ones.
    fn current(&self, path: &StepPath, attempt: u32, activation: u32) -> Option<Key> {
        let key = self.state.key_of(path)?;
        let unit = self.state.unit(key)?;
        ((unit.attempt, unit.activation) == (attempt, activation)).then_some(key)
    }

    fn outcome(&mut self, key: Key, result: Result<Outcome, Failure>) -> Result<(), IllegalEvent> {
        match result {
            Ok(Outcome::Done(value)) => match self.component_outputs(key, &value) {
                Ok(outputs) => self.succeed(key, outputs, None),
                Err(failure) => self.fail_attempt(key, failure),
            },
            Ok(Outcome::Suspended(suspension)) => {
                let problem = if suspension.on.is_empty() && suspension.until.is_none() {
                    "the action is suspended and waits for nothing"
                } else if suspension.on.len() > WAITS_MAX {
                    "the action is suspended and waits for too much at once"
                } else if suspension.on.iter().any(|wait| wait.kind == WaitKind::Time) {
                    "the action waits for a time by an id, not by `until`"
                } else {
                    let (path, attempt, activation) = self.place(key);
                    let event = Event::StepSuspended { path, attempt, activation, suspension };
                    return self.emit(event);
                };
                self.fail_attempt(key, Failure::new(FailureKind::BadOutput, problem))
            }
            Err(failure) => self.fail_attempt(key, failure),
        }
    }

    fn wake(&mut self, key: Key, ended: Ended) -> Result<(), IllegalEvent> {
        let Some(unit) = self.state.unit(key) else { return Ok(()) };
        let is_time = ended.kind == WaitKind::Time;
        match &unit.phase {
            Phase::Suspended { suspension, due_ms, .. } => {
                let awaited = (suspension.on.iter())
                    .any(|wait| wait.kind == ended.kind && wait.id == ended.id);
                if awaited
                    || (is_time && suspension.until == Some(*due_ms) && self.now_ms >= *due_ms)
                {
                    let (path, attempt, activation) = self.place(key);
                    self.effects_mut().push(Effect::ClearWaits { path: path.clone() });
                    let activation = activation + 1;
                    return self.emit(Event::StepWoken { path, attempt, activation, ended });
                }
            }
            Phase::Running { .. } => {
                // Only a deadline that a cancel brought forward has a timer of ours.
                let over = unit.deadline_ms.is_some_and(|due_ms| self.now_ms >= due_ms);
                if is_time && over {
                    let (path, ..) = self.place(key);
                    self.effects_mut().push(Effect::Interrupt { path });
                    return self.fail_attempt(key, timed_out());
                }
                return Ok(());
            }
            Phase::Pending | Phase::Settled => return Ok(()),
            Phase::Held { .. } | Phase::Begun | Phase::Waiting { .. } | Phase::Backoff { .. } => {}
        }
        if is_time {
            self.state.agenda.insert(Task::Unit(key));
        }
        Ok(())
    }

    pub(super) fn place(&self, key: Key) -> (StepPath, u32, u32) {
        let (attempt, activation) = self
            .state
            .unit(key)
            .map_or((1, 1), |unit| (unit.attempt.max(1), unit.activation.max(1)));
        (self.state.path_of(key), attempt, activation)
    }

    /// Sees to a unit, by its phase.
    pub(super) fn look_at_unit(&mut self, key: Key) -> Result<(), IllegalEvent> {
        let Some(unit) = self.state.unit(key) else { return Ok(()) };
        if self.state.is_stopping(key) {
            return Ok(());
        }
        if let Some(by) = self.state.core.stopped.get(&key)
            && !matches!(unit.phase, Phase::Settled)
        {
            return self.stop_step(key, &by.clone());
        }
        match &unit.phase {
            Phase::Pending | Phase::Settled => Ok(()),
            Phase::Held { deadline_ms, released } => {
                let (deadline_ms, released) = (*deadline_ms, *released);
                self.look_at_held(key, deadline_ms, released)
            }
            Phase::Running { resume } => {
                let resume = resume.as_deref().cloned();
                let (inputs, deadline_ms) = (unit.inputs.clone(), unit.deadline_ms);
                let (path, attempt, activation) = self.place(key);
                let Action::Component { name, .. } = &self.state.step(key).action else {
                    return Ok(());
                };
                let action = name.clone();
                self.effects_mut().push(Effect::Invoke(Box::new(Invoke {
                    path,
                    attempt,
                    activation,
                    action,
                    inputs,
                    resume,
                    deadline_ms,
                })));
                Ok(())
            }
            Phase::Suspended { suspension, due_ms, .. } => {
                let (due_ms, on) = (*due_ms, suspension.on.clone());
                if self.now_ms >= due_ms && suspension.until != Some(due_ms) {
                    return self.fail_attempt(key, timed_out());
                }
                let (path, attempt, activation) = self.place(key);
                self.effects_mut().push(Effect::Await { path, attempt, activation, on, due_ms });
                Ok(())
            }
            Phase::Backoff { .. } => self.look_at_backoff(key),
            Phase::Begun if self.state.is_for_each(key) => self.expand(key),
            Phase::Begun => self.run_flow_action(key),
            Phase::Waiting { .. } => self.look_at_waiting(key),
        }
    }
}

pub(super) fn timed_out() -> Failure {
    Failure::new(FailureKind::Timeout, "the step did not end before its deadline")
}
