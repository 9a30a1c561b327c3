//! Does what the driver would, without a sandbox: takes inboxes in, keeps journals, and lets the test end what is invoked.

use std::sync::Arc;

use host_api::failure::Failure;
use host_api::identifier::RunId;
use host_api::invocation::{Outcome, WaitKind};
use machine::effect::{Effect, Invoke};
use machine::input::Input;
use machine::{State, Transition};
use serde_json::{Value, json};
use services::automation::START;
use services::{Actor, ServiceError};
use store::runs::View;

use crate::fixture::Fixture;

pub(crate) struct Driven<'f> {
    fixture: &'f Fixture,
    pub(crate) run: RunId,
    state: State,
    epoch: u64,
    pub(crate) invoked: Vec<Invoke>,
    pub(crate) settling: Vec<(host_api::effect::StepPath, u32)>,
    now_ms: u64,
}

pub(crate) const EPOCH_MS: u64 = 1_700_000_000_000;

impl<'f> Driven<'f> {
    /// Takes a run in hand, and its start from its inbox.
    pub(crate) async fn begin(fixture: &'f Fixture, run: &str) -> Self {
        let run = RunId::new(run);
        let row = fixture.store.read_blocking(|tx| store::runs::get(tx, &run)).unwrap();
        let plan = fixture.store.read_blocking(|tx| store::plans::get(tx, &row.plan_digest));
        let state = State::new(Arc::new(serde_json::from_str(&plan.unwrap()).unwrap()));
        let id = run.clone();
        let lease = move |tx: &mut store::Tx<'_>| store::leases::acquire(tx, &id, "test");
        let epoch = fixture.store.write(lease).await.unwrap();
        let (invoked, settling) = (Vec::new(), Vec::new());
        let mut driven = Self { fixture, run, state, epoch, invoked, settling, now_ms: EPOCH_MS };
        driven.take().await;
        driven
    }

    /// Takes in all that is in the inbox.
    pub(crate) async fn take(&mut self) {
        let rows = self.fixture.store.read_blocking(|tx| store::inbox::peek(tx, &self.run, 100));
        for row in rows.unwrap() {
            let input = match row.kind.as_str() {
                START => Input::Start(serde_json::from_str(&row.payload).unwrap()),
                _ => Input::Message(serde_json::from_str(&row.payload).unwrap()),
            };
            self.receive(input, Some(row.id)).await;
        }
    }

    /// Ends the invocation at this position.
    pub(crate) async fn end(&mut self, position: usize, result: Result<Value, Failure>) {
        let Invoke { path, attempt, activation, .. } = self.invoked.remove(position);
        let result = result.map(Outcome::Done);
        self.receive(Input::Outcome { path, attempt, activation, result }, None).await;
        while let Some((path, attempt)) = self.settling.pop() {
            self.receive(Input::Settled { path, attempt }, None).await;
        }
    }

    async fn receive(&mut self, input: Input, taken: Option<i64>) {
        self.now_ms += 1_000;
        let seq = self.state.next_seq();
        let Transition { entries, effects } = self.state.receive(input, self.now_ms).unwrap();
        for effect in effects {
            match effect {
                Effect::Invoke(invoke) => self.invoked.push(*invoke),
                Effect::Settle { path, attempt } => self.settling.push((path, attempt)),
                Effect::Interrupt { path } => self.invoked.retain(|invoke| invoke.path != path),
                Effect::Await { .. }
                | Effect::SetTimer { .. }
                | Effect::ClearWaits { .. }
                | Effect::Finish => {}
            }
        }
        let entries: Vec<String> =
            entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        let (run, epoch, now_ms) = (self.run.clone(), self.epoch, self.now_ms);
        let ended = self.state.status().is_terminal();
        let (outputs, failure) = (self.state.outputs(), self.state.failure());
        let view = View {
            status: self.state.status().to_string(),
            started_ms: self.state.started_ms(),
            ended_ms: self.state.ended_ms(),
            summary: ended.then(|| json!({ "outputs": outputs, "failure": failure }).to_string()),
        };
        let result = ended.then(|| self.state.execution_result(&self.run).to_string());
        let commit = move |tx: &mut store::Tx<'_>| {
            store::journal::append(tx, &run, seq, epoch, &entries)?;
            store::inbox::delete(tx, taken.as_slice())?;
            store::runs::set_view(tx, &run, &view)?;
            if let Some(result) = &result {
                store::completions::record(tx, WaitKind::Automation, run.as_str(), result, now_ms)?;
            }
            Ok::<_, store::WriteError>(())
        };
        self.fixture.store.write(commit).await.unwrap();
    }

    /// The run as `GetAutomationExecution` shows it.
    pub(crate) async fn shown(&self) -> Value {
        let input = json!({ "AutomationExecutionId": self.run.as_str() });
        let answer = call(self.fixture, "GetAutomationExecution", input).await;
        answer.unwrap()["AutomationExecution"].clone()
    }
}

/// The administrator, as the wire knows it.
pub(crate) fn administrator() -> Actor {
    user("administrator")
}

pub(crate) fn user(name: &str) -> Actor {
    let arn = format!("arn:aws:iam::000000000000:user/{name}");
    Actor::new(host_api::identifier::Principal::new(arn))
}

pub(crate) async fn call(
    fixture: &Fixture,
    operation: &str,
    input: Value,
) -> Result<Value, ServiceError> {
    fixture.services.ensure_administrator().await.unwrap();
    fixture.services.call(administrator(), operation, input).await
}

/// Stores a runbook and starts a run of it, for which the request has these further members.
pub(crate) async fn start<'f>(fixture: &'f Fixture, text: &str, more: Value) -> Driven<'f> {
    let run = start_only(fixture, text, more).await.unwrap();
    Driven::begin(fixture, &run).await
}

/// As [`start`], without taking the run in hand.
pub(crate) async fn start_only(
    fixture: &Fixture,
    text: &str,
    more: Value,
) -> Result<String, ServiceError> {
    let services = &fixture.services;
    services.put_document(&administrator(), "Tested", "Automation", text).await.unwrap();
    let mut input = json!({ "DocumentName": "Tested", "DocumentVersion": "$LATEST" });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    let started = call(fixture, "StartAutomationExecution", input).await?;
    Ok(started["AutomationExecutionId"].as_str().unwrap().to_owned())
}

/// As [`start_only`], beyond what the model lets a request hold: as tags may lead to more targets than can be listed.
pub(crate) async fn start_beyond(
    fixture: &Fixture,
    text: &str,
    more: Value,
) -> Result<String, ServiceError> {
    let services = &fixture.services;
    services.ensure_administrator().await.unwrap();
    services.put_document(&administrator(), "Tested", "Automation", text).await.unwrap();
    let mut input = json!({ "DocumentName": "Tested", "DocumentVersion": "$LATEST" });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    let request = serde_json::from_value(input).unwrap();
    let started = services.start_automation_execution(&administrator(), request).await?;
    Ok(started.automation_execution_id.unwrap())
}

/// What stands at this member of every item of a list.
pub(crate) fn all<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap_or("-")).collect()
}
