//! A word to a waiting step.

use host_api::identifier::RunId;
use machine::SignalRefused;
use machine::event::Signal;
use machine::input::Message;
use serde_json::json;
use store::{Tx, WriteError, inbox, runs};

use super::{SIGNAL, view};
use crate::Services;
use crate::actor::{Actor, Deed};
use crate::error::ServiceError;

impl Services {
    /// Puts a signal into a run's inbox. One that would reach nobody is refused.
    ///
    /// `step` is a step's name or displayed path; absent, the one step that waits.
    pub async fn send_automation_signal(
        &self,
        actor: &Actor,
        run: &RunId,
        step: Option<String>,
        signal: Signal,
    ) -> Result<(), ServiceError> {
        let by = actor.principal.clone();
        let message = Message::Signal { step: step.clone(), signal, by };
        let state = self.state_of(run).await?;
        state.check_signal(&message).map_err(|refused| refuse(&refused))?;
        let deed = Deed::new("SendAutomationSignal", format!("automation-execution/{run}"))
            .details(json!({ "step": step }));
        let payload = payload(&message)?;
        let run = run.clone();
        self.change(actor, deed, move |tx| put(tx, &run, SIGNAL, &payload)).await
    }
}

fn refuse(refused: &SignalRefused) -> ServiceError {
    let code = match refused {
        SignalRefused::NoSuchStep(_) => "AutomationStepNotFoundException",
        SignalRefused::RunEnded
        | SignalRefused::NotWaiting(_)
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
