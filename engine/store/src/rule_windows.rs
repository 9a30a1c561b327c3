//! Windows of rules that are open: one row for each group of events.

use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// An open window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRow {
    /// `<kind>/<name>` of the rule.
    pub rule: String,
    /// JSON text: the values that the events have in common.
    pub group_key: String,
    /// The name of the replay whose events it is open for; empty without one.
    pub replay: String,
    /// Of what the rule waits for; a window of another digest means nothing to it.
    pub digest: String,
    /// JSON text.
    pub state: String,
    /// When something is to be done though no event comes, in milliseconds since the Unix epoch.
    pub due_ms: u64,
    /// When an event came last.
    pub touched_ms: u64,
    /// How many runs of rules lie between its latest event and what came from outside.
    pub depth: u32,
}

/// Returns the window of a group.
pub fn find(
    tx: &ReadTx<'_>,
    [rule, group_key, replay]: [&str; 3],
) -> Result<Option<WindowRow>, ReadError> {
    tx.row(
        "SELECT * FROM rule_windows WHERE rule = $1 AND group_key = $2 AND replay = $3",
        [rule, group_key, replay],
        read_row,
    )
}

/// Writes a window.
pub fn put(tx: &mut Tx<'_>, row: &WindowRow) -> Result<(), WriteError> {
    let WindowRow { rule, group_key, replay, digest, state, due_ms, touched_ms, depth } = row;
    tx.execute(
        "INSERT INTO rule_windows (rule, group_key, replay, digest, state, due_ms,
           touched_ms, depth)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (rule, group_key, replay) DO UPDATE SET digest = excluded.digest,
           state = excluded.state, due_ms = excluded.due_ms, touched_ms = excluded.touched_ms,
           depth = excluded.depth",
        params![rule, group_key, replay, digest, state, due_ms, touched_ms, depth],
    )?;
    Ok(())
}

/// Forgets a window.
pub fn delete(tx: &mut Tx<'_>, [rule, group_key, replay]: [&str; 3]) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM rule_windows WHERE rule = $1 AND group_key = $2 AND replay = $3",
        [rule, group_key, replay],
    )?;
    Ok(())
}

/// Returns how many windows of a rule are open.
pub fn count(tx: &ReadTx<'_>, rule: &str) -> Result<u64, ReadError> {
    let count =
        tx.row("SELECT count(*) FROM rule_windows WHERE rule = $1", [rule], |row| row.get(0))?;
    Ok(count.unwrap_or(0))
}

/// Forgets the `count` windows of a rule that no event came to for the longest time.
pub fn evict(tx: &mut Tx<'_>, rule: &str, count: u64) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM rule_windows WHERE rule = $1 AND (group_key, replay) IN
           (SELECT group_key, replay FROM rule_windows WHERE rule = $1
            ORDER BY touched_ms LIMIT $2)",
        params![rule, count],
    )?;
    Ok(())
}

/// Returns up to `limit` windows that are due, the longest due first.
pub fn due(tx: &ReadTx<'_>, now_ms: u64, limit: u32) -> Result<Vec<WindowRow>, ReadError> {
    tx.rows(
        "SELECT * FROM rule_windows WHERE due_ms <= $1 ORDER BY due_ms LIMIT $2",
        params![now_ms, limit],
        read_row,
    )
}

/// Returns when the next window is due.
pub fn next_due(tx: &ReadTx<'_>) -> Result<Option<u64>, ReadError> {
    let due =
        tx.row("SELECT min(due_ms) FROM rule_windows", [], |row| row.get::<_, Option<u64>>(0))?;
    Ok(due.flatten())
}

/// Returns the rules that have windows, each with the digests of these.
pub fn rules(tx: &ReadTx<'_>) -> Result<Vec<(String, String)>, ReadError> {
    tx.rows("SELECT DISTINCT rule, digest FROM rule_windows", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Forgets the windows of a rule that have this digest.
pub fn delete_all(tx: &mut Tx<'_>, rule: &str, digest: &str) -> Result<(), WriteError> {
    tx.execute("DELETE FROM rule_windows WHERE rule = $1 AND digest = $2", [rule, digest])?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<WindowRow> {
    Ok(WindowRow {
        rule: row.get("rule")?,
        group_key: row.get("group_key")?,
        replay: row.get("replay")?,
        digest: row.get("digest")?,
        state: row.get("state")?,
        due_ms: row.get("due_ms")?,
        touched_ms: row.get("touched_ms")?,
        depth: row.get("depth")?,
    })
}
