//! The audit log: append-only, each entry bound to the one before it by SHA-256.
//!
//! Whoever can write the database can write a whole new chain. Checkpoints, signed with a key that is not there, are what such a chain
//! lacks; see [`checkpoints`].

pub mod checkpoints;
mod query;
mod verify;

use host_api::identifier::{Digest, RunId};
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

pub use query::{Filter, Page, newest, tail};
pub use verify::{VerifyError, verify, verify_against};

/// What comes before the first entry.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The action by which a run ends.
pub const RUN_END: &str = "EndAutomationExecution";

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
    /// JSON text: a `CloudTrail` record, or what else there is to say.
    pub details: String,
    /// What names the request that asked for it, if one did.
    pub request_id: Option<String>,
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

impl Head {
    /// The end of a log without entries.
    fn beginning() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

/// Appends an entry and returns the new end of the log. Called in the transaction of the change it records.
pub fn append(tx: &mut Tx<'_>, entry: &NewEntry) -> Result<Head, WriteError> {
    append_all(tx, std::slice::from_ref(entry))
}

/// Appends entries and returns the new end of the log.
pub fn append_all(tx: &mut Tx<'_>, entries: &[NewEntry]) -> Result<Head, WriteError> {
    let mut end = head(tx)?;
    for entry in entries {
        end = append_after(tx, &end, entry)?;
    }
    Ok(end)
}

fn append_after(tx: &mut Tx<'_>, end: &Head, entry: &NewEntry) -> Result<Head, WriteError> {
    let seq = end.seq + 1;
    let hash = hash(seq, entry, &end.hash);
    tx.execute(
        "INSERT INTO audit (seq, time_ms, principal, action, resource, decision, details,
           previous_hash, hash, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            seq,
            entry.time_ms,
            entry.principal,
            entry.action,
            entry.resource,
            entry.decision,
            entry.details,
            end.hash,
            hash,
            entry.request_id,
        ],
    )?;
    Ok(Head { seq, hash })
}

/// Appends that a run ends with this status, in the transaction in which it does and before its view shows it. A run that has
/// ended before is left alone.
pub fn append_run_end(
    tx: &mut Tx<'_>,
    run: &RunId,
    status: &str,
    time_ms: u64,
) -> Result<(), WriteError> {
    let principal = tx.row(
        "SELECT principal FROM runs WHERE id = $1 AND ended_ms IS NULL",
        [run.as_str()],
        |row| row.get(0),
    )?;
    let Some(principal) = principal else { return Ok(()) };
    let entry = NewEntry {
        time_ms,
        principal,
        action: RUN_END.to_owned(),
        resource: format!("automation-execution/{run}"),
        decision: "allow".to_owned(),
        details: serde_json::json!({ "status": status }).to_string(),
        request_id: None,
    };
    append(tx, &entry).map(drop)
}

/// Returns the end of the log.
pub fn head(tx: &ReadTx<'_>) -> Result<Head, ReadError> {
    let head = tx.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok(Head { seq: row.get(0)?, hash: row.get(1)? })
    })?;
    Ok(head.unwrap_or_else(Head::beginning))
}

/// Returns up to `limit` entries, oldest first, after the entry `after_seq`.
pub fn list(tx: &ReadTx<'_>, after_seq: u64, limit: u32) -> Result<Vec<Entry>, ReadError> {
    tx.rows(
        "SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![after_seq, limit],
        read_row,
    )
}

/// Each field goes in behind its length, so that no two entries have the same bytes.
fn hash(seq: u64, entry: &NewEntry, previous_hash: &str) -> String {
    let NewEntry { time_ms, principal, action, resource, decision, details, request_id } = entry;
    let mut bytes = Vec::with_capacity(1_024);
    // Entries without a request are hashed as version 1 hashed all.
    let format: &[u8] = match request_id {
        None => b"runwright-audit-v1\0",
        Some(_) => b"runwright-audit-v2\0",
    };
    bytes.extend_from_slice(format);
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(&time_ms.to_be_bytes());
    let fields = [previous_hash, principal, action, resource, decision, details];
    for field in fields.into_iter().chain(request_id.as_deref()) {
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
            request_id: row.get("request_id")?,
        },
        previous_hash: row.get("previous_hash")?,
        hash: row.get("hash")?,
    })
}
