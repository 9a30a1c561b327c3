//! Runs as SSM shows them.

mod step;

use std::collections::BTreeMap;

use host_api::failure::Failure;
use host_api::identifier::RunId;
use machine::State;
use machine::status::StepStatus;
use runbook::value;
use serde_json::Value;
use ssm_model::types::automation::{AutomationExecutionMetadata, ResolvedTargets};
use ssm_model::types::automation_steps::{
    AutomationExecution, ProgressCounters, StepExecution, TargetsSummary,
};
use store::runs::RunRow;
use store::{ReadTx, runs};

use super::asked::Asked;
use super::view::{load, unknown, written};
use super::{GetAutomationExecutionRequest, GetAutomationExecutionResult};
use crate::Services;
use crate::clock::seconds;
use crate::error::ServiceError;

pub(super) use step::{Entry, step_execution_id};

/// Steps that one answer shows with their run; `DescribeAutomationStepExecutions` leads to the others.
const STEPS_MAX: usize = 100;
/// Targets that are shown resolved.
const RESOLVED_MAX: usize = 100;

/// A run, folded, with what was asked for it.
pub(super) struct Shown {
    pub(super) row: RunRow,
    pub(super) state: State,
    pub(super) asked: Asked,
}

impl Services {
    /// Returns a run with its steps (SSM: `GetAutomationExecution`).
    ///
    /// # Errors
    /// `AutomationExecutionNotFoundException`.
    pub async fn get_automation_execution(
        &self,
        request: GetAutomationExecutionRequest,
    ) -> Result<GetAutomationExecutionResult, ServiceError> {
        let run = RunId::new(request.automation_execution_id);
        let read = move |tx: &ReadTx<'_>| Shown::read(tx, &run).map(|shown| shown.execution());
        let execution = self.store().read(read).await?;
        Ok(GetAutomationExecutionResult { automation_execution: Some(execution) })
    }

    /// Returns the displayed path of the step of a run that has this `StepExecutionId`.
    pub(super) async fn path_of_step(
        &self,
        run: &RunId,
        id: &str,
    ) -> Result<Option<String>, ServiceError> {
        let (run, id) = (run.clone(), id.to_owned());
        let read = move |tx: &ReadTx<'_>| -> Result<Option<String>, ServiceError> {
            let shown = Shown::read(tx, &run)?;
            let paths = shown.entries().into_iter().map(|entry| entry.path());
            Ok(paths.into_iter().find(|path| step_execution_id(&run, path) == id))
        };
        self.store().read(read).await
    }
}

impl Shown {
    pub(super) fn read(tx: &ReadTx<'_>, run: &RunId) -> Result<Self, ServiceError> {
        let (row, state) = load(tx, run)?;
        let asked = Asked::of(&row)?;
        Ok(Self { row, state, asked })
    }

    fn execution(&self) -> AutomationExecution {
        let entries = self.entries();
        let (step, action) = self.current(&entries).unzip();
        let steps: Vec<StepExecution> =
            entries.iter().take(STEPS_MAX).map(|entry| self.step_execution(entry)).collect();
        let asked = &self.asked;
        AutomationExecution {
            automation_execution_id: Some(self.row.id.to_string()),
            automation_execution_status: Some(self.state.status().to_string()),
            document_name: Some(self.row.document_name.clone()),
            document_version: Some(self.row.document_version.clone()),
            execution_start_time: Some(started(&self.row)),
            execution_end_time: self.state.ended_ms().map(seconds),
            parameters: Some(self.parameters()),
            outputs: Some(wire(self.state.outputs())),
            failure_message: self.state.failure().map(|failure| failure.message.clone()),
            mode: Some(mode(asked)),
            parent_automation_execution_id: parent(&self.row),
            executed_by: Some(executed_by(&self.row, asked)),
            current_step_name: step,
            current_action: action,
            progress_counters: Some(counters(&entries)),
            step_executions_truncated: Some(entries.len() > STEPS_MAX),
            step_executions: Some(steps),
            variables: (!self.state.plan().variables.is_empty())
                .then(|| wire(Some(self.state.variables()))),
            target: asked.target.clone(),
            target_parameter_name: asked.target_parameter_name.clone(),
            targets: listed(&asked.targets),
            target_maps: listed(&asked.target_maps),
            resolved_targets: resolved(asked),
            targets_summary: asked.has_targets().then(|| self.summary(&entries)),
            max_concurrency: asked.max_concurrency.clone(),
            max_errors: asked.max_errors.clone(),
            ..AutomationExecution::default()
        }
    }

    fn parameters(&self) -> BTreeMap<String, Vec<String>> {
        match self.state.started() {
            Some(started) if !self.asked.has_targets() => wire(Some(&started.parameters)),
            _ => self.asked.parameters.clone(),
        }
    }

