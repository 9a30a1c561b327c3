//! Replay: every activation of a recorded run is executed again against its log, with no effect on the world, and what it
//! leaves is compared with what the journal says.

mod compare;
mod host;

use std::collections::BTreeMap;
use std::sync::Arc;

use host_api::effect::{Activation, StepPath};
use host_api::identifier::Digest;
use host_api::invocation::{Invocation, Resumption};
use host_api::limits::Limits;
use host_api::port::LoggedCall;
use machine::State;
use machine::event::{Entry, Event, RunStarted};
use runbook::plan::{Action, Plan};
use sandbox::{Origin, Sandbox};
use serde::Serialize;
use serde_json::Value;

use crate::export::{ExportError, Recording};
use crate::handle::Handles;
use crate::log::CallLog;
use crate::withheld;
use host::ReplayHost;

/// What a replay found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether everything that could be compared was equal.
    pub equal: bool,
    pub activations: Vec<Replayed>,
}

/// One activation, executed again.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    pub step: String,
    pub attempt: u32,
    pub activation: u32,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Verdict {
    Equal,
    /// It differs, and nothing explains it.
    Different {
        recorded: Value,
        replayed: Value,
    },
    /// It cannot be compared, and why: a secret's text or the seed is not in the recording, or the engine ended it.
    NotComparable {
        reason: String,
    },
}

/// Why a replay cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Recording(#[from] ExportError),
    #[error("component {digest} is refused")]
    Component { digest: Digest, source: sandbox::RegisterError },
    #[error("the journal does not fold at entry {seq}")]
    Illegal { seq: usize, source: machine::IllegalEvent },
    #[error("the journal does not begin with the start of a run")]
    NotStarted,
}

/// An activation that the journal says is under way.
struct Current {
    attempt: u32,
    activation: u32,
    inputs: Value,
    resume: Option<Resumption>,
    /// What the last activation left.
    state: Value,
}

struct Replay<'a> {
    plan: &'a Plan,
    started: RunStarted,
    sandbox: &'a Sandbox,
    limits: Limits,
    seed: Option<[u8; 32]>,
    calls: BTreeMap<Activation, Vec<LoggedCall>>,
    current: BTreeMap<StepPath, Current>,
}

/// Executes a recording again. `seed` is the run's own where its keys are at hand; without it what depends on random bytes is not
/// comparable.
pub async fn replay(
    recording: &Recording,
    sandbox: &Sandbox,
    limits: &Limits,
    seed: Option<[u8; 32]>,
) -> Result<Report, ReplayError> {
    let plan = Arc::new(recording.plan.clone());
    let Some(Event::RunStarted(started)) = recording.journal.first().map(|entry| &entry.event)
    else {
        return Err(ReplayError::NotStarted);
    };
    for digest in started.components.values() {
        let bytes = recording.component(digest)?;
        if sandbox.is_registered(digest) {
            continue;
        }
        sandbox
            .register(bytes.into(), Origin::Admitted)
            .await
            .map_err(|source| ReplayError::Component { digest: digest.clone(), source })?;
    }
    let mut replay = Replay {
        plan: &plan,
        started: started.as_ref().clone(),
        sandbox,
        limits: limits.clone(),
        seed,
        calls: recording
            .host_calls
            .iter()
            .map(|row| (row.activation.clone(), row.calls.clone()))
            .collect(),
        current: BTreeMap::new(),
    };
    let mut state = State::new(plan.clone());
    let mut activations = Vec::new();
    for (seq, entry) in recording.journal.iter().enumerate() {
        activations.extend(replay.entry(entry).await);
        state.apply(entry).map_err(|source| ReplayError::Illegal { seq, source })?;
    }
    let equal =
        activations.iter().all(|replayed| !matches!(replayed.verdict, Verdict::Different { .. }));
    Ok(Report { equal, activations })
}

