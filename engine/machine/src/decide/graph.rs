//! Which steps of a graph start, by the truth table of the language's documentation.

use runbook::plan::{Runs, StepId};

use super::Decider;
use crate::error::IllegalEvent;
use crate::event::Event;
use crate::key::{Key, TOP};

impl Decider<'_> {
    /// All that the step depends on is settled: it starts, or cannot run any more.
    pub(super) fn look_at_ready(&mut self, step: StepId) -> Result<(), IllegalEvent> {
        let key = Key::step(TOP, step);
        let ready = self
            .state
            .core
            .graph
            .as_ref()
            .is_some_and(|graph| graph.steps[step.0 as usize].waits_for == 0);
        if !ready || self.state.unit(key).is_some() || self.state.core.finally.is_some() {
            return Ok(());
        }
        if self.state.may_start(step) && self.has_time() {
            return self.begin(key);
        }
        let path = self.state.path_of(key);
        self.emit(Event::StepNotReached { path })
    }

    pub(super) fn look_at_graph(&mut self) -> Result<(), IllegalEvent> {
        let remaining = self.state.core.graph.as_ref().map_or(0, |graph| graph.remaining);
        if remaining == 0 { self.main_is_over() } else { Ok(()) }
    }
}

impl crate::state::State {
    fn may_start(&self, step: StepId) -> bool {
        let Some(graph) = &self.core.graph else { return false };
        let dependencies = &graph.steps[step.0 as usize];
        let ends = self.core.cancel.is_some() || self.core.complete.is_some();
        match self.plan.step(step).runs {
            Runs::OnSuccess => !dependencies.blocked && !graph.aborted && !ends,
            Runs::OnFailure => dependencies.failure_upstream && !ends,
            Runs::Always => true,
        }
    }
}
