//! Up to where events were held against the rules.

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// Up to where events were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub cursor: String,
    /// Whether the journals of runs were read too; otherwise the cursor does not say how far they went on.
    pub reads_runs: bool,
}

/// Returns how far it is; nothing before the first event.
pub fn reached(tx: &ReadTx<'_>) -> Result<Option<Reached>, ReadError> {
    tx.row("SELECT cursor, reads_runs FROM dispatch WHERE id = 1", [], |row| {
        Ok(Reached { cursor: row.get(0)?, reads_runs: row.get(1)? })
    })
}

/// Says how far it is, in the transaction of what follows from the events before it.
pub fn reach(tx: &mut Tx<'_>, reached: &Reached) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO dispatch (id, cursor, reads_runs) VALUES (1, $1, $2)
         ON CONFLICT (id) DO UPDATE SET cursor = excluded.cursor, reads_runs = excluded.reads_runs",
        params![reached.cursor, reached.reads_runs],
    )?;
    Ok(())
}

/// Forgets the cursor: what happens is not held against anything.
pub fn forget_cursor(tx: &mut Tx<'_>) -> Result<(), WriteError> {
    tx.execute("DELETE FROM dispatch WHERE id = 1", [])?;
    Ok(())
}
