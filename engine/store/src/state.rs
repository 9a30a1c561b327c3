//! What actions remember between runs: values by scope and key.

use rusqlite::params;

use host_api::identifier::RunId;

use crate::error::{ReadError, WriteError};
use crate::text_key::after_prefix;
use crate::transaction::{ReadTx, Tx};

/// Returns the scope of what is kept with a run and deleted with it. No plugin's vendor can be called so.
pub fn run_scope(run: &RunId) -> String {
    format!("\u{1}run/{run}")
}

/// Sets a value: JSON text.
pub fn put(tx: &mut Tx<'_>, scope: &str, key: &str, value: &str) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO state (scope, key, value) VALUES ($1, $2, $3)
         ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value",
        [scope, key, value],
    )?;
    Ok(())
}

/// Returns a value, if there is one.
pub fn get(tx: &ReadTx<'_>, scope: &str, key: &str) -> Result<Option<String>, ReadError> {
    tx.row("SELECT value FROM state WHERE scope = $1 AND key = $2", [scope, key], |row| row.get(0))
}

/// Deletes a value and returns whether there was one.
pub fn delete(tx: &mut Tx<'_>, scope: &str, key: &str) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM state WHERE scope = $1 AND key = $2", [scope, key])? > 0)
}

/// Returns up to `limit` keys that begin with `prefix`, in order, after the key `after`.
pub fn list_keys(
    tx: &ReadTx<'_>,
    scope: &str,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, ReadError> {
    tx.rows(
        "SELECT key FROM state WHERE scope = $1 AND key >= $2 AND ($3 IS NULL OR key < $3)
           AND ($4 IS NULL OR key > $4) ORDER BY key LIMIT $5",
        params![scope, prefix, after_prefix(prefix), after, limit],
        |row| row.get(0),
    )
}