    /// The step that began last of those that have not ended: the innermost.
    fn current(&self, entries: &[Entry<'_>]) -> Option<(String, String)> {
        let active = entries
            .iter()
            .filter(|entry| matches!(entry.status(), StepStatus::InProgress | StepStatus::Waiting));
        let last = active.max_by_key(|entry| entry.begun_seq())?;
        let step = self.step_execution(last);
        step.step_name.zip(step.action)
    }

    fn summary(&self, entries: &[Entry<'_>]) -> TargetsSummary {
        let count = |holds: fn(StepStatus) -> bool| {
            number(entries.iter().filter(|entry| holds(entry.status())).count())
        };
        TargetsSummary {
            total_count: Some(number(self.asked.resolved.len())),
            started_count: count(|status| status != StepStatus::Pending).into(),
            completed_count: count(StepStatus::is_settled).into(),
            successful_count: count(|status| status == StepStatus::Success).into(),
            failed_count: count(|status| status.is_settled() && status != StepStatus::Success)
                .into(),
        }
    }
}

/// Returns a run as a list shows it. One that has ended is shown from its row; one that has not needs its state.
pub(super) fn metadata(
    tx: &ReadTx<'_>,
    row: &RunRow,
) -> Result<AutomationExecutionMetadata, ServiceError> {
    let asked = Asked::of(row)?;
    let (mut outputs, mut failure, mut current) = (None, None, None);
    if row.view.ended_ms.is_some() {
        if let Some(summary) = &row.view.summary {
            let summary: Summary = serde_json::from_str(summary).map_err(|error| {
                ServiceError::internal(format!("the view of run {} is broken: {error}", row.id))
            })?;
            (outputs, failure) = (summary.outputs, summary.failure);
        }
    } else {
        let shown = Shown::read(tx, &row.id)?;
        current = shown.current(&shown.entries());
    }
    let (step, action) = current.unzip();
    Ok(AutomationExecutionMetadata {
        automation_execution_id: Some(row.id.to_string()),
        automation_execution_status: Some(row.view.status.clone()),
        automation_type: Some("Local".to_owned()),
        document_name: Some(row.document_name.clone()),
        document_version: Some(row.document_version.clone()),
        execution_start_time: Some(started(row)),
        execution_end_time: row.view.ended_ms.map(seconds),
        executed_by: Some(executed_by(row, &asked)),
        log_file: Some(String::new()),
        outputs: Some(wire(outputs.as_ref())),
        failure_message: failure.map(|failure| failure.message),
        mode: Some(mode(&asked)),
        parent_automation_execution_id: parent(row),
        current_step_name: step,
        current_action: action,
        target: asked.target.clone(),
        target_parameter_name: asked.target_parameter_name.clone(),
        targets: listed(&asked.targets),
        target_maps: listed(&asked.target_maps),
        resolved_targets: resolved(&asked),
        max_concurrency: asked.max_concurrency.clone(),
        max_errors: asked.max_errors.clone(),
        ..AutomationExecutionMetadata::default()
    })
}

/// What the driver keeps of a run that has ended.
#[derive(serde::Deserialize)]
struct Summary {
    outputs: Option<BTreeMap<String, Value>>,
    failure: Option<Failure>,
}

/// Refuses a run that does not exist.
pub(super) fn exists(tx: &ReadTx<'_>, run: &RunId) -> Result<(), ServiceError> {
    runs::find(tx, run)?.map(drop).ok_or_else(|| unknown(run))
}

/// Values as lists of text, references to secrets as documents write them.
fn wire(values: Option<&BTreeMap<String, Value>>) -> BTreeMap<String, Vec<String>> {
    let written = written(values).into_iter();
    written.map(|(name, value)| (name, value::to_wire(&value))).collect()
}

fn counters(entries: &[Entry<'_>]) -> ProgressCounters {
    let count = |status: StepStatus| {
        Some(number(entries.iter().filter(|entry| entry.status() == status).count()))
    };
    ProgressCounters {
        total_steps: Some(number(entries.len())),
        success_steps: count(StepStatus::Success),
        failed_steps: count(StepStatus::Failed),
        cancelled_steps: count(StepStatus::Cancelled),
        timed_out_steps: count(StepStatus::TimedOut),
    }
}

/// A run that waits for its first commit is shown with the time at which it was asked for.
fn started(row: &RunRow) -> f64 {
    seconds(row.view.started_ms.unwrap_or(row.created_ms))
}

fn mode(asked: &Asked) -> String {
    if asked.interactive { "Interactive".to_owned() } else { "Auto".to_owned() }
}

fn parent(row: &RunRow) -> Option<String> {
    row.parent.as_ref().map(|parent| parent.run.to_string())
}

fn executed_by(row: &RunRow, asked: &Asked) -> String {
    asked.executed_by.clone().unwrap_or_else(|| row.principal.to_string())
}

fn resolved(asked: &Asked) -> Option<ResolvedTargets> {
    asked.has_targets().then(|| ResolvedTargets {
        parameter_values: Some(asked.resolved.iter().take(RESOLVED_MAX).cloned().collect()),
        truncated: Some(asked.resolved.len() > RESOLVED_MAX),
    })
}

fn listed<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    (!list.is_empty()).then(|| list.to_vec())
}

pub(super) fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
