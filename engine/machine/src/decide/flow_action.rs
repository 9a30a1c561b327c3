//! The actions that the machine itself runs: branch, loop, sleep, pause, approve, updateVariable.

use std::collections::BTreeMap;

use host_api::failure::Failure;
use host_api::limits::WAIT_MS_MAX;
use runbook::duration;
use runbook::plan::{Action, Branch, StepId};
use runbook::value::variable::check_variable;
use serde_json::{Value, json};

use super::Decider;
use super::receive::timed_out;
use super::start::invalid;
use crate::error::IllegalEvent;
use crate::event::{Event, MachineWait, Signal};
use crate::key::Key;
use crate::state::{Phase, Word};

/// SSM: a sleep is at most 604799 seconds.
const SLEEP_MS_MAX: u64 = 604_799_000;
const APPROVERS_MAX: usize = 10;
const MESSAGE_CHARS_MAX: usize = 4_096;

impl Decider<'_> {
    /// Runs a machine-run step that has started.
    pub(super) fn run_flow_action(&mut self, key: Key) -> Result<(), IllegalEvent> {
        let Some(unit) = self.state.unit(key) else { return Ok(()) };
        let decided = match &self.state.step(key).action {
            Action::Component { .. } => return Ok(()),
            Action::Loop(_) => return self.look_at_loop(key),
            Action::Branch(branch) => return self.branch(key, &branch.clone()),
            Action::Pause => Ok(Some(MachineWait::Pause)),
            Action::Sleep(_) => self.sleep(&unit.inputs),
            Action::Approve(_) => approve(&unit.inputs).map(Some),
            Action::UpdateVariable { name, .. } => {
                let (name, value) = (name.clone(), unit.inputs["Value"].clone());
                return self.update_variable(key, name, value);
            }
        };
        match decided {
            Ok(Some(wait)) => {
                let (path, attempt, _) = self.place(key);
                let latest_ms = self.now_ms.saturating_add(WAIT_MS_MAX);
                let own_ms = self.state.unit(key).and_then(|unit| unit.deadline_ms);
                let deadline_ms = Some(own_ms.map_or(latest_ms, |own_ms| own_ms.min(latest_ms)));
                self.emit(Event::StepWaiting { path, attempt, wait, deadline_ms })
            }
            Ok(None) => self.succeed(key, BTreeMap::new(), None),
            Err(failure) => self.fail(key, failure, BTreeMap::new()),
        }
    }

    /// The first choice that holds, else `Default`, else none: then the sequence goes on in order, or ends where `isEnd` says so.
    fn branch(&mut self, key: Key, branch: &Branch) -> Result<(), IllegalEvent> {
        let mut chosen: Option<StepId> = branch.default;
        for choice in &branch.choices {
            match choice.condition.holds(&self.scope(key)) {
                Ok(true) => {
                    chosen = Some(choice.next);
                    break;
                }
                Ok(false) => {}
                Err(error) => {
                    return self.fail(key, invalid(error.to_string()), BTreeMap::new());
                }
            }
        }
        let chosen = chosen.map(|step| self.state.plan.step(step).name.clone());
        self.succeed(key, BTreeMap::new(), chosen)
    }

    /// `None` when the time has come already.
    fn sleep(&self, inputs: &Value) -> Result<Option<MachineWait>, Failure> {
        let until_ms = if let Some(text) = inputs["Duration"].as_str() {
            let duration_ms = duration::parse(text).map_err(|error| invalid(error.to_string()))?;
            self.now_ms.saturating_add(duration_ms)
        } else if let Some(text) = inputs["Timestamp"].as_str() {
            duration::timestamp(text).map_err(|error| invalid(error.to_string()))?
        } else {
            return Err(invalid("a sleep takes a duration or a timestamp as text"));
        };
        if until_ms > self.now_ms.saturating_add(SLEEP_MS_MAX) {
            return Err(invalid("a sleep is at most 604799 seconds"));
        }
        Ok((until_ms > self.now_ms).then_some(MachineWait::Sleep { until_ms }))
    }

    fn update_variable(
        &mut self,
        key: Key,
        name: String,
        value: Value,
    ) -> Result<(), IllegalEvent> {
        let checked = match self.state.plan.variables.get(&name) {
            Some(variable) => check_variable(&variable.value_type, &value),
            None => Err("the document has no such variable"),
        };
        if let Err(problem) = checked {
            return self.fail(key, invalid(format!("variable:{name}: {problem}")), BTreeMap::new());
        }
        self.emit(Event::VariableUpdated { name, value })?;
        self.succeed(key, BTreeMap::new(), None)
    }

    /// Sees to a step that waits for time or for a person.
    pub(super) fn look_at_waiting(&mut self, key: Key) -> Result<(), IllegalEvent> {
        let Some(Phase::Waiting { wait, deadline_ms, words }) =
            self.state.unit(key).map(|unit| &unit.phase)
        else {
            return Ok(());
        };
        let (deadline_ms, last) = (*deadline_ms, words.last().map(|word| &word.signal));
        let due_ms = match &**wait {
            MachineWait::Sleep { until_ms } if self.now_ms >= *until_ms => {
                return self.succeed(key, BTreeMap::new(), None);
            }
            MachineWait::Sleep { until_ms } => {
                Some(deadline_ms.map_or(*until_ms, |due_ms| due_ms.min(*until_ms)))
            }
            MachineWait::Pause if last == Some(&Signal::Resume) => {
                return self.succeed(key, BTreeMap::new(), None);
            }
            MachineWait::Approve { required, .. } => {
                let required = *required as usize;
                let decisions = decisions(words);
                if let Some(word) = words.iter().find(|word| is_reject(&word.signal)) {
                    let message = format!("rejected by {}", word.by);
                    let outputs = approval_outputs("Rejected", decisions);
                    return self.fail(key, Failure::action("Rejected", message), outputs);
                }
                if words.len() >= required {
                    return self.succeed(key, approval_outputs("Approved", decisions), None);
                }
                deadline_ms
            }
            MachineWait::UnknownOutcome { failure } => {
                let failure = failure.clone();
                match last {
                    Some(Signal::Approve { .. }) => return self.retry_at_once(key, failure),
                    Some(Signal::Reject { .. }) => return self.fail(key, failure, BTreeMap::new()),
                    Some(Signal::Resume | Signal::StartStep | Signal::StopStep) | None => {}
                }
                if deadline_ms.is_some_and(|due_ms| self.now_ms >= due_ms) {
                    return self.fail(key, failure, BTreeMap::new());
                }
                deadline_ms
            }
            MachineWait::Pause => deadline_ms,
        };
        if deadline_ms.is_some_and(|due_ms| self.now_ms >= due_ms) {
            return self.fail_attempt(key, timed_out());
        }
        if let Some(due_ms) = due_ms {
            self.set_timer(key, due_ms);
        }
        Ok(())
    }
}

