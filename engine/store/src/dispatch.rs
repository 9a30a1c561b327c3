//! Up to where events were held against the rules.

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// Returns the cursor; nothing before the first event.
pub fn cursor(tx: &ReadTx<'_>) -> Result<Option<String>, ReadError> {
    tx.row("SELECT cursor FROM dispatch WHERE id = 1", [], |row| row.get(0))
}

/// Moves the cursor, in the transaction of what follows from the events before it.
pub fn set_cursor(tx: &mut Tx<'_>, cursor: &str) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO dispatch (id, cursor) VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE SET cursor = excluded.cursor",
        [cursor],
    )?;
    Ok(())
}

/// Forgets the cursor: what happens is not held against anything.
pub fn forget_cursor(tx: &mut Tx<'_>) -> Result<(), WriteError> {
    tx.execute("DELETE FROM dispatch WHERE id = 1", [])?;
    Ok(())
}
