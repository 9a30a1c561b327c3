//! A word to a waiting step.

use host_api::identifier::{Principal, RunId};
use machine::SignalRefused;
use machine::event::Signal;
use machine::input::Message;
use serde_json::json;
use store::{Tx, WriteError, inbox, runs};

use super::{SIGNAL, view};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

impl Services {
    /// Puts a signal into a run's inbox. One that would reach nobody is refused.
    ///
    /// `step` is a step's name or displayed path; absent, the one step that waits. The owner of an embedded store may speak for an
    /// approver, whom `speaks_for` names; absent, for the first who has not spoken. Returns whose word it was.
    pub async fn send_automation_signal(
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
        let sent = move |tx: &mut Tx<'_>| put(tx, &run, SIGNAL, &payload).map(|()| by.clone());
        self.change(actor, deed, sent).await
    }
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

/// Puts a message into a run's inbox, unless the run has ended meanwhile.
pub(super) fn put(
    tx: &mut Tx<'_>,
    run: &RunId,
    kind: &str,
    payload: &str,
) -> Result<(), ServiceError> {
    let row = runs::find(tx, run)?.ok_or_else(|| view::unknown(run))?;
    if row.view.ended_ms.is_some() {
        return Err(ServiceError::request(
            "InvalidAutomationStatusUpdateException",
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
