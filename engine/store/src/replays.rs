//! Replays: events of a time that come once more.

use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A replay as it is stored. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayRow {
    pub name: String,
    /// The first time of events that come.
    pub from_ms: u64,
    /// The first time of events that come no more.
    pub to_ms: u64,
    /// The text of a pattern that they must match.
    pub pattern: Option<String>,
    /// JSON text: the keys of the rules that they are for; all when absent.
    pub rules: Option<String>,
    pub status: String,
    pub reason: Option<String>,
    /// How many have come so far.
    pub events: u64,
    pub created_ms: u64,
    pub ended_ms: Option<u64>,
}

/// Inserts a replay.
///
/// # Errors
/// [`WriteError::Exists`] if there is one of this name.
pub fn insert(tx: &mut Tx<'_>, row: &ReplayRow) -> Result<(), WriteError> {
    let inserted = tx.execute(
        "INSERT INTO replays (name, from_ms, to_ms, pattern, rules, status, reason, events,
           created_ms, ended_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        params![
            row.name,
            row.from_ms,
            row.to_ms,
            row.pattern,
            row.rules,
            row.status,
            row.reason,
            row.events,
            row.created_ms,
            row.ended_ms
        ],
    )?;
    if inserted == 0 {
        return Err(WriteError::Exists { what: "replay", id: row.name.clone() });
    }
    Ok(())
}

/// Says how far a replay is.
pub fn set_status(
    tx: &mut Tx<'_>,
    name: &str,
    status: &str,
    events: u64,
    ended_ms: Option<u64>,
) -> Result<(), WriteError> {
    tx.execute(
        "UPDATE replays SET status = $1, events = $2, ended_ms = $3 WHERE name = $4",
        params![status, events, ended_ms, name],
    )?;
    Ok(())
}

/// Returns a replay.
pub fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<ReplayRow>, ReadError> {
    tx.row("SELECT * FROM replays WHERE name = $1", [name], read_row)
}

/// Returns all replays, newest first.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<ReplayRow>, ReadError> {
    tx.rows("SELECT * FROM replays ORDER BY created_ms DESC, name", [], read_row)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<ReplayRow> {
    Ok(ReplayRow {
        name: row.get("name")?,
        from_ms: row.get("from_ms")?,
        to_ms: row.get("to_ms")?,
        pattern: row.get("pattern")?,
        rules: row.get("rules")?,
        status: row.get("status")?,
        reason: row.get("reason")?,
        events: row.get("events")?,
        created_ms: row.get("created_ms")?,
        ended_ms: row.get("ended_ms")?,
    })
}
