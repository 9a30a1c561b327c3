//! Cancelling.

use host_api::identifier::CommandId;
use store::{Tx, commands, invocations};

use super::{report, shown, status};
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

impl Services {
    /// Asks for the end of a command: jobs that wait are not sent, jobs that run are ended by their nodes, if these can.
    ///
    /// A command that has ended stays as it is; that is no error, as in SSM.
    pub async fn cancel_command(&self, actor: &Actor, id: &CommandId) -> Result<(), ServiceError> {
        let deed = Deed::new("CancelCommand", format!("command/{id}"));
        let id = id.clone();
        self.change(actor, deed, move |tx| cancel(tx, &id)).await?;
        self.wake_dispatcher();
        Ok(())
    }
}

fn cancel(tx: &mut Tx<'_>, id: &CommandId) -> Result<(), ServiceError> {
    let command = commands::find(tx, id)?.ok_or_else(|| shown::unknown(id))?;
    if command.status.ended_ms.is_some() {
        return Ok(());
    }
    let now = now_ms();
    commands::set_status(tx, id, &status("Cancelling", "Cancelling", None))?;
    for job in invocations::of_command(tx, id)? {
        let next = match job.delivered_ms {
            Some(_) => status("Cancelling", "Cancelling", None),
            None => status("Cancelled", "Cancelled", Some(now)),
        };
        invocations::set_report(tx, &job.job_id, &next, None)?;
    }
    report::settle(tx, id, now)
}
