//! Stopping a run: at once, or with what runs now.

use host_api::identifier::RunId;
use machine::input::Message;
use serde_json::json;
use store::Tx;

use super::{
    CANCEL, COMPLETE, StopAutomationExecutionRequest, StopAutomationExecutionResult, signal,
};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

impl Services {
    /// Stops a run (SSM: `StopAutomationExecution`).
    ///
    /// `Cancel`, which is meant when nothing is said, stops what runs and leads to `onCancel`. `Complete` lets what runs go on to its
    /// end and starts nothing more but `finally`; whom a step waits for it no longer waits for. The run then ends as Success, unless a
    /// critical step failed before.
    ///
    /// # Errors
    /// `AutomationExecutionNotFoundException`; `InvalidAutomationStatusUpdateException` for a run that has ended.
    pub async fn stop_automation_execution(
        &self,
        actor: &Actor,
        request: StopAutomationExecutionRequest,
    ) -> Result<StopAutomationExecutionResult, ServiceError> {
        let run = RunId::new(request.automation_execution_id);
        match request.r#type.as_deref() {
            None | Some("Cancel") => self.cancel_run(actor, &run).await?,
            Some("Complete") => self.complete_run(actor, &run).await?,
            Some(other) => {
                return Err(ServiceError::validation(format!(
                    "a run is stopped by Cancel or Complete, not by {other:?}"
                )));
            }
        }
        Ok(StopAutomationExecutionResult {})
    }

    /// Asks a run to cancel.
    pub async fn cancel_run(&self, actor: &Actor, run: &RunId) -> Result<(), ServiceError> {
        let message = Message::Cancel { by: actor.principal.clone() };
        self.end_run(actor, run, CANCEL, &message).await
    }

    async fn complete_run(&self, actor: &Actor, run: &RunId) -> Result<(), ServiceError> {
        let message = Message::Complete { by: actor.principal.clone() };
        self.end_run(actor, run, COMPLETE, &message).await
    }

    async fn end_run(
        &self,
        actor: &Actor,
        run: &RunId,
        kind: &'static str,
        message: &Message,
    ) -> Result<(), ServiceError> {
        let payload = signal::payload(message)?;
        let deed = Deed::new("StopAutomationExecution", format!("automation-execution/{run}"))
            .details(json!({ "type": kind }));
        let run = run.clone();
        let put = move |tx: &mut Tx<'_>| {
            signal::put(tx, &run, kind, &payload, "InvalidAutomationStatusUpdateException")
        };
        self.change(actor, deed, put).await
    }
}
