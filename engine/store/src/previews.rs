//! What runs would do, told before they are started.

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// Previews forgotten when one is made.
const EXPIRED_MAX: u32 = 100;

/// A preview as it is stored. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRow {
    pub id: String,
    /// JSON text.
    pub preview: String,
    pub created_ms: u64,
    /// From then on it is as if it had never been.
    pub expires_ms: u64,
}

/// Keeps a preview under an id that is new, and forgets some that have expired.
pub fn insert(tx: &mut Tx<'_>, row: &PreviewRow) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM previews WHERE id IN
           (SELECT id FROM previews WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)",
        params![row.created_ms, EXPIRED_MAX],
    )?;
    tx.execute(
        "INSERT INTO previews (id, preview, created_ms, expires_ms) VALUES ($1, $2, $3, $4)",
        params![row.id, row.preview, row.created_ms, row.expires_ms],
    )?;
    Ok(())
}

/// Returns the preview with this id, unless it has expired at `now_ms`.
pub fn find(tx: &ReadTx<'_>, id: &str, now_ms: u64) -> Result<Option<PreviewRow>, ReadError> {
    tx.row(
        "SELECT id, preview, created_ms, expires_ms FROM previews WHERE id = $1 AND expires_ms > $2",
        params![id, now_ms],
        |row| {
            Ok(PreviewRow {
                id: row.get(0)?,
                preview: row.get(1)?,
                created_ms: row.get(2)?,
                expires_ms: row.get(3)?,
            })
        },
    )
}
