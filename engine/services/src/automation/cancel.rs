//! Cancelling a run.

use host_api::identifier::RunId;
use machine::input::Message;

use super::{CANCEL, signal};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

impl Services {
    /// Asks a run to cancel (SSM: `StopAutomationExecution`, type Cancel). One that has ended is
    /// `InvalidAutomationStatusUpdateException`.
    pub async fn stop_automation_execution(
        &self,
        actor: &Actor,
        run: &RunId,
    ) -> Result<(), ServiceError> {
        let payload = signal::payload(&Message::Cancel { by: actor.principal.clone() })?;
        let deed = Deed::new("StopAutomationExecution", format!("automation-execution/{run}"));
        let run = run.clone();
        self.change(actor, deed, move |tx| signal::put(tx, &run, CANCEL, &payload)).await
    }
}
