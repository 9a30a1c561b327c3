//! Compiled plans by their digest. A run refers to its plan and is never compiled again.

use host_api::identifier::Digest;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// Stores a plan; one that is there already stays as it is.
pub fn put(tx: &mut Tx<'_>, digest: &Digest, plan: &str, now_ms: u64) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO plans (digest, plan, created_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        params![digest.as_str(), plan, now_ms],
    )?;
    Ok(())
}

/// Returns a plan's JSON text.
///
/// # Errors
/// [`ReadError::NotFound`] if there is none with this digest.
pub fn get(tx: &ReadTx<'_>, digest: &Digest) -> Result<String, ReadError> {
    tx.row("SELECT plan FROM plans WHERE digest = $1", [digest.as_str()], |row| row.get(0))?
        .ok_or_else(|| ReadError::not_found("plan", digest.as_str()))
}

/// Deletes up to `limit` plans that no run refers to and that were stored before `before_ms`; returns how many.
pub fn delete_unused(tx: &mut Tx<'_>, before_ms: u64, limit: u32) -> Result<usize, WriteError> {
    tx.execute(
        "DELETE FROM plans WHERE digest IN
           (SELECT p.digest FROM plans p WHERE p.created_ms < $1
              AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.plan_digest = p.digest) LIMIT $2)",
        params![before_ms, limit],
    )
}
