//! What has been done once and must not be done again: effects, client tokens, webhook deliveries, signatures.
//!
//! One closure asks [`begin`], does the work if it is [`Once::New`], and calls [`finish`]; all of it commits together,
//! so there is nothing between "not done" and "done". Effects of a run have the run's id as their scope.

use host_api::identifier::Digest;
use rusqlite::params;

use crate::error::WriteError;
use crate::transaction::Tx;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// Nothing, or it has expired.
    New,
    /// The same request was done before, with this result: JSON text.
    Same(String),
    /// Another request was done under this key.
    Mismatch,
}

/// Asks whether a request was done before.
pub fn begin(
    tx: &mut Tx<'_>,
    scope: &str,
    key: &str,
    request_digest: &Digest,
    now_ms: u64,
) -> Result<Once, WriteError> {
    let found = tx.row(
        "SELECT request_digest, result FROM once
         WHERE scope = $1 AND key = $2 AND (expires_ms IS NULL OR expires_ms > $3)",
        params![scope, key, now_ms],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    Ok(match found {
        None => Once::New,
        Some((digest, result)) if digest == request_digest.as_str() => Once::Same(result),
        Some(_) => Once::Mismatch,
    })
}

/// Says that the request is done. Without `expires_ms` it is remembered as long as its scope's run.
///
/// # Errors
/// [`WriteError::Exists`] if the key is taken: the caller did not ask [`begin`] in this transaction.
pub fn finish(
    tx: &mut Tx<'_>,
    scope: &str,
    key: &str,
    request_digest: &Digest,
    result: &str,
    times: Times,
) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM once WHERE scope = $1 AND key = $2 AND expires_ms <= $3",
        params![scope, key, times.now_ms],
    )?;
    let inserted = tx.execute(
        "INSERT INTO once (scope, key, request_digest, result, expires_ms)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        params![scope, key, request_digest.as_str(), result, times.expires_ms],
    )?;
    if inserted == 0 {
        return Err(WriteError::Exists { what: "once key", id: format!("{scope}/{key}") });
    }
    Ok(())
}

/// When a request is done, and until when that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    pub now_ms: u64,
    pub expires_ms: Option<u64>,
}

/// Deletes up to `limit` keys that have expired and returns how many there were.
pub fn expire(tx: &mut Tx<'_>, now_ms: u64, limit: u32) -> Result<usize, WriteError> {
    tx.execute(
        "DELETE FROM once WHERE (scope, key) IN
           (SELECT scope, key FROM once WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)",
        params![now_ms, limit],
    )
}
