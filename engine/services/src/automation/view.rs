//! Runs as they are shown: the fold of the journal, for people, programs and the guests that wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use host_api::failure::Failure;
use host_api::identifier::{Principal, RunId};
use machine::State;
use machine::event::Entry;
use machine::view as folded;
use runbook::plan::Plan;
use runbook::value;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::runs::{self, Filter, RunRow};
use store::{ReadError, ReadTx, journal, plans};

use crate::Services;
use crate::error::ServiceError;

/// A run. Times are milliseconds since the Unix epoch; statuses are spelt as SSM spells them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    pub id: RunId,
    pub status: String,
    pub document: String,
    pub document_version: String,
    pub principal: Principal,
    pub parent: Option<RunId>,
    pub parameters: BTreeMap<String, Value>,
    pub outputs: BTreeMap<String, Value>,
    pub created: u64,
    pub started: Option<u64>,
    pub ended: Option<u64>,
    pub failure: Option<Failure>,
    pub steps: Vec<StepView>,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    pub name: String,
    /// Displayed: `Loop#2/Body`.
    pub path: String,
    pub action: String,
    pub status: String,
    /// 0 for a step that has not begun.
    pub attempts: u32,
    pub started: Option<u64>,
    pub ended: Option<u64>,
    pub inputs: Value,
    pub outputs: BTreeMap<String, Value>,
    pub failure: Option<Failure>,
    /// Of a `forEach`: those that began, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemView>,
    /// Of a `forEach`: how many items its list has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_count: Option<u32>,
}

/// An item of a `forEach`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemView {
    pub path: String,
    pub status: String,
    pub attempts: u32,
    pub started: Option<u64>,
    pub ended: Option<u64>,
    pub outputs: BTreeMap<String, Value>,
    pub failure: Option<Failure>,
}

/// A line of a list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSummary {
    pub id: RunId,
    pub status: String,
    pub document: String,
    pub document_version: String,
    pub principal: Principal,
    pub parent: Option<RunId>,
    pub created: u64,
    pub started: Option<u64>,
    pub ended: Option<u64>,
}

impl Services {
    /// Returns a run with its steps.
    pub async fn get_run(&self, run: &RunId) -> Result<RunView, ServiceError> {
        let wanted = run.clone();
        let (row, state) = self.store().read(move |tx| load(tx, &wanted)).await?;
        Ok(view(&row, &state))
    }

    /// Returns what a step that began a run is told of it.
    pub async fn result_of_run(&self, run: &RunId) -> Result<Value, ServiceError> {
        Ok(self.state_of(run).await?.execution_result(run))
    }

    /// Returns runs, newest first, and the cursor of the next page.
    pub async fn list_runs(
        &self,
        filter: Filter,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<RunSummary>, Option<String>), ServiceError> {
        let read = move |tx: &ReadTx<'_>| runs::list(tx, &filter, cursor.as_deref(), limit);
        let page = match self.store().read(read).await {
            Err(ReadError::Cursor) => {
                return Err(ServiceError::request(
                    "InvalidNextToken",
                    ReadError::Cursor.to_string(),
                ));
            }
            page => page?,
        };
        Ok((page.runs.into_iter().map(summary).collect(), page.cursor))
    }

    pub(super) async fn state_of(&self, run: &RunId) -> Result<State, ServiceError> {
        let wanted = run.clone();
        Ok(self.store().read(move |tx| load(tx, &wanted)).await?.1)
    }
}

pub(super) fn unknown(run: &RunId) -> ServiceError {
    ServiceError::request("AutomationExecutionNotFoundException", format!("there is no run {run}"))
}

pub(super) fn load(tx: &ReadTx<'_>, run: &RunId) -> Result<(RunRow, State), ServiceError> {
    let row = runs::find(tx, run)?.ok_or_else(|| unknown(run))?;
    let broken = |what: &str, error: &dyn std::fmt::Display| {
        ServiceError::internal(format!("the {what} of run {run} cannot be read: {error}"))
    };
    let plan: Plan = serde_json::from_str(&plans::get(tx, &row.plan_digest)?)
        .map_err(|error| broken("plan", &error))?;
    let mut state = State::new(Arc::new(plan));
    journal::visit(tx, run, 0, |_, text| -> Result<(), ServiceError> {
        let entry: Entry = serde_json::from_str(text).map_err(|error| broken("journal", &error))?;
        state.apply(&entry).map_err(|error| broken("journal", &error))
    })?;
    Ok((row, state))
}

fn view(row: &RunRow, state: &State) -> RunView {
    RunView {
        id: row.id.clone(),
        status: state.status().to_string(),
        document: row.document_name.clone(),
        document_version: row.document_version.clone(),
        principal: row.principal.clone(),
        parent: row.parent.as_ref().map(|parent| parent.run.clone()),
        parameters: written(state.started().map(|started| &started.parameters)),
        outputs: written(state.outputs()),
        created: row.created_ms,
        started: state.started_ms(),
        ended: state.ended_ms(),
        failure: state.failure().cloned(),
        steps: state.steps().map(|step| step_view(state, &step)).collect(),
    }
}

/// References to secrets are shown as documents write them.
pub(super) fn written(values: Option<&BTreeMap<String, Value>>) -> BTreeMap<String, Value> {
    let values = values.into_iter().flatten();
    values.map(|(name, value)| (name.clone(), value::written(value))).collect()
}

fn step_view(state: &State, step: &folded::StepView<'_>) -> StepView {
    StepView {
        name: step.name.to_owned(),
        path: step.path.to_string(),
        action: step.action.to_owned(),
        status: step.status.to_string(),
        attempts: step.attempt,
        started: step.started_ms,
        ended: step.ended_ms,
        inputs: step.inputs.map_or(Value::Null, value::written),
        outputs: written(step.outputs),
        failure: step.failure.cloned(),
        items: state.items(&step.path).map(|item| item_view(&item)).collect(),
        item_count: step.items.map(|items| items.total),
    }
}

fn item_view(item: &folded::StepView<'_>) -> ItemView {
    ItemView {
        path: item.path.to_string(),
        status: item.status.to_string(),
        attempts: item.attempt,
        started: item.started_ms,
        ended: item.ended_ms,
        outputs: written(item.outputs),
        failure: item.failure.cloned(),
    }
}

fn summary(row: RunRow) -> RunSummary {
    RunSummary {
        id: row.id,
        status: row.view.status,
        document: row.document_name,
        document_version: row.document_version,
        principal: row.principal,
        parent: row.parent.map(|parent| parent.run),
        created: row.created_ms,
        started: row.view.started_ms,
        ended: row.view.ended_ms,
    }
}
