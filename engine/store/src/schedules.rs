//! Schedules: when each came last and comes next. What they say is the caller's.

use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// How a schedule stands. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    /// `<kind>/<name>`.
    pub name: String,
    /// Of what it says.
    pub digest: String,
    /// From when on it counts.
    pub anchor_ms: u64,
    /// When it comes next; nothing if it does not.
    pub next_ms: Option<u64>,
    pub last_ms: Option<u64>,
    /// How many times were passed over, as nobody was there.
    pub skipped: u64,
}

/// Returns all schedules.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<ScheduleRow>, ReadError> {
    tx.rows("SELECT * FROM schedules ORDER BY name", [], read_row)
}

/// Writes a schedule.
pub fn put(tx: &mut Tx<'_>, row: &ScheduleRow) -> Result<(), WriteError> {
    let ScheduleRow { name, digest, anchor_ms, next_ms, last_ms, skipped } = row;
    tx.execute(
        "INSERT INTO schedules (name, digest, anchor_ms, next_ms, last_ms, skipped)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (name) DO UPDATE SET digest = excluded.digest,
           anchor_ms = excluded.anchor_ms, next_ms = excluded.next_ms,
           last_ms = excluded.last_ms, skipped = excluded.skipped",
        params![name, digest, anchor_ms, next_ms, last_ms, skipped],
    )?;
    Ok(())
}

/// Claims that a schedule comes: replaces the row if it is as it was read. Returns whether it was; otherwise somebody else claimed it.
pub fn claim(
    tx: &mut Tx<'_>,
    was: &ScheduleRow,
    next_ms: Option<u64>,
    last_ms: u64,
    skipped: u64,
) -> Result<bool, WriteError> {
    let changed = tx.execute(
        "UPDATE schedules SET next_ms = $1, last_ms = $2, skipped = skipped + $3
         WHERE name = $4 AND digest = $5 AND next_ms = $6",
        params![next_ms, last_ms, skipped, was.name, was.digest, was.next_ms],
    )?;
    Ok(changed == 1)
}

/// Forgets a schedule.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<(), WriteError> {
    tx.execute("DELETE FROM schedules WHERE name = $1", [name])?;
    Ok(())
}

/// Returns the schedules that are due, the longest due first.
pub fn due(tx: &ReadTx<'_>, now_ms: u64, limit: u32) -> Result<Vec<ScheduleRow>, ReadError> {
    tx.rows(
        "SELECT * FROM schedules WHERE next_ms <= $1 ORDER BY next_ms LIMIT $2",
        params![now_ms, limit],
        read_row,
    )
}

/// Returns when the next schedule is due.
pub fn next_due(tx: &ReadTx<'_>) -> Result<Option<u64>, ReadError> {
    let next =
        tx.row("SELECT min(next_ms) FROM schedules WHERE next_ms IS NOT NULL", [], |row| {
            row.get::<_, Option<u64>>(0)
        })?;
    Ok(next.flatten())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<ScheduleRow> {
    Ok(ScheduleRow {
        name: row.get("name")?,
        digest: row.get("digest")?,
        anchor_ms: row.get("anchor_ms")?,
        next_ms: row.get("next_ms")?,
        last_ms: row.get("last_ms")?,
        skipped: row.get("skipped")?,
    })
}
