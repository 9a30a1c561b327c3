//! What a step, and the run, give.

use std::collections::BTreeMap;

use host_api::failure::{Failure, FailureKind};
use runbook::plan::{Action, DocumentOutput, Step, ValueType};
use runbook::template::{Scope, Template};
use runbook::value::{as_type, secret_name};
use serde_json::{Map, Value, json};

use crate::decide::Decider;
use crate::key::{Key, TOP};
use crate::scope::RunScope;
use crate::state::{State, Unit};
use crate::status::StepStatus;

/// Returns a component step's outputs: the members of what the action gave, and the declared outputs, which win. A declared output whose
/// selector finds nothing, or whose value cannot be made its type, is absent: a step that refers to it fails in its input validation (SSM).
/// A reference to a secret stays one where text is declared.
pub fn outputs_of(step: &Step, response: &Value) -> BTreeMap<String, Value> {
    let mut outputs = BTreeMap::new();
    let declared = &step.outputs;
    if let Value::Object(members) = response {
        let built_in =
            members.iter().filter(|(name, _)| !declared.iter().any(|output| output.name == **name));
        outputs.extend(built_in.map(|(name, member)| (name.clone(), member.clone())));
    }
    for output in declared {
        let found = output.selector.select(response);
        let typed = found.and_then(|found| {
            if output.value_type == ValueType::String && secret_name(&found).is_some() {
                return Some(found);
            }
            as_type(found, &output.value_type).ok()
        });
        if let Some(found) = typed {
            outputs.insert(output.name.clone(), found);
        }
    }
    outputs
}

impl Decider<'_> {
    pub(crate) fn component_outputs(
        &self,
        key: Key,
        response: &Value,
    ) -> Result<BTreeMap<String, Value>, Failure> {
        let step = self.state.step(key);
        if !response.is_object() && !response.is_null() && step.outputs.is_empty() {
            let message = "the action's outputs are not an object";
            return Err(Failure::new(FailureKind::BadOutput, message));
        }
        Ok(outputs_of(step, response))
    }

    /// The outputs that the document names, `Step.Output` for a step's, and why the first that cannot be computed cannot. One of a step
    /// that did not run, or has no such output, is absent.
    pub(crate) fn document_outputs(&self) -> (BTreeMap<String, Value>, Option<Failure>) {
        let scope = RunScope::at_the_end(self.state, self.now_ms);
        let mut outputs = BTreeMap::new();
        let mut failure = None;
        for output in &self.state.plan.outputs {
            match output {
                DocumentOutput::Output { step, output } => {
                    if let Some(value) = scope.step_output(step, output) {
                        outputs.insert(format!("{step}.{output}"), value);
                    }
                }
                DocumentOutput::Step(step) => {
                    if let Some(Value::Object(all)) = scope.step_outputs(step) {
                        let named = |(name, value)| (format!("{step}.{name}"), value);
                        outputs.extend(all.into_iter().map(named));
                    }
                }
                DocumentOutput::Value { name, value } => match value.resolve(&scope) {
                    Ok(value) => {
                        outputs.insert(name.clone(), value);
                    }
                    Err(_) if reads_what_is_absent(value, &scope) => {}
                    Err(error) => {
                        let message = format!("the output `{name}` of the run: {error}");
                        failure = failure.or(Some(bad_output(message)));
                    }
                },
            }
        }
        (outputs, failure)
    }
}

fn bad_output(message: String) -> Failure {
    Failure { code: "InvalidOutput".to_owned(), ..Failure::new(FailureKind::BadOutput, message) }
}

fn reads_what_is_absent(value: &Template, scope: &RunScope<'_>) -> bool {
    let references = value.references();
    let named = references.outputs.iter();
    named.into_iter().any(|(step, output)| scope.step_output(step, output).is_none())
        || references.steps.iter().any(|step| scope.step_outputs(step).is_none())
        || references.variables.iter().any(|name| scope.variable(name).is_none())
}

impl State {
    /// `Items`: `{ index, status, outputs, failure? }` of each in order; and each declared output as the list of the items' values,
    /// null where an item has none.
    pub(crate) fn items_outputs(&self, key: Key) -> BTreeMap<String, Value> {
        let Some(items) = self.node(key).and_then(|node| node.items.as_ref()) else {
            return BTreeMap::new();
        };
        let count = items.list.len();
        let mut list = Vec::with_capacity(count);
        for index in 0..count {
            list.push(items.units.get(index).map_or_else(
                || json!({ "index": index, "status": StepStatus::Pending.as_str(), "outputs": {} }),
                |unit| item(index, unit),
            ));
        }
        let mut outputs = BTreeMap::from([("Items".to_owned(), Value::Array(list))]);
        for declared in &self.step(key).outputs {
            let value = |index: usize| {
                let unit = items.units.get(index);
                unit.and_then(|unit| unit.outputs.get(&declared.name))
                    .cloned()
                    .unwrap_or(Value::Null)
            };
            outputs.insert(declared.name.clone(), (0..count).map(value).collect());
        }
        outputs
    }

    /// `CurrentIteration`, and `CurrentIteratorValue` in a loop over values (SSM), of the latest pass.
    pub(crate) fn loop_outputs(&self, key: Key) -> BTreeMap<String, Value> {
        let pass = self.node(key).and_then(|node| node.pass);
        let Some(pass) = pass.and_then(|frame| self.frame(frame).pass.as_ref()) else {
            return BTreeMap::new();
        };
        let mut outputs =
            BTreeMap::from([("CurrentIteration".to_owned(), Value::from(pass.iteration))]);
        if let Some(value) = &pass.value {
            outputs.insert("CurrentIteratorValue".to_owned(), value.clone());
        }
        outputs
    }

    pub(crate) fn iteration(&self, key: Key) -> u32 {
        let pass = self.node(key).and_then(|node| node.pass);
        pass.and_then(|frame| self.frame(frame).pass.as_ref()).map_or(0, |pass| pass.iteration)
    }

    /// Returns where a step of that name stands as seen from now: for a step of a loop's body the pass in which it settled last.
    pub(crate) fn key_of_name(&self, name: &str) -> Option<Key> {
        let step = *self.index.names.get(name)?;
        if let Some(&frame) = self.core.latest.get(&step)
            && !matches!(self.plan.step(step).action, Action::Loop(_))
        {
            return Some(Key::step(frame, step));
        }
        let newest = self.core.nodes.range((step, TOP)..=(step, u32::MAX)).next_back();
        newest.map(|((step, frame), _)| Key::step(*frame, *step))
    }
}

fn item(index: usize, unit: &Unit) -> Value {
    let outputs: Map<String, Value> =
        unit.outputs.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut item = json!({ "index": index, "status": unit.status.as_str(), "outputs": outputs });
    if let Some(failure) = &unit.failure {
        item["failure"] = json!({ "code": failure.code, "message": failure.message });
    }
    item
}
