//! Events that follow from the journals of runs.

use std::collections::BTreeMap;

use host_api::effect::StepPath;
use host_api::identifier::{Digest, RunId};
use machine::event::{Entry, Event as Happened, MachineWait};
use machine::status::{RunStatus, StepStatus};
use runbook::plan::Plan;
use serde_json::{Map, Value, json};
use store::events::{JournalRow, entry_before};
use store::{ReadTx, plans};

use super::{Event, derived_id, event};
use crate::access::Resource;
use crate::clock::spelt;
use crate::error::ServiceError;
use crate::parameters::Place;

const EXECUTION: &str = "EC2 Automation Execution Status-change Notification";
const STEP: &str = "EC2 Automation Step Status-change Notification";

/// The detail-types of all events that follow from journals.
pub(crate) const RUN_DETAIL_TYPES: [&str; 2] = [EXECUTION, STEP];

/// Turns journal rows into events; remembers what is the same for many.
pub(super) struct Derivation<'t> {
    tx: &'t ReadTx<'t>,
    place: &'t Place,
    /// The action of each step, by plan.
    actions: BTreeMap<Digest, BTreeMap<String, String>>,
    /// When steps began; absent, when the run did.
    started: BTreeMap<(RunId, Option<StepPath>), Option<u64>>,
}

impl<'t> Derivation<'t> {
    pub(super) fn new(tx: &'t ReadTx<'t>, place: &'t Place) -> Self {
        Self { tx, place, actions: BTreeMap::new(), started: BTreeMap::new() }
    }

    /// Returns the event that a row makes, with its time, if it makes one.
    pub(super) fn event(&mut self, row: &JournalRow) -> Result<Option<(u64, Event)>, ServiceError> {
        let entry = read(row, &row.entry)?;
        let at_ms = entry.at_ms;
        let made = match &entry.event {
            Happened::RunStarted(_) => {
                self.started.insert((row.run.clone(), None), Some(at_ms));
                self.execution(row, at_ms, RunStatus::InProgress)?
            }
            Happened::CancelRequested { .. } => {
                self.execution(row, at_ms, RunStatus::Cancelling)?
            }
            Happened::RunFinished { status, .. } => self.execution(row, at_ms, *status)?,
            Happened::StepStarted { path, attempt: 1, .. } => {
                self.started.insert((row.run.clone(), Some(path.clone())), Some(at_ms));
                self.step(row, at_ms, path, StepStatus::InProgress)?
            }
            Happened::StepWaiting { path, wait, .. } if waits_for_somebody(wait) => {
                self.step(row, at_ms, path, StepStatus::Waiting)?
            }
            Happened::StepHeld { path, .. } => self.step(row, at_ms, path, StepStatus::Waiting)?,
            Happened::StepSucceeded { path, .. } => {
                self.step(row, at_ms, path, StepStatus::Success)?
            }
            Happened::StepFailed { path, status, .. } => self.step(row, at_ms, path, *status)?,
            Happened::StepSkipped { path } => self.step(row, at_ms, path, StepStatus::Skipped)?,
            Happened::StepStarted { .. }
            | Happened::StepSuspended { .. }
            | Happened::StepWoken { .. }
            | Happened::StepRestarted { .. }
            | Happened::StepWaiting { .. }
            | Happened::AttemptFailed { .. }
            | Happened::AttemptSettled { .. }
            | Happened::StepNotReached { .. }
            | Happened::ItemsExpanded { .. }
            | Happened::PassStarted { .. }
            | Happened::VariableUpdated { .. }
            | Happened::SignalReceived { .. }
            | Happened::CompleteRequested { .. }
            | Happened::FinallyStarted { .. } => return Ok(None),
        };
        Ok(Some((at_ms, made)))
    }

    fn execution(
        &mut self,
        row: &JournalRow,
        at_ms: u64,
        status: RunStatus,
    ) -> Result<Event, ServiceError> {
        let started_ms = self.run_started(row)?;
        let ended_ms = status.is_terminal().then_some(at_ms);
        let mut detail = detail(row, status.as_str(), started_ms, ended_ms, at_ms);
        detail.insert("ExecutedBy".to_owned(), json!(row.principal.as_str()));
        Ok(self.made(row, EXECUTION, at_ms, detail))
    }

