//! Where a sequence goes on: the top level of a sequence flow, and every pass of a loop.

use runbook::plan::{Action, Flow, OnFailure, StepId};

use super::Decider;
use crate::error::IllegalEvent;
use crate::key::{Key, TOP};
use crate::state::{Phase, State};
use crate::status::StepStatus;

/// What follows a settled step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Successor {
    Step(StepId),
    End,
    /// A step failed and nothing handles it.
    Abort,
}

/// Where a sequence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Next(StepId),
    End,
    Abort,
}

impl State {
    /// SSM's rules (ssm.md 3.1): `isEnd` ends on failure too, `nextStep` and a branch's choice are taken on success only, `Continue` goes
    /// on in document order. A step skipped by `when` goes on like one that succeeded.
    pub(crate) fn successor(&self, key: Key) -> Successor {
        let Some(unit) = self.unit(key) else { return Successor::End };
        let step = self.step(key);
        let onward = |next: Option<StepId>| match next {
            Some(next) if !step.is_end => Successor::Step(next),
            _ => Successor::End,
        };
        match unit.status {
            StepStatus::Success => unit.chosen.map_or_else(|| onward(step.next), Successor::Step),
            StepStatus::Skipped => onward(step.next),
            // Nobody was waited for, as the run is to end well.
            StepStatus::Cancelled
                if self.is_completing() && !self.core.stopped.contains_key(&key) =>
            {
                Successor::End
            }
            StepStatus::Failed | StepStatus::TimedOut | StepStatus::Cancelled => {
                match self.failure_policy(key) {
                    OnFailure::Abort => Successor::Abort,
                    OnFailure::Continue => onward(self.index.following(key.step)),
                    OnFailure::Step(target) => onward(Some(target)),
                }
            }
            StepStatus::NotReached => Successor::End,
            StepStatus::Pending | StepStatus::InProgress | StepStatus::Waiting => Successor::Abort,
        }
    }

    /// Returns where the steps of a frame stand; `first` begins them.
    pub(crate) fn progress(&self, frame: u32, first: Option<StepId>) -> Progress {
        let Some(current) = self.frame(frame).current else {
            return first.map_or(Progress::End, Progress::Next);
        };
        let key = Key::step(frame, current);
        match self.unit(key) {
            Some(unit) if matches!(unit.phase, Phase::Settled) => match self.successor(key) {
                // A plan is acyclic; a step that is over is never begun again, even by a damaged one.
                Successor::Step(next) if self.unit(Key::step(frame, next)).is_none() => {
                    Progress::Next(next)
                }
                Successor::Step(_) | Successor::End => Progress::End,
                Successor::Abort => Progress::Abort,
            },
            _ => Progress::Running,
        }
    }
}

impl Decider<'_> {
    /// Sees to the top level, whatever part and flow it is.
    pub(super) fn look_at_top(&mut self) -> Result<(), IllegalEvent> {
        if self.state.core.finished.is_some() {
            return Ok(());
        }
        if self.state.core.finally.is_some() {
            return self.look_at_finally();
        }
        if self.state.plan.flow == Flow::Graph {
            return self.look_at_graph();
        }
        if self.state.core.cancel.is_some() {
            return self.look_at_cancel_path();
        }
        match self.state.progress(TOP, self.state.plan.main.first().copied()) {
            Progress::Running => Ok(()),
            Progress::Next(step) if !self.state.is_completing() => self.begin(Key::step(TOP, step)),
            Progress::Next(_) | Progress::End | Progress::Abort => self.main_is_over(),
        }
    }

    /// Sees to the pass of a loop.
    pub(super) fn look_at_pass(&mut self, frame: u32) -> Result<(), IllegalEvent> {
        let Some(pass) = &self.state.frame(frame).pass else { return Ok(()) };
        let of = pass.of;
        let runs = self.state.node(of).is_some_and(|node| {
            node.pass == Some(frame) && matches!(node.unit.phase, Phase::Begun)
        });
        if self.state.on_cancel_path(frame) {
            return self.look_at_top();
        }
        if !runs || self.state.is_stopping(of) {
            return Ok(());
        }
        let Action::Loop(body) = &self.state.step(of).action else { return Ok(()) };
        match self.state.progress(frame, body.body.first().copied()) {
            Progress::Running => Ok(()),
            Progress::Next(step) if self.state.plan.step(step).parent != Some(of.step) => {
                self.leave_body(of, step)
            }
            Progress::Next(step) if !self.state.is_completing() => {
                self.begin(Key::step(frame, step))
            }
            Progress::Next(_) | Progress::End => self.next_pass(of),
            Progress::Abort => self.give_up_body(of, frame),
        }
    }
}
