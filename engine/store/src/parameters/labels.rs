//! Labels: names of versions of a parameter, each of one version at a time.

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// Returns the labels of all versions of a parameter, each with its version, by label.
pub fn list(tx: &ReadTx<'_>, name: &str) -> Result<Vec<(String, u64)>, ReadError> {
    tx.rows(
        "SELECT label, version FROM parameter_labels WHERE name = $1 ORDER BY label",
        [name],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Returns the version that has the label, if one has.
pub fn version(tx: &ReadTx<'_>, name: &str, label: &str) -> Result<Option<u64>, ReadError> {
    tx.row(
        "SELECT version FROM parameter_labels WHERE name = $1 AND label = $2",
        [name, label],
        |row| row.get(0),
    )
}

/// Gives a label to a version, whichever version had it before.
pub fn set(tx: &mut Tx<'_>, name: &str, label: &str, version: u64) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO parameter_labels (name, label, version) VALUES ($1, $2, $3)
         ON CONFLICT (name, label) DO UPDATE SET version = excluded.version",
        params![name, label, version],
    )?;
    Ok(())
}

/// Takes a label from a version and returns whether it had it.
pub fn remove(tx: &mut Tx<'_>, name: &str, label: &str, version: u64) -> Result<bool, WriteError> {
    let removed = tx.execute(
        "DELETE FROM parameter_labels WHERE name = $1 AND label = $2 AND version = $3",
        params![name, label, version],
    )?;
    Ok(removed > 0)
}