    fn step(
        &mut self,
        row: &JournalRow,
        at_ms: u64,
        path: &StepPath,
        status: StepStatus,
    ) -> Result<Event, ServiceError> {
        let started_ms = self.step_started(row, path)?;
        let ended_ms = status.is_settled().then_some(at_ms);
        let mut detail = detail(row, status.as_str(), started_ms, ended_ms, at_ms);
        detail.insert("StepName".to_owned(), json!(path.to_string()));
        detail.insert("Action".to_owned(), json!(self.action(row, &path.step)?));
        Ok(self.made(row, STEP, at_ms, detail))
    }

    fn made(&self, row: &JournalRow, kind: &str, at_ms: u64, detail: Map<String, Value>) -> Event {
        let resources = [
            Resource::AutomationExecution(row.run.to_string()),
            Resource::AutomationDefinition(row.document_name.clone(), row.document_version.clone()),
        ];
        Event {
            resources: resources.iter().map(|resource| resource.arn(self.place)).collect(),
            detail: Value::Object(detail),
            ..event(self.place, derived_id(&row.run, row.seq), kind, at_ms)
        }
    }

    fn run_started(&mut self, row: &JournalRow) -> Result<Option<u64>, ServiceError> {
        let key = (row.run.clone(), None);
        if let Some(known) = self.started.get(&key) {
            return Ok(*known);
        }
        let found = self.began(row, r#""event":"RunStarted""#)?;
        self.started.insert(key, found);
        Ok(found)
    }

    /// Returns when the first attempt of a step began; nothing if the step ended before it did.
    fn step_started(
        &mut self,
        row: &JournalRow,
        path: &StepPath,
    ) -> Result<Option<u64>, ServiceError> {
        let key = (row.run.clone(), Some(path.clone()));
        if let Some(known) = self.started.get(&key) {
            return Ok(*known);
        }
        let path = serde_json::to_string(path).map_err(|error| {
            ServiceError::internal(format!("a path cannot be encoded: {error}"))
        })?;
        let found =
            self.began(row, &format!(r#""event":"StepStarted","path":{path},"attempt":1,"#))?;
        self.started.insert(key, found);
        Ok(found)
    }

    fn began(&self, row: &JournalRow, text: &str) -> Result<Option<u64>, ServiceError> {
        let found = entry_before(self.tx, &row.run, row.seq, text)?;
        Ok(found.map(|entry| read(row, &entry)).transpose()?.map(|entry| entry.at_ms))
    }

    fn action(&mut self, row: &JournalRow, step: &str) -> Result<Option<String>, ServiceError> {
        if !self.actions.contains_key(&row.plan_digest) {
            let plan: Plan = serde_json::from_str(&plans::get(self.tx, &row.plan_digest)?)
                .map_err(|error| {
                    ServiceError::internal(format!(
                        "the plan of run {} cannot be read: {error}",
                        row.run
                    ))
                })?;
            let actions = plan.steps.iter();
            let actions = actions.map(|step| (step.name.clone(), step.action.name().to_owned()));
            self.actions.insert(row.plan_digest.clone(), actions.collect());
        }
        let actions = self.actions.get(&row.plan_digest);
        Ok(actions.and_then(|actions| actions.get(step)).cloned())
    }
}

fn waits_for_somebody(wait: &MachineWait) -> bool {
    match wait {
        MachineWait::Pause | MachineWait::Approve { .. } | MachineWait::UnknownOutcome { .. } => {
            true
        }
        MachineWait::Sleep { .. } => false,
    }
}

fn read(row: &JournalRow, text: &str) -> Result<Entry, ServiceError> {
    serde_json::from_str(text).map_err(|error| {
        ServiceError::internal(format!("the journal of run {} cannot be read: {error}", row.run))
    })
}

/// Returns what details of executions and steps have in common. `Time` is how long it took so far, in milliseconds.
fn detail(
    row: &JournalRow,
    status: &str,
    started_ms: Option<u64>,
    ended_ms: Option<u64>,
    at_ms: u64,
) -> Map<String, Value> {
    let version = &row.document_version;
    let version = version.parse::<u64>().map_or_else(|_| json!(version), |version| json!(version));
    let mut detail = Map::new();
    let mut set = |name: &str, value: Value| detail.insert(name.to_owned(), value);
    set("ExecutionId", json!(row.run.as_str()));
    set("Definition", json!(row.document_name));
    set("DefinitionVersion", version);
    set("Status", json!(status));
    if let Some(started_ms) = started_ms {
        set("StartTime", json!(spelt(started_ms)));
    }
    if let Some(ended_ms) = ended_ms {
        set("EndTime", json!(spelt(ended_ms)));
    }
    set("Time", json!(started_ms.map_or(0, |started_ms| at_ms.saturating_sub(started_ms))));
    detail
}
