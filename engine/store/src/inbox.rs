//! What others want of a run: rows that the holder of its lease takes in, in order.

use host_api::identifier::RunId;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::notice::Notice;
use crate::transaction::{ReadTx, Tx};

/// Rows of one run that have not been taken in yet.
pub const INBOX_ROWS_MAX: u64 = 10_000;

/// A row of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Rises with each row and is never used again.
    pub id: i64,
    pub kind: String,
    /// JSON text.
    pub payload: String,
}

/// Puts a row into a run's inbox and returns its id.
///
/// # Errors
/// [`WriteError::LimitExceeded`] if [`INBOX_ROWS_MAX`] rows wait there.
pub fn put(tx: &mut Tx<'_>, run: &RunId, kind: &str, payload: &str) -> Result<i64, WriteError> {
    let key = tx.run_key(run.as_str())?;
    let count: Option<u64> =
        tx.row("SELECT count(*) FROM inbox WHERE run_key = $1", [key], |row| row.get(0))?;
    if count.unwrap_or(0) >= INBOX_ROWS_MAX {
        let id = run.to_string();
        return Err(WriteError::LimitExceeded { what: "inbox", id, max: INBOX_ROWS_MAX });
    }
    put_unbounded(tx, key, run, kind, payload)
}

/// As [`put`], for wakes: there is at most one for each suspended activation, and none may be refused.
pub(crate) fn put_unbounded(
    tx: &mut Tx<'_>,
    key: i64,
    run: &RunId,
    kind: &str,
    payload: &str,
) -> Result<i64, WriteError> {
    let id = tx.insert(
        "INSERT INTO inbox (run_key, kind, payload) VALUES ($1, $2, $3)",
        params![key, kind, payload],
    )?;
    tx.notify(Notice::Inbox(run.clone()));
    Ok(id)
}

/// Returns up to `limit` rows, oldest first, and leaves them.
pub fn peek(tx: &ReadTx<'_>, run: &RunId, limit: u32) -> Result<Vec<InboxRow>, ReadError> {
    tx.rows(
        "SELECT i.id, i.kind, i.payload FROM inbox i JOIN runs r ON r.key = i.run_key
         WHERE r.id = $1 ORDER BY i.id LIMIT $2",
        params![run.as_str(), limit],
        |row| Ok(InboxRow { id: row.get(0)?, kind: row.get(1)?, payload: row.get(2)? }),
    )
}

/// Deletes rows that the run has taken in; called in the transaction that appends what became of them.
///
/// # Errors
/// [`ReadError::NotFound`] if one of them is not there: it has been taken in before.
pub fn delete(tx: &mut Tx<'_>, ids: &[i64]) -> Result<(), WriteError> {
    for id in ids {
        if tx.execute("DELETE FROM inbox WHERE id = $1", [id])? == 0 {
            return Err(WriteError::not_found("inbox row", &id.to_string()));
        }
    }
    Ok(())
}

/// Returns the runs that have something in their inbox.
pub fn runs_with_rows(tx: &ReadTx<'_>) -> Result<Vec<RunId>, ReadError> {
    tx.rows(
        "SELECT r.id FROM runs r WHERE EXISTS (SELECT 1 FROM inbox i WHERE i.run_key = r.key)
         ORDER BY r.created_ms, r.key",
        [],
        |row| Ok(RunId::new(row.get::<_, String>(0)?)),
    )
}
