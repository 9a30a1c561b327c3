//! A run and its steps as they are shown.

use std::collections::BTreeMap;

use host_api::effect::StepPath;
use host_api::failure::Failure;
use host_api::identifier::Principal;
use runbook::plan::{Plan, StepId};
use serde_json::Value;

use crate::decide::flow_action::{approval_outputs, decisions};
use crate::event::{MachineWait, RunStarted};
use crate::key::{Key, TOP};
use crate::state::{Phase, State};
use crate::status::{RunStatus, StepStatus};

/// A step, or an item of a `forEach`. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct StepView<'s> {
    pub path: StepPath,
    pub name: &'s str,
    /// As a runbook writes it.
    pub action: &'s str,
    pub status: StepStatus,
    /// The attempt that runs or ran last; 0 for a step that has not begun.
    pub attempt: u32,
    pub started_ms: Option<u64>,
    pub ended_ms: Option<u64>,
    pub deadline_ms: Option<u64>,
    pub inputs: Option<&'s Value>,
    pub outputs: Option<&'s BTreeMap<String, Value>>,
    /// What is known of an approval that is waited for, as its outputs will say it.
    pub approval: Option<BTreeMap<String, Value>>,
    /// The place of its beginning among those of all steps; `None` for one that has not begun.
    pub begun_seq: Option<u64>,
    /// Of the last attempt that failed; a step that succeeded has none.
    pub failure: Option<&'s Failure>,
    /// Of a `forEach` whose list is fixed.
    pub items: Option<ItemCounts>,
    /// What a machine-run step waits for.
    pub wait: Option<&'s MachineWait>,
    /// The latest pass of a loop; 0 when there is none.
    pub iteration: u32,
    /// The value of the pass that the step is in, or the item's own.
    pub iterator_value: Option<&'s Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemCounts {
    pub total: u32,
    pub started: u32,
    pub settled: u32,
    pub failed: u32,
}

impl State {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the status of the run. It is Waiting when a step waits for a person and none is at work.
    pub fn status(&self) -> RunStatus {
        let core = &self.core;
        match (&core.finished, &core.started, &core.cancel) {
            (Some(finished), _, _) => finished.status,
            (None, None, _) => RunStatus::Pending,
            (None, Some(_), Some(_)) => RunStatus::Cancelling,
            (None, Some(_), None) if core.busy == 0 && !core.waiting.is_empty() => {
                RunStatus::Waiting
            }
            (None, Some(_), None) => RunStatus::InProgress,
        }
    }

    /// Returns what was fixed at the start; `None` before it.
    pub fn started(&self) -> Option<&RunStarted> {
        self.core.started.as_deref()
    }

    pub fn started_ms(&self) -> Option<u64> {
        self.core.started.as_ref().map(|_| self.core.started_ms)
    }

    pub fn ended_ms(&self) -> Option<u64> {
        self.core.finished.as_ref().map(|finished| finished.at_ms)
    }

    /// Returns the run's outputs; `None` while it has not finished.
    pub fn outputs(&self) -> Option<&BTreeMap<String, Value>> {
        self.core.finished.as_ref().map(|finished| &finished.outputs)
    }

    /// Returns why a finished run did not succeed.
    pub fn failure(&self) -> Option<&Failure> {
        self.core.finished.as_ref()?.failure.as_ref()
    }

    pub fn variables(&self) -> &BTreeMap<String, Value> {
        &self.core.variables
    }

    /// Returns who asked for the run to be cancelled.
    pub fn cancelled_by(&self) -> Option<&Principal> {
        self.core.cancel.as_ref().map(|cancel| &cancel.by)
    }

    /// Returns the sequence number of the next entry, counted from 0: how many were folded.
    pub fn next_seq(&self) -> u64 {
        self.core.seq
    }

    /// Returns whether nothing of the run is in the sandbox or being settled: only a message can bring it on, so it need not be in memory.
    pub fn idle(&self) -> bool {
        self.core.invoked == 0
    }

    /// Returns every step in document order, pending ones too; a step of a loop's body once for each pass it ran in.
    pub fn steps(&self) -> impl Iterator<Item = StepView<'_>> {
        let every = (0..).zip(&self.plan.steps).map(|(position, _)| StepId(position));
        every.flat_map(|id| {
            let ran = self.core.nodes.range((id, TOP)..=(id, u32::MAX));
            let keys: Vec<Key> = ran.map(|((id, frame), _)| Key::step(*frame, *id)).collect();
            let keys = if keys.is_empty() { vec![Key::step(TOP, id)] } else { keys };
            keys.into_iter().map(|key| self.view(key))
        })
    }

    /// Returns the items of a `forEach` that began, in order; none for another step.
    pub fn items(&self, path: &StepPath) -> impl Iterator<Item = StepView<'_>> {
        let key = self.key_of(path).map(Key::whole);
        let begun = key.and_then(|key| {
            let items = self.node(key)?.items.as_ref()?;
            Some((0..).zip(&items.units).map(move |(item, _)| self.view(key.of_item(item))))
        });
        begun.into_iter().flatten()
    }

    /// Returns one step or item; `None` when the plan has no such step or its pass or item has not begun.
    pub fn step_at(&self, path: &StepPath) -> Option<StepView<'_>> {
        let key = self.key_of(path)?;
        (key.item.is_none() || self.unit(key).is_some()).then(|| self.view(key))
    }

    fn view(&self, key: Key) -> StepView<'_> {
        let step = self.step(key);
        let node = self.node(key).filter(|_| key.item.is_none());
        let unit = self.unit(key);
        let items = node.and_then(|node| node.items.as_ref()).map(|items| ItemCounts {
            total: u32::try_from(items.list.len()).unwrap_or(u32::MAX),
            started: u32::try_from(items.units.len()).unwrap_or(u32::MAX),
            settled: items.settled,
            failed: items.failed,
        });
        let (wait, words) = match unit.map(|unit| &unit.phase) {
            Some(Phase::Waiting { wait, words, .. }) => (Some(&**wait), words.as_slice()),
            _ => (None, [].as_slice()),
        };
        let asks = matches!(wait, Some(MachineWait::Approve { .. }));
        StepView {
            path: self.path_of(key),
            name: &step.name,
            action: step.action.name(),
            status: unit.map_or(StepStatus::Pending, |unit| unit.status),
            attempt: unit.map_or(0, |unit| unit.attempt),
            started_ms: unit.and_then(|unit| unit.started_ms),
            ended_ms: unit.and_then(|unit| unit.ended_ms),
            deadline_ms: unit.and_then(|unit| unit.deadline_ms),
            inputs: unit.map(|unit| &unit.inputs).filter(|inputs| !inputs.is_null()),
            outputs: unit.map(|unit| &unit.outputs),
            approval: asks.then(|| approval_outputs("Waiting", decisions(words))),
            begun_seq: unit.and_then(|unit| unit.begun_seq),
            failure: unit.and_then(|unit| unit.failure.as_ref()),
            items,
            wait,
            iteration: if key.item.is_none() { self.iteration(key) } else { 0 },
            iterator_value: self.iterator_value(key),
        }
    }
}

impl State {
    fn iterator_value(&self, key: Key) -> Option<&Value> {
        match key.item {
            Some(item) => self.node(key)?.items.as_ref()?.list.get(item as usize),
            None => self.frame(key.frame).pass.as_ref()?.value.as_ref(),
        }
    }
}
