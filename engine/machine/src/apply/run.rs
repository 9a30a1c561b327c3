//! Events of the run as a whole.

use std::collections::{BTreeMap, BTreeSet};

use host_api::failure::Failure;
use host_api::identifier::Principal;
use runbook::plan::{Flow, OnCancel};
use serde_json::Value;

use super::Reason;
use crate::event::RunStarted;
use crate::key::{Key, TOP};
use crate::state::{Cancel, CancelPath, Finally, Finished, Phase, State, Task};
use crate::status::RunStatus;

/// How long `onCancel`, and then `finally`, may take after a cancel (SSM: at most 2 minutes).
pub(crate) const CANCEL_MS_MAX: u64 = 120_000;

impl State {
    pub(super) fn run_started(&mut self, started: &RunStarted, at_ms: u64) -> Result<(), Reason> {
        if self.core.started.is_some() {
            return Err("the run has started");
        }
        self.core.started = Some(Box::new(started.clone()));
        self.core.started_ms = at_ms;
        self.agenda.insert(Task::Frame(TOP));
        if self.plan.flow == Flow::Graph {
            for &step in &self.plan.main {
                if self.index.dependencies[step.0 as usize] == 0 {
                    self.agenda.insert(Task::Ready(step));
                }
            }
        }
        Ok(())
    }

    pub(super) fn variable_updated(&mut self, name: &str, value: &Value) -> Result<(), Reason> {
        if !self.plan.variables.contains_key(name) {
            return Err("the plan has no such variable");
        }
        self.core.variables.insert(name.to_owned(), value.clone());
        Ok(())
    }

    /// A cancel stops what runs in the main part; `finally` is never stopped, but has two minutes left.
    pub(super) fn cancel_requested(&mut self, by: &Principal, at_ms: u64) -> Result<(), Reason> {
        if self.core.cancel.is_some() {
            return Err("the run is being cancelled");
        }
        let deadline_ms = at_ms.saturating_add(CANCEL_MS_MAX);
        let mut cancel =
            Cancel { by: by.clone(), deadline_ms, stopping: BTreeSet::new(), path: None };
        if let Some(finally) = &mut self.core.finally {
            let sooner = finally.deadline_ms.map_or(deadline_ms, |due_ms| due_ms.min(deadline_ms));
            finally.deadline_ms = Some(sooner);
            self.bring_deadlines_forward(sooner);
        } else {
            cancel.stopping.clone_from(&self.core.active);
            cancel.path = self.cancel_path();
        }
        self.core.cancel = Some(cancel);
        self.agenda.insert(Task::Cancel);
        self.agenda.insert(Task::Frame(TOP));
        Ok(())
    }

    /// A completion stops nothing but what waits for a person.
    pub(super) fn complete_requested(&mut self, by: &Principal) -> Result<(), Reason> {
        if self.core.complete.is_some() || self.core.cancel.is_some() {
            return Err("the run is to end already");
        }
        self.core.complete = Some(by.clone());
        self.agenda.extend([Task::Cancel, Task::Frame(TOP)]);
        Ok(())
    }

    fn bring_deadlines_forward(&mut self, due_ms: u64) {
        for key in self.core.active.clone() {
            let unit = self.unit_mut(key);
            unit.deadline_ms = Some(unit.deadline_ms.map_or(due_ms, |own_ms| own_ms.min(due_ms)));
            if let Phase::Waiting { deadline_ms, .. } = &mut unit.phase {
                *deadline_ms = Some(deadline_ms.map_or(due_ms, |own_ms| own_ms.min(due_ms)));
            }
            if let Phase::Suspended { due_ms: own_ms, .. } = &mut unit.phase {
                *own_ms = (*own_ms).min(due_ms);
            }
        }
    }

    /// The innermost step that runs in a sequence says where its cancellation path begins.
    fn cancel_path(&self) -> Option<CancelPath> {
        let mut frame = TOP;
        let mut running = None;
        while let Some(step) = self.frame(frame).current {
            let key = Key::step(frame, step);
            let node = self.node(key)?;
            let begun = !matches!(node.unit.phase, Phase::Held { .. } | Phase::Settled);
            if self.plan.flow == Flow::Sequence && begun {
                running = Some(key);
            }
            match node.pass {
                Some(pass) => frame = pass,
                None => break,
            }
        }
        let running = running?;
        let OnCancel::Step(first) = self.step(running).on_cancel else { return None };
        let inside = self.frame(running.frame).pass.as_ref().map(|pass| pass.of.step);
        let frame = if self.plan.step(first).parent == inside { running.frame } else { TOP };
        let reachable = frame != TOP || self.plan.step(first).parent.is_none();
        reachable.then_some(CancelPath { frame, first, entered: false })
    }

    pub(super) fn finally_started(&mut self, deadline_ms: Option<u64>) -> Result<(), Reason> {
        if self.core.finally.is_some() {
            return Err("finally has started");
        }
        self.core.finally = Some(Finally { deadline_ms });
        self.core.frames[TOP as usize].current = None;
        self.agenda.insert(Task::Frame(TOP));
        Ok(())
    }

    pub(super) fn run_finished(
        &mut self,
        (status, outputs, failure): (RunStatus, &BTreeMap<String, Value>, Option<&Failure>),
        at_ms: u64,
    ) -> Result<(), Reason> {
        if !status.is_terminal() {
            return Err("a run does not end with this status");
        }
        let (outputs, failure) = (outputs.clone(), failure.cloned());
        self.core.finished = Some(Finished { status, outputs, failure, at_ms });
        self.agenda.clear();
        self.prepared.clear();
        Ok(())
    }
}
