//! What is to be done next. Every function here looks at the state and emits events, which are applied at once; looking twice
//! decides nothing twice, so a journal that was cut off anywhere continues.

mod attempt;
mod cancel;
mod finish;
pub(crate) mod flow_action;
mod graph;
mod items;
mod passes;
mod receive;
mod sequence;
mod start;

use host_api::failure::{Failure, FailureKind};

use crate::effect::Effect;
use crate::error::{IllegalEvent, ReceiveError};
use crate::event::{Entry, Event};
use crate::input::Input;
use crate::key::{Key, TOP};
use crate::state::{Phase, State, Task};

/// How often an activation without an outcome is called again after its process ended.
const RESTARTS_MAX: u32 = 5;

/// What an input led to. Commit the entries, with the effects that say so, then perform the rest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transition {
    /// Already applied to the state.
    pub entries: Vec<Entry>,
    pub effects: Vec<Effect>,
}

impl Transition {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.effects.is_empty()
    }
}

impl State {
    /// Takes an input and decides. One that comes too late (a stale wake, the outcome of a stopped activation, a refused signal, a
    /// second cancel, anything after the end) gives an empty transition.
    ///
    /// `now_ms` is milliseconds since the Unix epoch; a clock that went back is held at the journal's last time.
    pub fn receive(&mut self, input: Input, now_ms: u64) -> Result<Transition, ReceiveError> {
        match (&input, &self.core.started) {
            (Input::Start(_), Some(_)) => return Err(ReceiveError::AlreadyStarted),
            (Input::Start(_), None) | (_, Some(_)) => {}
            (_, None) => return Err(ReceiveError::NotStarted),
        }
        if self.core.finished.is_some() {
            return Ok(Transition::default());
        }
        let mut decider = Decider::new(self, now_ms);
        decider.input(input)?;
        decider.work_off()?;
        Ok(decider.transition)
    }

    /// Decides what a journal that was cut off had not yet decided, and lists everything that is outstanding: activations are invoked
    /// again, waits, timers and settling are set up again. A run that has not started or has finished gives an empty transition.
    pub fn recover(&mut self, now_ms: u64) -> Result<Transition, ReceiveError> {
        if self.core.started.is_none() || self.core.finished.is_some() {
            return Ok(Transition::default());
        }
        let mut decider = Decider::new(self, now_ms);
        for (key, attempt) in decider.state.core.unsettled.clone() {
            let path = decider.state.path_of(key);
            decider.effects_mut().push(Effect::Settle { path, attempt });
        }
        decider.count_restarts()?;
        let core = &decider.state.core;
        let outstanding: Vec<Task> = core.active.iter().copied().map(Task::Unit).collect();
        decider.state.agenda.extend(outstanding);
        decider.state.agenda.extend([Task::Cancel, Task::Frame(TOP)]);
        decider.work_off()?;
        Ok(decider.transition)
    }
}

pub(crate) struct Decider<'s> {
    pub(crate) state: &'s mut State,
    pub(crate) now_ms: u64,
    transition: Transition,
}

impl<'s> Decider<'s> {
    fn new(state: &'s mut State, now_ms: u64) -> Self {
        let now_ms = now_ms.max(state.core.last_ms);
        Self { state, now_ms, transition: Transition::default() }
    }

    fn emit(&mut self, event: Event) -> Result<(), IllegalEvent> {
        let entry = Entry { at_ms: self.now_ms, event };
        self.state.apply(&entry)?;
        self.transition.entries.push(entry);
        Ok(())
    }

    fn effects_mut(&mut self) -> &mut Vec<Effect> {
        &mut self.transition.effects
    }

    fn work_off(&mut self) -> Result<(), IllegalEvent> {
        while let Some(task) = self.state.agenda.pop_first() {
            match task {
                Task::Cancel => self.stop_running()?,
                Task::Unit(key) => self.look_at_unit(key)?,
                Task::Items(key) => self.look_at_items(key)?,
                Task::Frame(TOP) => self.look_at_top()?,
                Task::Frame(frame) => self.look_at_pass(frame)?,
                Task::Ready(step) => self.look_at_ready(step)?,
            }
        }
        Ok(())
    }

    /// Each activation that was running is called again, or gives up: what kills its process every time must not do so for ever.
    fn count_restarts(&mut self) -> Result<(), IllegalEvent> {
        let active: Vec<Key> = self.state.core.active.iter().copied().collect();
        for key in active {
            let running =
                self.state.unit(key).filter(|unit| matches!(unit.phase, Phase::Running { .. }));
            let Some(restarts) = running.map(|unit| unit.restarts) else { continue };
            let (path, attempt, activation) = self.place(key);
            if restarts < RESTARTS_MAX {
                self.emit(Event::StepRestarted { path, attempt, activation })?;
                continue;
            }
            let message = format!("the process ended {} times while the step ran", restarts + 1);
            let failure = Failure::new(FailureKind::Internal, message);
            self.fail_attempt(key, Failure { code: "TooManyRestarts".to_owned(), ..failure })?;
        }
        Ok(())
    }

    /// Returns whether the part that runs now may still start something.
    fn has_time(&self) -> bool {
        self.state.part_deadline_ms().is_none_or(|due_ms| self.now_ms < due_ms)
    }

    fn set_timer(&mut self, key: Key, due_ms: u64) {
        if let Some(unit) = self.state.unit(key) {
            let (attempt, activation) = (unit.attempt, unit.activation);
            let path = self.state.path_of(key);
            self.effects_mut().push(Effect::SetTimer { path, attempt, activation, due_ms });
        }
    }
}