fn is_reject(signal: &Signal) -> bool {
    matches!(signal, Signal::Reject { .. })
}

pub(crate) fn approval_outputs(status: &str, decisions: Vec<Value>) -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("ApprovalStatus".to_owned(), Value::from(status)),
        ("ApproverDecisions".to_owned(), Value::Array(decisions)),
    ])
}

pub(crate) fn decisions(words: &[Word]) -> Vec<Value> {
    let decision = |word: &Word| {
        let (decision, comment) = match &word.signal {
            Signal::Approve { comment } => ("Approve", comment),
            Signal::Reject { comment } => ("Reject", comment),
            Signal::Resume | Signal::StartStep | Signal::StopStep => ("Resume", &None),
        };
        json!({
            "Approver": word.by.as_str(),
            "Decision": decision,
            "Comment": comment,
            "DecisionTime": duration::display_timestamp(word.at_ms),
        })
    };
    words.iter().map(decision).collect()
}

fn approve(inputs: &Value) -> Result<MachineWait, Failure> {
    let list = inputs["Approvers"].as_array();
    let approvers: Option<Vec<String>> =
        list.and_then(|list| list.iter().map(|name| Some(name.as_str()?.to_owned())).collect());
    let Some(approvers) = approvers.filter(|list| !list.is_empty()) else {
        return Err(invalid("Approvers is a list of at least one name"));
    };
    if approvers.len() > APPROVERS_MAX {
        return Err(invalid("a step has at most 10 approvers"));
    }
    let required = &inputs["MinRequiredApprovals"];
    let required = match required.as_str() {
        Some(text) => text.parse().ok(),
        None if required.is_null() => Some(1),
        None => required.as_u64(),
    };
    let required = required.and_then(|required| u32::try_from(required).ok());
    let Some(required) = required.filter(|required| *required >= 1) else {
        return Err(invalid("MinRequiredApprovals is a number of at least 1"));
    };
    if required as usize > approvers.len() && !approvers.iter().any(|name| name == "*") {
        return Err(invalid("MinRequiredApprovals is greater than the number of approvers"));
    }
    let message = &inputs["Message"];
    let message = match message.as_str() {
        Some(text) => Some(text.to_owned()),
        None if message.is_null() => None,
        None => Some(message.to_string()),
    };
    if message.as_ref().is_some_and(|text| text.chars().count() > MESSAGE_CHARS_MAX) {
        return Err(invalid("Message has at most 4096 characters"));
    }
    Ok(MachineWait::Approve { approvers, required, message })
}
