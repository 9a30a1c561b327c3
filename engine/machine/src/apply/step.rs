//! Events of a step or an item that is not over with them.

use std::sync::Arc;

use host_api::failure::Failure;
use host_api::identifier::Principal;
use host_api::invocation::{Ended, Resumption, Suspension};
use host_api::limits::WAIT_MS_MAX;
use runbook::plan::Action;
use serde_json::Value;

use super::Reason;
use crate::event::{MachineWait, Signal};
use crate::key::{Key, TOP};
use crate::state::{Frame, Items, Pass, Phase, State, Task, Word};
use crate::status::StepStatus;

impl State {
    pub(super) fn step_held(&mut self, key: Key, deadline_ms: u64) -> Result<(), Reason> {
        if key.item.is_some() || self.unit(key).is_some() {
            return Err("the step has begun");
        }
        if !self.holds_steps() {
            return Err("the run does not hold its steps");
        }
        self.unit_mut(key).status = StepStatus::Waiting;
        self.note_begun(key);
        self.set_phase(key, Phase::Held { deadline_ms, released: false });
        Ok(())
    }

    pub(super) fn step_started(
        &mut self,
        key: Key,
        attempt: u32,
        inputs: &Value,
        deadline_ms: Option<u64>,
        at_ms: u64,
    ) -> Result<(), Reason> {
        let (phase, before) = match self.unit(key) {
            Some(unit) => (&unit.phase, unit.attempt),
            None => (&Phase::Pending, 0),
        };
        match phase {
            Phase::Pending | Phase::Held { .. } | Phase::Backoff { settled: true, .. } => {}
            Phase::Backoff { .. } => return Err("the attempt before is not settled"),
            Phase::Begun
            | Phase::Running { .. }
            | Phase::Suspended { .. }
            | Phase::Waiting { .. }
            | Phase::Settled => return Err("the step has started"),
        }
        if attempt != before + 1 {
            return Err("attempts are counted one by one");
        }
        let phase =
            if self.is_component(key) { Phase::Running { resume: None } } else { Phase::Begun };
        let unit = self.unit_mut(key);
        unit.status = StepStatus::InProgress;
        unit.attempt = attempt;
        unit.activation = 1;
        unit.restarts = 0;
        unit.inputs = inputs.clone();
        unit.deadline_ms = deadline_ms;
        unit.started_ms = unit.started_ms.or(Some(at_ms));
        if attempt == 1 {
            self.note_begun(key);
        }
        self.set_phase(key, phase);
        Ok(())
    }

    pub(super) fn step_suspended(
        &mut self,
        key: Key,
        (attempt, activation): (u32, u32),
        suspension: &Suspension,
        at_ms: u64,
    ) -> Result<(), Reason> {
        let unit = self.unit(key).ok_or("the step has not started")?;
        if !matches!(unit.phase, Phase::Running { .. }) {
            return Err("no activation of the step runs");
        }
        if (unit.attempt, unit.activation) != (attempt, activation) {
            return Err("another activation of the step runs");
        }
        let due_ms = [suspension.until, unit.deadline_ms, Some(at_ms.saturating_add(WAIT_MS_MAX))]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(at_ms);
        let suspension = Box::new(suspension.clone());
        self.set_phase(key, Phase::Suspended { suspension, since_ms: at_ms, due_ms });
        Ok(())
    }

    pub(super) fn step_woken(
        &mut self,
        key: Key,
        (attempt, activation): (u32, u32),
        ended: &Ended,
    ) -> Result<(), Reason> {
        let unit = self.unit(key).ok_or("the step has not started")?;
        let Phase::Suspended { suspension, .. } = &unit.phase else {
            return Err("the step is not suspended");
        };
        if (unit.attempt, unit.activation + 1) != (attempt, activation) {
            return Err("activations are counted one by one");
        }
        let resume = Resumption { state: suspension.state.clone(), ended: ended.clone() };
        let unit = self.unit_mut(key);
        unit.activation = activation;
        unit.restarts = 0;
        self.set_phase(key, Phase::Running { resume: Some(Box::new(resume)) });
        Ok(())
    }

    pub(super) fn step_restarted(
        &mut self,
        key: Key,
        (attempt, activation): (u32, u32),
    ) -> Result<(), Reason> {
        let unit = self.unit(key).ok_or("the step has not started")?;
        if !matches!(unit.phase, Phase::Running { .. }) {
            return Err("no activation of the step runs");
        }
        if (unit.attempt, unit.activation) != (attempt, activation) {
            return Err("another activation of the step runs");
        }
        self.unit_mut(key).restarts += 1;
        Ok(())
    }

    pub(super) fn step_waiting(
        &mut self,
        key: Key,
        attempt: u32,
        wait: &MachineWait,
        deadline_ms: Option<u64>,
    ) -> Result<(), Reason> {
        let unit = self.unit(key).ok_or("the step has not started")?;
        let asks = matches!(wait, MachineWait::UnknownOutcome { .. });
        let may_wait = match &unit.phase {
            Phase::Begun => !asks,
            Phase::Running { .. } | Phase::Suspended { .. } => asks,
            Phase::Pending
            | Phase::Held { .. }
            | Phase::Waiting { .. }
            | Phase::Backoff { .. }
            | Phase::Settled => false,
        };
        if !may_wait {
            return Err("the step cannot wait now");
        }
        if unit.attempt != attempt {
            return Err("another attempt runs");
        }
        let person = !matches!(wait, MachineWait::Sleep { .. });
        self.unit_mut(key).status =
            if person { StepStatus::Waiting } else { StepStatus::InProgress };
        let wait = Box::new(wait.clone());
        self.set_phase(key, Phase::Waiting { wait, deadline_ms, words: Vec::new() });
        Ok(())
    }

