//! Settings that differ from what the program comes with.

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A setting that somebody changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    /// Milliseconds since the Unix epoch.
    pub last_modified_ms: u64,
    pub last_modified_by: String,
}

/// Changes a setting.
pub fn put(tx: &mut Tx<'_>, id: &str, setting: &Setting) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO settings (id, value, last_modified_ms, last_modified_by)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET value = excluded.value,
           last_modified_ms = excluded.last_modified_ms,
           last_modified_by = excluded.last_modified_by",
        params![id, setting.value, setting.last_modified_ms, setting.last_modified_by],
    )?;
    Ok(())
}

/// Forgets a change and returns whether there was one.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM settings WHERE id = $1", [id])? > 0)
}

/// Returns a setting, if it was changed.
pub fn find(tx: &ReadTx<'_>, id: &str) -> Result<Option<Setting>, ReadError> {
    tx.row(
        "SELECT value, last_modified_ms, last_modified_by FROM settings WHERE id = $1",
        [id],
        |row| {
            Ok(Setting {
                value: row.get(0)?,
                last_modified_ms: row.get(1)?,
                last_modified_by: row.get(2)?,
            })
        },
    )
}
