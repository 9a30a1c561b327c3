//! A word to a waiting step.

use std::collections::BTreeMap;

use host_api::identifier::{Principal, RunId};
use machine::SignalRefused;
use machine::event::Signal;
use machine::input::Message;
use serde_json::json;
use store::{Tx, WriteError, inbox, runs};

use super::{SIGNAL, SendAutomationSignalRequest, SendAutomationSignalResult, view};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

impl Services {
    /// Says something to a run (SSM: `SendAutomationSignal`).
    ///
    /// `StartStep` starts a step that an interactive run holds; `Resume` ends a pause, or starts a held step and lets the run go on by
    /// itself from there; `StopStep` stops a step, and what its `onFailure` says follows.
    ///
    /// # Errors
    /// `AutomationExecutionNotFoundException`; `AutomationStepNotFoundException` for a step that the run does not have;
    /// `InvalidAutomationSignalException` for a signal that nothing waits for, or that is not the actor's to give.
    pub async fn send_automation_signal(
        &self,
        actor: &Actor,
        request: SendAutomationSignalRequest,
    ) -> Result<SendAutomationSignalResult, ServiceError> {
        let run = RunId::new(request.automation_execution_id);
        let mut payload = Payload::of(request.payload.unwrap_or_default())?;
        let signal = match request.signal_type.as_str() {
            "Approve" => Signal::Approve { comment: payload.comment.take() },
            "Reject" => Signal::Reject { comment: payload.comment.take() },
            "Resume" => Signal::Resume,
            "StartStep" => Signal::StartStep,
            "StopStep" => Signal::StopStep,
            "Revoke" => {
                self.state_of(&run).await?;
                return Err(invalid_signal("the run is no access request that could be revoked"));
            }
            other => return Err(ServiceError::validation(format!("there is no signal {other:?}"))),
        };
        let step = self.signalled_step(&run, &payload, &signal).await?;
        self.signal_run(actor, &run, step, signal, None).await?;
        Ok(SendAutomationSignalResult {})
    }

    async fn signalled_step(
        &self,
        run: &RunId,
        payload: &Payload,
        signal: &Signal,
    ) -> Result<Option<String>, ServiceError> {
        if payload.comment.is_some() {
            return Err(invalid_signal("a Comment goes with Approve or Reject"));
        }
        if let Some(id) = &payload.step_execution_id {
            let path = self.path_of_step(run, id).await?.ok_or_else(|| {
                let message = format!("the run {run} has no step execution {id}");
                ServiceError::request("AutomationStepNotFoundException", message)
            })?;
            return Ok(Some(path));
        }
        match (&payload.step_name, signal) {
            (None, Signal::StartStep) => Err(invalid_signal("StartStep needs StepName")),
            (None, Signal::StopStep) => Err(invalid_signal("StopStep needs StepExecutionId")),
            (name, _) => Ok(name.clone()),
        }
    }

    /// Puts a signal into a run's inbox. One that would reach nobody is refused.
    ///
    /// `step` is a step's name or displayed path; absent, the one step that waits. The owner of an embedded store may speak for an
    /// approver, whom `speaks_for` names; absent, for the first who has not spoken. Returns whose word it was.
    pub async fn signal_run(
        &self,
        actor: &Actor,
        run: &RunId,
        step: Option<String>,
        signal: Signal,
        speaks_for: Option<Principal>,
    ) -> Result<Principal, ServiceError> {
        let state = self.state_of(run).await?;
        let by = match speaks_for {
            Some(other) if other != actor.principal && !actor.is_owner => {
                let message = format!("{} may not speak for {other}", actor.principal);
                return Err(ServiceError::denied(message));
            }
            Some(by) => by,
            None if actor.is_owner => state
                .approver_for(step.as_deref(), &actor.principal)
                .unwrap_or_else(|| actor.principal.clone()),
            None => actor.principal.clone(),
        };
        let message = Message::Signal { step: step.clone(), signal, by: by.clone() };
        if let Err(refused) = state.check_signal(&message) {
            return self.answered_before(actor, refuse(&refused)).await;
        }
        let deed = Deed::new("SendAutomationSignal", format!("automation-execution/{run}"))
            .details(json!({ "step": step, "by": by.as_str() }));
        let payload = payload(&message)?;
        let run = run.clone();
        let sent = move |tx: &mut Tx<'_>| {
            put(tx, &run, SIGNAL, &payload, "InvalidAutomationSignalException")?;
            Ok(by.clone())
        };
        self.change(actor, deed, sent).await
    }
}

/// What the payload of a signal may say, each once.
#[derive(Default)]
struct Payload {
    comment: Option<String>,
    step_name: Option<String>,
    step_execution_id: Option<String>,
}

impl Payload {
    fn of(members: BTreeMap<String, Vec<String>>) -> Result<Self, ServiceError> {
        let mut payload = Self::default();
        for (name, values) in members {
            let place = match name.as_str() {
                "Comment" => &mut payload.comment,
                "StepName" => &mut payload.step_name,
                "StepExecutionId" => &mut payload.step_execution_id,
                other => {
                    return Err(invalid_signal(format!(
                        "the payload has the member {other:?}: Comment, StepName and StepExecutionId are known"
                    )));
                }
            };
            let [value] = <[String; 1]>::try_from(values)
                .map_err(|_| invalid_signal(format!("{name} of the payload takes one value")))?;
            *place = Some(value);
        }
        Ok(payload)
    }
}

fn invalid_signal(message: impl Into<String>) -> ServiceError {
    ServiceError::request("InvalidAutomationSignalException", message)
}

fn refuse(refused: &SignalRefused) -> ServiceError {
    let code = match refused {
        SignalRefused::NoSuchStep(_) => "AutomationStepNotFoundException",
        SignalRefused::RunEnded
        | SignalRefused::NotWaiting(_)
        | SignalRefused::NotRunning(_)
        | SignalRefused::NothingWaits
        | SignalRefused::Ambiguous(_)
        | SignalRefused::WrongSignal { .. }
        | SignalRefused::NotAnApprover { .. }
        | SignalRefused::AlreadyApproved { .. } => "InvalidAutomationSignalException",
    };
    ServiceError::request(code, refused.to_string())
}

pub(super) fn payload(message: &Message) -> Result<String, ServiceError> {
    serde_json::to_string(message)
        .map_err(|error| ServiceError::internal(format!("a message cannot be encoded: {error}")))
}

/// Puts a message into a run's inbox, unless the run has ended: that is the error `over`.
pub(super) fn put(
    tx: &mut Tx<'_>,
    run: &RunId,
    kind: &str,
    payload: &str,
    over: &'static str,
) -> Result<(), ServiceError> {
    let row = runs::find(tx, run)?.ok_or_else(|| view::unknown(run))?;
    if row.view.ended_ms.is_some() {
        return Err(ServiceError::request(
            over,
            format!("the run {run} has ended as {}", row.view.status),
        ));
    }
    match inbox::put(tx, run, kind, payload) {
        Err(WriteError::LimitExceeded { max, .. }) => Err(ServiceError::request(
            "LimitExceeded",
            format!("{max} messages wait for the run {run} already"),
        )),
        result => {
            result?;
            Ok(())
        }
    }
}
