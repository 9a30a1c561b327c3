//! A step of a run as SSM shows it.

use std::collections::BTreeMap;

use host_api::effect::StepPath;
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::{Digest, RunId};
use machine::status::StepStatus;
use machine::view::StepView;
use runbook::plan::{Action, OnFailure, Plan, Step, StepId};
use runbook::value;
use serde_json::Value;
use ssm_model::types::automation_steps::{FailureDetails, ParentStepDetails, StepExecution};

use super::{Shown, wire};
use crate::clock::seconds;

const LOOP: &str = "aws:loop";

/// A step, one of its passes or items, or a target whose child has not begun.
#[derive(Debug)]
pub(in crate::automation) enum Entry<'s> {
    Begun(Box<StepView<'s>>),
    Target(u32),
}

impl<'s> Entry<'s> {
    fn begun(view: StepView<'s>) -> Self {
        Self::Begun(Box::new(view))
    }

    pub(in crate::automation) fn path(&self) -> String {
        match self {
            Self::Begun(view) => view.path.to_string(),
            Self::Target(item) => target_path(*item).to_string(),
        }
    }

    pub(super) fn status(&self) -> StepStatus {
        match self {
            Self::Begun(view) => view.status,
            Self::Target(_) => StepStatus::Pending,
        }
    }

    pub(super) fn begun_seq(&self) -> Option<u64> {
        match self {
            Self::Begun(view) => view.begun_seq,
            Self::Target(_) => None,
        }
    }
}

/// The step of a run over targets that begins the children.
fn target_path(item: u32) -> StepPath {
    StepPath { item: Some(item), ..StepPath::top("Target") }
}

/// Returns the id of a step's execution: the same for as long as the run is kept.
pub(in crate::automation) fn step_execution_id(run: &RunId, path: &str) -> String {
    let digest = Digest::of(format!("step-execution {run} {path}").as_bytes());
    let text = digest.as_str();
    let tail = &text[text.len().saturating_sub(32)..];
    let number = u128::from_str_radix(tail, 16).unwrap_or_default();
    let builder = uuid::Builder::from_u128(number)
        .with_variant(uuid::Variant::RFC4122)
        .with_version(uuid::Version::Custom);
    builder.into_uuid().to_string()
}

impl Shown {
    /// Returns all steps in the order in which they began, then in document order those that have not; a loop's body once for each pass,
    /// each item of a `forEach` beside its step. A run over targets has one for each target instead.
    pub(in crate::automation) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        for step in self.state.steps() {
            let items = self.state.items(&step.path).map(Entry::begun);
            if self.asked.has_targets() {
                entries.extend(items);
                let begun = u32::try_from(entries.len()).unwrap_or(u32::MAX);
                let all = u32::try_from(self.asked.resolved.len()).unwrap_or(u32::MAX);
                entries.extend((begun..all).map(Entry::Target));
                return entries;
            }
            let items: Vec<Entry<'_>> = items.collect();
            entries.push(Entry::begun(step));
            entries.extend(items);
        }
        entries.sort_by_key(|entry| entry.begun_seq().unwrap_or(u64::MAX));
        entries
    }

    pub(in crate::automation) fn step_execution(&self, entry: &Entry<'_>) -> StepExecution {
        match entry {
            Entry::Begun(view) => self.begun(view),
            Entry::Target(item) => StepExecution {
                step_execution_id: Some(step_execution_id(&self.row.id, &entry.path())),
                step_name: self.asked.resolved.get(*item as usize).cloned(),
                action: Some("aws:executeAutomation".to_owned()),
                step_status: Some(StepStatus::Pending.to_string()),
                inputs: Some(BTreeMap::new()),
                ..StepExecution::default()
            },
        }
    }

    fn begun(&self, view: &StepView<'_>) -> StepExecution {
        let target = view.path.item.filter(|_| self.asked.has_targets());
        let name = target.and_then(|item| self.asked.resolved.get(item as usize));
        let outputs = outputs(view);
        let execution = StepExecution {
            step_execution_id: Some(step_execution_id(&self.row.id, &view.path.to_string())),
            step_name: Some(name.cloned().unwrap_or_else(|| view.name.to_owned())),
            action: Some(view.action.to_owned()),
            step_status: Some(status(view.status).to_owned()),
            execution_start_time: view.started_ms.map(seconds),
            execution_end_time: view.ended_ms.map(seconds),
            inputs: Some(inputs(view)),
            response_code: response_code(view, &outputs),
            response: response(view),
            outputs: (!outputs.is_empty()).then_some(outputs),
            failure_message: view.failure.map(|failure| failure.message.clone()),
            failure_details: view.failure.map(failure_details),
            warning_message: (view.status == StepStatus::Skipped)
                .then(|| "the step was left out, as its `when` does not hold".to_owned()),
            overridden_parameters: target.and_then(|_| overridden(view)),
            parent_step_details: if target.is_some() { None } else { self.parent(view) },
            ..StepExecution::default()
        };
        let plan = self.state.plan();
        match plan.step_named(view.name) {
            Some(id) if target.is_none() => as_planned(plan, id, execution),
            _ => execution,
        }
    }

    fn parent(&self, view: &StepView<'_>) -> Option<ParentStepDetails> {
        let mut path = view.path.clone();
        let (name, action, iteration) = if let Some(item) = path.item.take() {
            (path.step.clone(), view.action, item.saturating_add(1))
        } else {
            let pass = path.passes.pop()?;
            path.step.clone_from(&pass.step);
            (pass.step, LOOP, pass.iteration)
        };
        Some(ParentStepDetails {
            step_execution_id: Some(step_execution_id(&self.row.id, &path.to_string())),
            step_name: Some(name),
            action: Some(action.to_owned()),
            iteration: Some(i32::try_from(iteration).unwrap_or(i32::MAX)),
            iterator_value: view.iterator_value.map(|value| value::text(&value::written(value))),
        })
    }
}

