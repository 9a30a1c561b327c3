//! Who may append to a run's journal.

use host_api::identifier::RunId;
use rusqlite::params;

use crate::error::WriteError;
use crate::transaction::Tx;

/// Gives the run's lease to `owner` and returns its epoch, which every append must name. An earlier holder's epoch is
/// void from now on.
///
/// # Errors
/// [`crate::ReadError::NotFound`] if there is no such run.
pub fn acquire(tx: &mut Tx<'_>, run: &RunId, owner: &str) -> Result<u64, WriteError> {
    let epochs = tx.returning(
        "UPDATE heads SET lease_epoch = lease_epoch + 1, lease_owner = $1
         WHERE run_key = (SELECT key FROM runs WHERE id = $2) RETURNING lease_epoch",
        [owner, run.as_str()],
        |row| row.get(0),
    )?;
    epochs.first().copied().ok_or_else(|| WriteError::not_found("run", run.as_str()))
}

/// Gives the lease back.
///
/// # Errors
/// [`WriteError::Conflict`] if `epoch` is not the newest.
pub fn release(tx: &mut Tx<'_>, run: &RunId, epoch: u64) -> Result<(), WriteError> {
    let key = tx.run_key(run.as_str())?;
    let changed = tx.execute(
        "UPDATE heads SET lease_owner = NULL WHERE run_key = $1 AND lease_epoch = $2",
        params![key, epoch],
    )?;
    if changed == 1 {
        return Ok(());
    }
    let found = tx
        .row("SELECT lease_epoch FROM heads WHERE run_key = $1", [key], |row| row.get(0))?
        .unwrap_or(0);
    Err(WriteError::Conflict { what: "lease", id: run.to_string(), expected: epoch, found })
}
