//! Loops: one pass after another.

use std::collections::BTreeMap;

use host_api::failure::{Failure, FailureKind};
use runbook::plan::{Action, Loop, LoopKind, StepId};
use runbook::value::as_type;
use serde_json::Value;

use super::Decider;
use super::receive::timed_out;
use super::start::invalid;
use crate::error::IllegalEvent;
use crate::event::Event;
use crate::key::Key;
use crate::status::StepStatus;

/// SSM: at most 100 values, at most 100 passes.
const PASSES_MAX: usize = 100;

/// What follows a pass.
enum Following {
    /// A pass, with its value in a loop over values.
    Pass(Option<Value>),
    End,
}

impl Decider<'_> {
    /// Sees to a loop that began: its deadline, and its first pass.
    pub(super) fn look_at_loop(&mut self, key: Key) -> Result<(), IllegalEvent> {
        let Some(node) = self.state.node(key) else { return Ok(()) };
        let (deadline_ms, pass) = (node.unit.deadline_ms, node.pass);
        if let Some(due_ms) = deadline_ms {
            if self.now_ms >= due_ms {
                self.stop_within(key)?;
                let outputs = self.state.loop_outputs(key);
                return self.end(key, StepStatus::TimedOut, timed_out(), outputs);
            }
            self.set_timer(key, due_ms);
        }
        if pass.is_none() { self.next_pass(key) } else { Ok(()) }
    }

    /// Begins the next pass, or ends the loop. SSM: for each value one; otherwise the condition is tested after the body, and the loop
    /// succeeds when it has made its greatest number of passes.
    pub(super) fn next_pass(&mut self, key: Key) -> Result<(), IllegalEvent> {
        let made = self.state.iteration(key);
        match self.pass_after(key, made) {
            Ok(Following::Pass(value)) => {
                let path = self.state.path_of(key);
                self.emit(Event::PassStarted { path, iteration: made + 1, value })
            }
            Ok(Following::End) => {
                let outputs = self.state.loop_outputs(key);
                self.succeed(key, outputs, None)
            }
            Err(failure) => {
                let outputs = self.state.loop_outputs(key);
                self.fail(key, failure, outputs)
            }
        }
    }

    fn pass_after(&self, key: Key, made: u32) -> Result<Following, Failure> {
        let Action::Loop(Loop { kind, max_iterations, .. }) = &self.state.step(key).action else {
            return Ok(Following::End);
        };
        if self.state.is_completing() {
            return Ok(Following::End);
        }
        match kind {
            LoopKind::ForEach { value_type, .. } => {
                let inputs = self.state.unit(key).map_or(&Value::Null, |unit| &unit.inputs);
                let Some(values) = inputs["Iterators"].as_array() else {
                    return Err(invalid("the loop's iterators are not a list"));
                };
                if values.len() > PASSES_MAX {
                    return Err(invalid("a loop has at most 100 iterators"));
                }
                if made >= *max_iterations {
                    return Ok(Following::End);
                }
                let Some(value) = values.get(made as usize) else { return Ok(Following::End) };
                let value = as_type(value.clone(), value_type)
                    .map_err(|error| invalid(format!("iterator {}: {error}", made + 1)))?;
                Ok(Following::Pass(Some(value)))
            }
            LoopKind::DoWhile(condition) => {
                if made >= *max_iterations {
                    return Ok(Following::End);
                }
                let again = made == 0
                    || condition
                        .holds(&self.scope(key))
                        .map_err(|error| invalid(format!("the loop's condition: {error}")))?;
                Ok(if again { Following::Pass(None) } else { Following::End })
            }
        }
    }

    /// A step of the body failed and nothing in the body handles it: the loop fails as that step did.
    pub(super) fn give_up_body(&mut self, key: Key, frame: u32) -> Result<(), IllegalEvent> {
        let last = self.state.frame(frame).current.map(|step| Key::step(frame, step));
        let last = last.and_then(|last| Some((self.state.step(last), self.state.unit(last)?)));
        let (status, failure) = match last {
            Some((step, unit)) => {
                let message = match &unit.failure {
                    Some(failure) => format!("step {}: {}", step.name, failure.message),
                    None => format!("step {} was not done", step.name),
                };
                (unit.status, Failure::action("LoopBodyFailed", message))
            }
            None => {
                (StepStatus::Failed, Failure::new(FailureKind::Internal, "a pass without steps"))
            }
        };
        let status = if status == StepStatus::TimedOut { status } else { StepStatus::Failed };
        let outputs = self.state.loop_outputs(key);
        self.end(key, status, failure, outputs)
    }

    /// A jump out of a loop's body has no meaning; the loop fails.
    pub(super) fn leave_body(&mut self, key: Key, target: StepId) -> Result<(), IllegalEvent> {
        let target = &self.state.plan.step(target).name;
        let message = format!("a step of the loop's body goes on at `{target}`, outside the body");
        self.fail(key, Failure::action("JumpOutOfLoop", message), BTreeMap::new())
    }
}
