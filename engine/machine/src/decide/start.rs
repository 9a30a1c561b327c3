//! How a step, or an item, begins.

use std::collections::BTreeMap;

use host_api::failure::{Failure, FailureKind};
use host_api::limits::WAIT_MS_MAX;
use runbook::plan::{Action, Approve, LoopKind, Sleep, Step};
use runbook::template::{ResolveError, Scope, Template};
use serde_json::{Map, Value};

use super::Decider;
use super::receive::timed_out;
use crate::error::IllegalEvent;
use crate::event::Event;
use crate::key::Key;
use crate::scope::RunScope;

/// How long an approval waits when the runbook does not say (SSM: 7 days), and at most (30 days).
const APPROVE_MS_DEFAULT: u64 = 604_800_000;
const APPROVE_MS_MAX: u64 = 2_592_000_000;

impl Decider<'_> {
    pub(super) fn scope(&self, key: Key) -> RunScope<'_> {
        RunScope::new(self.state, key, self.now_ms)
    }

    /// Begins a step that is pending: tests its `when`, resolves its inputs. What cannot be resolved fails the step.
    pub(super) fn begin(&mut self, key: Key) -> Result<(), IllegalEvent> {
        let step = self.state.plan.step(key.step);
        let when = match &step.when {
            Some(when) => holds(when.evaluate(&self.scope(key))),
            None => Ok(true),
        };
        match when {
            Ok(true) => {}
            Ok(false) => {
                let path = self.state.path_of(key);
                return self.emit(Event::StepSkipped { path });
            }
            Err(failure) => return self.fail(key, failure, BTreeMap::new()),
        }
        if self.state.holds_steps() {
            let path = self.state.path_of(key);
            let deadline_ms = self.now_ms.saturating_add(WAIT_MS_MAX);
            return self.emit(Event::StepHeld { path, deadline_ms });
        }
        self.start(key, None)
    }

    /// Sees to a step that waits for a person's word to start.
    pub(super) fn look_at_held(
        &mut self,
        key: Key,
        deadline_ms: u64,
        released: bool,
    ) -> Result<(), IllegalEvent> {
        if released || self.state.core.automatic {
            self.clear_waits(key);
            return self.start(key, None);
        }
        if self.now_ms >= deadline_ms {
            return self.fail(key, timed_out(), BTreeMap::new());
        }
        self.set_timer(key, deadline_ms);
        Ok(())
    }

    /// Starts the first attempt of a step or an item. `prepared` stands for a component's inputs.
    pub(super) fn start(
        &mut self,
        key: Key,
        prepared: Option<&Template>,
    ) -> Result<(), IllegalEvent> {
        let step = self.state.plan.step(key.step);
        let inputs = if self.state.is_for_each(key) {
            Ok(Value::Object(Map::new()))
        } else {
            inputs_of(step, prepared, &self.scope(key))
        };
        match inputs {
            Ok(inputs) => {
                let path = self.state.path_of(key);
                let deadline_ms = self.deadline_of_attempt_ms(key);
                self.emit(Event::StepStarted { path, attempt: 1, inputs, deadline_ms })
            }
            Err(error) => self.fail(key, invalid(error.to_string()), BTreeMap::new()),
        }
    }

    pub(super) fn deadline_of_attempt_ms(&self, key: Key) -> Option<u64> {
        let step = self.state.step(key);
        let timeout_ms = if self.state.is_for_each(key) {
            None
        } else if matches!(step.action, Action::Approve(_)) {
            Some(step.timeout_ms.unwrap_or(APPROVE_MS_DEFAULT).min(APPROVE_MS_MAX))
        } else {
            step.timeout_ms
        };
        let own_ms = timeout_ms.map(|timeout_ms| self.now_ms.saturating_add(timeout_ms));
        own_ms.into_iter().chain(self.state.part_deadline_ms()).min()
    }
}

/// A step's inputs could not be resolved, or are not what the action takes.
pub(super) fn invalid(message: impl Into<String>) -> Failure {
    Failure {
        code: "InvalidInput".to_owned(),
        ..Failure::new(FailureKind::InputValidation, message)
    }
}

fn holds(value: Result<Value, ResolveError>) -> Result<bool, Failure> {
    match value {
        Ok(Value::Bool(holds)) => Ok(holds),
        Ok(_) => Err(invalid("`when` gives neither true nor false")),
        Err(error) => Err(invalid(format!("`when`: {error}"))),
    }
}

fn inputs_of(
    step: &Step,
    prepared: Option<&Template>,
    scope: &dyn Scope,
) -> Result<Value, ResolveError> {
    let mut inputs = Map::new();
    match &step.action {
        Action::Component { inputs, .. } => return prepared.unwrap_or(inputs).resolve(scope),
        Action::Branch(_) | Action::Pause => {}
        Action::Loop(each) => {
            if let LoopKind::ForEach { iterators, .. } = &each.kind {
                inputs.insert("Iterators".to_owned(), iterators.resolve(scope)?);
            }
        }
        Action::Sleep(Sleep::Duration(duration)) => {
            inputs.insert("Duration".to_owned(), duration.resolve(scope)?);
        }
        Action::Sleep(Sleep::Timestamp(timestamp)) => {
            inputs.insert("Timestamp".to_owned(), timestamp.resolve(scope)?);
        }
        Action::Approve(approve) => approve_inputs(approve, scope, &mut inputs)?,
        Action::UpdateVariable { name, value } => {
            inputs.insert("Name".to_owned(), Value::String(format!("variable:{name}")));
            inputs.insert("Value".to_owned(), value.resolve(scope)?);
        }
    }
    Ok(Value::Object(inputs))
}

fn approve_inputs(
    approve: &Approve,
    scope: &dyn Scope,
    inputs: &mut Map<String, Value>,
) -> Result<(), ResolveError> {
    inputs.insert("Approvers".to_owned(), approve.approvers.resolve(scope)?);
    let required = approve.min_required_approvals.resolve(scope)?;
    inputs.insert("MinRequiredApprovals".to_owned(), required);
    if let Some(message) = &approve.message {
        inputs.insert("Message".to_owned(), message.resolve(scope)?);
    }
    if let Some(topic) = &approve.notification_arn {
        inputs.insert("NotificationArn".to_owned(), topic.resolve(scope)?);
    }
    Ok(())
}