    pub(super) fn attempt_failed(
        &mut self,
        key: Key,
        attempt: u32,
        failure: &Failure,
        retry_at_ms: u64,
    ) -> Result<(), Reason> {
        let unit = self.unit(key).ok_or("the step has not started")?;
        match &unit.phase {
            Phase::Begun
            | Phase::Running { .. }
            | Phase::Suspended { .. }
            | Phase::Waiting { .. } => {}
            Phase::Pending | Phase::Held { .. } | Phase::Backoff { .. } | Phase::Settled => {
                return Err("no attempt runs");
            }
        }
        if unit.attempt != attempt {
            return Err("another attempt runs");
        }
        let unit = self.unit_mut(key);
        unit.failure = Some(failure.clone());
        unit.status = StepStatus::InProgress;
        self.set_phase(key, Phase::Backoff { retry_at_ms, settled: false });
        Ok(())
    }

    pub(super) fn attempt_settled(&mut self, key: Key, attempt: u32) -> Result<(), Reason> {
        if self.core.unsettled.get(&key) == Some(&attempt) {
            self.core.unsettled.remove(&key);
            if self.core.unsettled.is_empty() {
                // The end of the run waits for this.
                self.agenda.insert(Task::Frame(TOP));
            }
            return Ok(());
        }
        let unit = self.unit(key).ok_or("the step has not started")?;
        let Phase::Backoff { retry_at_ms, settled: false } = unit.phase else {
            return Err("nothing is to be settled");
        };
        if unit.attempt != attempt {
            return Err("another attempt is to be settled");
        }
        self.set_phase(key, Phase::Backoff { retry_at_ms, settled: true });
        Ok(())
    }

    pub(super) fn items_expanded(
        &mut self,
        key: Key,
        items: &Arc<Vec<Value>>,
    ) -> Result<(), Reason> {
        let node = self.node(key).ok_or("the step has not started")?;
        if !self.is_for_each(key) || !matches!(node.unit.phase, Phase::Begun) {
            return Err("the step has no items now");
        }
        if node.items.is_some() {
            return Err("the items are fixed");
        }
        if let Some(node) = self.core.nodes.get_mut(&(key.step, key.frame)) {
            let list = Arc::clone(items);
            node.items = Some(Items { list, units: Vec::new(), settled: 0, failed: 0 });
        }
        self.agenda.insert(Task::Items(key));
        Ok(())
    }

    pub(super) fn pass_started(
        &mut self,
        key: Key,
        iteration: u32,
        value: Option<&Value>,
    ) -> Result<(), Reason> {
        let node = self.node(key).ok_or("the loop has not started")?;
        let is_loop = matches!(self.step(key).action, Action::Loop(_));
        if !is_loop || key.item.is_some() || !matches!(node.unit.phase, Phase::Begun) {
            return Err("no loop runs here");
        }
        let before = node.pass.and_then(|frame| self.frame(frame).pass.as_ref());
        if iteration != before.map_or(0, |pass| pass.iteration) + 1 {
            return Err("passes are counted one by one");
        }
        let frame = u32::try_from(self.core.frames.len()).map_err(|_| "too many passes")?;
        if let Some(node) = self.core.nodes.get_mut(&(key.step, key.frame)) {
            node.pass = Some(frame);
        }
        let pass = Pass { of: key, iteration, value: value.cloned() };
        self.core.frames.push(Frame { pass: Some(pass), current: None });
        self.agenda.insert(Task::Frame(frame));
        Ok(())
    }

    pub(super) fn signal_received(
        &mut self,
        key: Key,
        signal: &Signal,
        by: &Principal,
        at_ms: u64,
    ) -> Result<(), Reason> {
        if *signal == Signal::StopStep {
            if !self.core.active.contains(&key) {
                return Err("the step does not run");
            }
            self.core.stopped.insert(key, by.clone());
            self.agenda.insert(Task::Unit(key));
            return Ok(());
        }
        if !self.core.waiting.contains(&key) {
            return Err("the step does not wait for a signal");
        }
        match &mut self.unit_mut(key).phase {
            Phase::Waiting { words, .. } => {
                words.push(Word { signal: signal.clone(), by: by.clone(), at_ms });
            }
            Phase::Held { released, .. } => *released = true,
            Phase::Pending
            | Phase::Begun
            | Phase::Running { .. }
            | Phase::Suspended { .. }
            | Phase::Backoff { .. }
            | Phase::Settled => {}
        }
        if *signal == Signal::Resume
            && matches!(self.unit(key).map(|unit| &unit.phase), Some(Phase::Held { .. }))
        {
            self.core.automatic = true;
            self.agenda.extend(self.core.waiting.iter().copied().map(Task::Unit));
        }
        self.agenda.insert(Task::Unit(key));
        Ok(())
    }
}
