//! Events with which a step or an item is over, and what that means for what waits for it.

use std::collections::BTreeMap;

use host_api::failure::Failure;
use runbook::plan::{Flow, OnFailure, StepId};
use serde_json::Value;

use super::Reason;
use crate::key::{Key, TOP};
use crate::state::{Phase, State, Task};
use crate::status::{RunStatus, StepStatus};

impl State {
    pub(super) fn step_succeeded(
        &mut self,
        key: Key,
        attempt: u32,
        outputs: &BTreeMap<String, Value>,
        chosen: Option<&str>,
        at_ms: u64,
    ) -> Result<(), Reason> {
        let unit = self.unit(key).ok_or("the step has not started")?;
        match unit.phase {
            Phase::Begun | Phase::Running { .. } | Phase::Waiting { .. } => {}
            Phase::Pending
            | Phase::Held { .. }
            | Phase::Suspended { .. }
            | Phase::Backoff { .. }
            | Phase::Settled => {
                return Err("no attempt runs");
            }
        }
        if unit.attempt != attempt {
            return Err("another attempt runs");
        }
        let chosen = match chosen {
            Some(name) => Some(*self.index.names.get(name).ok_or("the branch leads nowhere")?),
            None => None,
        };
        let unit = self.unit_mut(key);
        unit.outputs.clone_from(outputs);
        unit.failure = None;
        unit.chosen = chosen;
        self.settle(key, StepStatus::Success, Some(at_ms));
        Ok(())
    }

    pub(super) fn step_failed(
        &mut self,
        key: Key,
        attempt: u32,
        (status, failure, outputs): (StepStatus, &Failure, &BTreeMap<String, Value>),
        at_ms: u64,
    ) -> Result<(), Reason> {
        if !matches!(status, StepStatus::Failed | StepStatus::TimedOut | StepStatus::Cancelled) {
            return Err("a step does not fail with this status");
        }
        let (is_settled, current) = match self.unit(key) {
            Some(unit) => (matches!(unit.phase, Phase::Settled), unit.attempt),
            None => (false, 0),
        };
        if is_settled {
            return Err("the step is over");
        }
        if attempt != current.max(1) {
            return Err("another attempt runs");
        }
        let component = self.is_component(key);
        let unit = self.unit_mut(key);
        let begun = unit.attempt > 0;
        unit.attempt = attempt;
        unit.started_ms = unit.started_ms.or(Some(at_ms));
        unit.failure = Some(failure.clone());
        unit.outputs.clone_from(outputs);
        if !begun {
            self.note_begun(key);
        }
        if begun && component {
            self.core.unsettled.insert(key, attempt);
        }
        let counts = status != StepStatus::Cancelled || self.core.stopped.contains_key(&key);
        if key.item.is_none() && counts {
            self.note_failure(key, status, failure);
        }
        self.settle(key, status, Some(at_ms));
        Ok(())
    }

    fn note_failure(&mut self, key: Key, status: StepStatus, failure: &Failure) {
        let name = self.step(key).name.clone();
        self.core.failures.push((name, failure.clone()));
        if self.core.verdict.is_none() && self.step(key).is_critical {
            let run = match status {
                StepStatus::TimedOut => RunStatus::TimedOut,
                StepStatus::Cancelled => RunStatus::Cancelled,
                StepStatus::Pending
                | StepStatus::InProgress
                | StepStatus::Waiting
                | StepStatus::Success
                | StepStatus::Failed
                | StepStatus::Skipped
                | StepStatus::NotReached => RunStatus::Failed,
            };
            self.core.verdict = Some((run, failure.clone()));
        }
    }

    pub(super) fn step_skipped(&mut self, key: Key, at_ms: u64) -> Result<(), Reason> {
        self.expect_pending(key)?;
        self.note_begun(key);
        self.settle(key, StepStatus::Skipped, Some(at_ms));
        Ok(())
    }