impl Replay<'_> {
    async fn entry(&mut self, entry: &Entry) -> Option<Replayed> {
        match &entry.event {
            Event::StepStarted { path, attempt, inputs, .. } => {
                if self.is_component(path) {
                    let current = Current {
                        attempt: *attempt,
                        activation: 1,
                        inputs: inputs.clone(),
                        resume: None,
                        state: Value::Null,
                    };
                    self.current.insert(path.clone(), current);
                }
                None
            }
            Event::StepWoken { path, activation, ended, .. } => {
                if let Some(current) = self.current.get_mut(path) {
                    current.activation = *activation;
                    let state = std::mem::take(&mut current.state);
                    current.resume = Some(Resumption { state, ended: ended.clone() });
                }
                None
            }
            Event::StepSuspended { path, suspension, .. } => {
                let replayed = self.run(path, &entry.event).await;
                if let Some(current) = self.current.get_mut(path) {
                    current.state = suspension.state.clone();
                    current.resume = None;
                }
                replayed
            }
            Event::StepSucceeded { path, .. }
            | Event::StepFailed { path, .. }
            | Event::AttemptFailed { path, .. } => {
                let replayed = self.run(path, &entry.event).await;
                self.current.remove(path);
                replayed
            }
            Event::RunStarted(_)
            | Event::StepHeld { .. }
            | Event::StepRestarted { .. }
            | Event::StepWaiting { .. }
            | Event::AttemptSettled { .. }
            | Event::StepSkipped { .. }
            | Event::StepNotReached { .. }
            | Event::ItemsExpanded { .. }
            | Event::PassStarted { .. }
            | Event::VariableUpdated { .. }
            | Event::SignalReceived { .. }
            | Event::CancelRequested { .. }
            | Event::CompleteRequested { .. }
            | Event::FinallyStarted { .. }
            | Event::RunFinished { .. } => None,
        }
    }

    /// A step with forEach is not executed itself; its items are.
    fn is_component(&self, path: &StepPath) -> bool {
        self.plan.step_named(&path.step).is_some_and(|id| {
            let step = self.plan.step(id);
            let is_executed = step.for_each.is_none() || path.item.is_some();
            is_executed && matches!(step.action, Action::Component { .. })
        })
    }

    async fn run(&mut self, path: &StepPath, event: &Event) -> Option<Replayed> {
        let current = self.current.get(path)?;
        let verdict = match compare::ended_by_engine(
            event,
            current.resume.is_some() || current.state.is_null(),
        ) {
            Some(reason) => Verdict::NotComparable { reason },
            None => self.execute(path, current, event).await,
        };
        Some(Replayed {
            step: path.to_string(),
            attempt: current.attempt,
            activation: current.activation,
            verdict,
        })
    }

    async fn execute(&self, path: &StepPath, current: &Current, event: &Event) -> Verdict {
        let result = current.resume.as_ref().map(|resume| &resume.ended.result);
        if let Some(failure) = result.and_then(withheld::reason) {
            return Verdict::NotComparable {
                reason: format!("what it waited for was withheld: {failure}"),
            };
        }
        let step = match self.plan.step_named(&path.step) {
            Some(id) => self.plan.step(id),
            None => {
                return Verdict::NotComparable {
                    reason: format!("the plan has no step {}", path.step),
                };
            }
        };
        let Action::Component { name, .. } = &step.action else {
            return Verdict::NotComparable { reason: format!("{} is no component's", path.step) };
        };
        let (Some(digest), Some(grants)) =
            (self.started.components.get(name), self.started.grants.get(&path.step))
        else {
            return Verdict::NotComparable {
                reason: format!("the run has no component or grants for {path}"),
            };
        };
        let Ok(interfaces) = sandbox::Interfaces::of(grants.interfaces()) else {
            return Verdict::NotComparable {
                reason: "its grants name an unknown interface".to_owned(),
            };
        };
        let activation = Activation {
            run: self.started.run.clone(),
            path: path.clone(),
            attempt: current.attempt,
            activation: current.activation,
        };
        let (call, host) = self.prepare(name, current, &activation);
        let limits = compare::limits(&self.limits, event);
        let invoked = self.sandbox.invoke(digest, interfaces, call, &limits, host).await;
        compare::verdict(step, invoked, event)
    }

    fn prepare(
        &self,
        action: &str,
        current: &Current,
        activation: &Activation,
    ) -> (Invocation, ReplayHost) {
        let mut handles = Handles::new(self.seed.unwrap_or_default());
        let inputs = handles.give_all(current.inputs.clone());
        let resume = current.resume.clone().map(|resume| Resumption {
            state: handles.give_all(resume.state),
            ended: resume.ended,
        });
        let call = Invocation {
            action: action.to_owned(),
            run_id: activation.run.to_string(),
            step: activation.path.to_string(),
            attempt: activation.attempt,
            inputs,
            resume,
        };
        let host = ReplayHost {
            position: sandbox::Position {
                run_id: activation.run.to_string(),
                document_name: self.plan.document.name.clone(),
                document_version: self.plan.document.version.clone(),
                step: activation.path.to_string(),
                attempt: activation.attempt,
                activation: activation.activation,
                account_id: self.started.account_id.clone(),
                region: self.started.region.clone(),
                principal: self.started.principal.to_string(),
            },
            activation: activation.clone(),
            log: CallLog::new(self.calls.get(activation).cloned().unwrap_or_default()),
            handles,
            seeded: self.seed.is_some(),
            random_calls: 0,
            placeholder: None,
            was_denied: false,
        };
        (call, host)
    }
}
