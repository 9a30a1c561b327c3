//! The audit log: append-only, each entry bound to the one before it by SHA-256.

use host_api::identifier::Digest;
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// What comes before the first entry.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What happened. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Milliseconds since the Unix epoch.
    pub time_ms: u64,
    pub principal: String,
    pub action: String,
    pub resource: String,
    /// `allow` or `deny`.
    pub decision: String,
    /// JSON text: policy ids, digests of requests.
    pub details: String,
}

/// An entry in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts from 1 without a gap.
    pub seq: u64,
    pub event: NewEntry,
    pub previous_hash: String,
    /// SHA-256, in hexadecimal digits, over everything above.
    pub hash: String,
}

/// The end of a log. Without a copy of it elsewhere, nobody can tell that the last entries are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of entries.
    pub seq: u64,
    pub hash: String,
}

/// Why a log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("audit entry {expected} is missing; entry {found} comes in its place")]
    Gap { expected: u64, found: u64 },
    #[error("audit entry {seq} does not follow from the one before it")]
    Unchained { seq: u64 },
    #[error("audit entry {seq} was changed after it was written")]
    Changed { seq: u64 },
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Appends an entry and returns the new end of the log. Called in the transaction of the change it records.
pub fn append(tx: &mut Tx<'_>, entry: &NewEntry) -> Result<Head, WriteError> {
    let previous = head(tx)?;
    let seq = previous.seq + 1;
    let hash = hash(seq, entry, &previous.hash);
    tx.execute(
        "INSERT INTO audit (seq, time_ms, principal, action, resource, decision, details,
           previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            seq,
            entry.time_ms,
            entry.principal,
            entry.action,
            entry.resource,
            entry.decision,
            entry.details,
            previous.hash,
            hash,
        ],
    )?;
    Ok(Head { seq, hash })
}

/// Returns the end of the log.
pub fn head(tx: &ReadTx<'_>) -> Result<Head, ReadError> {
    let head = tx.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok(Head { seq: row.get(0)?, hash: row.get(1)? })
    })?;
    Ok(head.unwrap_or_else(|| Head { seq: 0, hash: GENESIS.to_owned() }))
}

/// Returns up to `limit` entries, oldest first, after the entry `after_seq`.
pub fn list(tx: &ReadTx<'_>, after_seq: u64, limit: u32) -> Result<Vec<Entry>, ReadError> {
    tx.rows(
        "SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![after_seq, limit],
        read_row,
    )
}

/// Checks every entry and returns the end of the log.
///
/// # Errors
/// The first entry that is missing, unchained or changed.
pub fn verify(tx: &ReadTx<'_>) -> Result<Head, VerifyError> {
    let mut end = Head { seq: 0, hash: GENESIS.to_owned() };
    tx.each("SELECT * FROM audit ORDER BY seq", [], |row| {
        let Entry { seq, event, previous_hash, hash: stored } =
            read_row(row).map_err(ReadError::from)?;
        if seq != end.seq + 1 {
            return Err(VerifyError::Gap { expected: end.seq + 1, found: seq });
        }
        if previous_hash != end.hash {
            return Err(VerifyError::Unchained { seq });
        }
        if stored != hash(seq, &event, &previous_hash) {
            return Err(VerifyError::Changed { seq });
        }
        end = Head { seq, hash: stored };
        Ok(())
    })?;
    Ok(end)
}

/// Each field goes in behind its length, so that no two entries have the same bytes.
fn hash(seq: u64, entry: &NewEntry, previous_hash: &str) -> String {
    let NewEntry { time_ms, principal, action, resource, decision, details } = entry;
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(b"runwright-audit-v1\0");
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(&time_ms.to_be_bytes());
    for field in [previous_hash, principal, action, resource, decision, details] {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field.as_bytes());
    }
    Digest::of(&bytes).to_string()
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get("seq")?,
        event: NewEntry {
            time_ms: row.get("time_ms")?,
            principal: row.get("principal")?,
            action: row.get("action")?,
            resource: row.get("resource")?,
            decision: row.get("decision")?,
            details: row.get("details")?,
        },
        previous_hash: row.get("previous_hash")?,
        hash: row.get("hash")?,
    })
}