/// Adds what the document says of the step.
fn as_planned(plan: &Plan, id: StepId, execution: StepExecution) -> StepExecution {
    let step = plan.step(id);
    let name = |id: StepId| plan.step(id).name.clone();
    StepExecution {
        timeout_seconds: step
            .timeout_ms
            .map(|timeout_ms| i64::try_from(timeout_ms / 1_000).unwrap_or(i64::MAX)),
        on_failure: Some(match step.on_failure {
            OnFailure::Abort => "Abort".to_owned(),
            OnFailure::Continue => "Continue".to_owned(),
            OnFailure::Step(target) => format!("step:{}", name(target)),
        }),
        max_attempts: Some(i32::try_from(step.max_attempts).unwrap_or(i32::MAX)),
        is_end: Some(step.is_end),
        is_critical: Some(step.is_critical),
        next_step: step.next.filter(|_| !step.is_end).map(name),
        valid_next_steps: Some(following(plan, id, step).into_iter().map(name).collect()),
        ..execution
    }
}

/// Every step to which this one may lead, each once.
fn following(plan: &Plan, id: StepId, step: &Step) -> Vec<StepId> {
    let mut all: Vec<StepId> = Vec::new();
    if let Action::Branch(branch) = &step.action {
        all.extend(branch.choices.iter().map(|choice| choice.next));
        all.extend(branch.default);
    }
    all.extend(step.next.filter(|_| !step.is_end));
    all.extend(step.after_failure(plan.following(id)));
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|id| seen.insert(*id));
    all
}

/// SSM has no word for what was left out or not reached.
fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Skipped => StepStatus::Success.as_str(),
        StepStatus::NotReached => StepStatus::Pending.as_str(),
        StepStatus::Pending
        | StepStatus::InProgress
        | StepStatus::Waiting
        | StepStatus::Success
        | StepStatus::Failed
        | StepStatus::TimedOut
        | StepStatus::Cancelled => status.as_str(),
    }
}

/// Inputs are texts of JSON.
fn inputs(view: &StepView<'_>) -> BTreeMap<String, String> {
    let members = view.inputs.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.clone(), value::written(value).to_string())).collect()
}

fn outputs(view: &StepView<'_>) -> BTreeMap<String, Vec<String>> {
    match &view.approval {
        Some(approval) => wire(Some(approval)),
        None => wire(view.outputs),
    }
}

fn response_code(view: &StepView<'_>, outputs: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let stated = outputs.get("ResponseCode").and_then(|values| values.first()).cloned();
    let failed = || view.failure?.details.get("ResponseCode").map(value::text);
    stated.or_else(failed).or_else(|| (view.status == StepStatus::Success).then(|| "0".to_owned()))
}

fn response(view: &StepView<'_>) -> Option<String> {
    let outputs = view.outputs.filter(|outputs| !outputs.is_empty())?;
    let members = outputs.iter().map(|(name, value)| (name.clone(), value::written(value)));
    Some(Value::Object(members.collect()).to_string())
}

fn overridden(view: &StepView<'_>) -> Option<BTreeMap<String, Vec<String>>> {
    let parameters = view.inputs?.get("RuntimeParameters")?.as_object()?;
    let text =
        |(name, value): (&String, &Value)| (name.clone(), value::to_wire(&value::written(value)));
    Some(parameters.iter().map(text).collect())
}

fn failure_details(failure: &Failure) -> FailureDetails {
    let (stage, kind) = match failure.kind {
        FailureKind::InputValidation => ("InputValidation", "Verification"),
        FailureKind::BadOutput => ("PostVerification", "Verification"),
        FailureKind::Denied => ("Invocation", "Permission"),
        FailureKind::Load => ("PreVerification", "Internal"),
        FailureKind::Action
        | FailureKind::Timeout
        | FailureKind::Unknown
        | FailureKind::Cancelled => ("Invocation", "Action"),
        FailureKind::Fuel | FailureKind::Memory | FailureKind::HostBudget => {
            ("Invocation", "Throttling")
        }
        FailureKind::Trap | FailureKind::Nondeterminism | FailureKind::Internal => {
            ("Invocation", "Internal")
        }
    };
    FailureDetails {
        failure_stage: Some(stage.to_owned()),
        failure_type: Some(kind.to_owned()),
        details: Some(BTreeMap::from([("Code".to_owned(), vec![failure.code.clone()])])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_that_stays_the_same() {
        let run = RunId::new("r");
        let id = step_execution_id(&run, "Loop#2/Body");
        assert_eq!(id, step_execution_id(&run, "Loop#2/Body"));
        assert_ne!(id, step_execution_id(&run, "Loop#1/Body"));
        assert_ne!(id, step_execution_id(&RunId::new("s"), "Loop#2/Body"));
        assert!(uuid::Uuid::parse_str(&id).is_ok());
    }
}