    pub(super) fn step_not_reached(&mut self, key: Key) -> Result<(), Reason> {
        let held = self.unit(key).is_some_and(|unit| matches!(unit.phase, Phase::Held { .. }));
        if !held {
            self.expect_pending(key)?;
            if self.plan.flow != Flow::Graph || key.frame != TOP {
                return Err("only a graph's steps are not reached");
            }
        }
        self.settle(key, StepStatus::NotReached, None);
        Ok(())
    }

    fn expect_pending(&self, key: Key) -> Result<(), Reason> {
        if key.item.is_some() || self.unit(key).is_some() {
            return Err("the step has begun");
        }
        Ok(())
    }

    fn settle(&mut self, key: Key, status: StepStatus, ended_ms: Option<u64>) {
        let unit = self.unit_mut(key);
        unit.status = status;
        unit.ended_ms = ended_ms;
        self.set_phase(key, Phase::Settled);
        if let Some(cancel) = &mut self.core.cancel
            && cancel.stopping.remove(&key)
        {
            self.agenda.insert(Task::Cancel);
            self.agenda.insert(Task::Frame(TOP));
        }
        if key.item.is_some() {
            let whole = key.whole();
            if let Some(items) = (self.core.nodes.get_mut(&(key.step, key.frame)))
                .and_then(|node| node.items.as_mut())
            {
                items.settled += 1;
                items.failed += u32::from(status != StepStatus::Success);
            }
            self.agenda.insert(Task::Items(whole));
            return;
        }
        self.prepared.remove(&key);
        self.core.latest.insert(key.step, key.frame);
        self.agenda.insert(Task::Frame(key.frame));
        if key.frame == TOP && !self.step(key).in_finally {
            self.settle_in_graph(key.step, status);
        }
    }

    fn settle_in_graph(&mut self, step: StepId, status: StepStatus) {
        let stopped = self.core.stopped.contains_key(&Key::step(TOP, step));
        let failed = matches!(status, StepStatus::Failed | StepStatus::TimedOut) || stopped;
        let goes_on = match status {
            StepStatus::Success | StepStatus::Skipped => true,
            StepStatus::Failed | StepStatus::TimedOut | StepStatus::Cancelled => {
                failed && self.failure_policy(Key::step(TOP, step)) == OnFailure::Continue
            }
            StepStatus::Pending
            | StepStatus::InProgress
            | StepStatus::Waiting
            | StepStatus::NotReached => false,
        };
        let Some(graph) = &mut self.core.graph else { return };
        graph.remaining -= 1;
        graph.aborted |= failed && !goes_on;
        let failure_upstream = failed || graph.steps[step.0 as usize].failure_upstream;
        for &dependent in &self.index.dependents[step.0 as usize] {
            let waiting = &mut graph.steps[dependent.0 as usize];
            waiting.waits_for -= 1;
            waiting.blocked |= !goes_on;
            waiting.failure_upstream |= failure_upstream;
            if waiting.waits_for == 0 {
                self.agenda.insert(Task::Ready(dependent));
            }
        }
    }

    /// Returns what the failure of a step leads to. A loop whose body gave up gives up, whatever the loop itself says:
    /// SSM keeps a loop's own `onFailure` for errors of the loop.
    pub(crate) fn failure_policy(&self, key: Key) -> OnFailure {
        let pass = self.node(key).and_then(|node| node.pass);
        let last = pass.and_then(|frame| Some(Key::step(frame, self.frame(frame).current?)));
        let gave_up = last.is_some_and(|last| {
            self.unit(last).is_some_and(|unit| {
                matches!(unit.status, StepStatus::Failed | StepStatus::TimedOut)
                    || self.core.stopped.contains_key(&last)
            }) && self.failure_policy(last) == OnFailure::Abort
        });
        if gave_up { OnFailure::Abort } else { self.step(key).on_failure.clone() }
    }
}
