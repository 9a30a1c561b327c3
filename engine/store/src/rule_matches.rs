//! What events have led to: one row for each rule, target, event and replay.

use host_api::identifier::RunId;
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// How far a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchStatus {
    /// It waits to be acted upon, for the first time or once more.
    Pending,
    /// It was acted upon.
    Done,
    /// It was tried, and is not tried again.
    Dead,
    /// It would have gone round in a loop.
    Stopped,
}

impl MatchStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Dead, Self::Stopped];

    /// Returns the name by which it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Done => "Done",
            Self::Dead => "Dead",
            Self::Stopped => "Stopped",
        }
    }

    /// Returns the status of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// What makes a match the only one of its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchKey {
    /// `<kind>/<name>` of the rule or schedule.
    pub rule: String,
    /// Which of the rule's targets; empty where there is one only.
    pub target: String,
    pub event_id: String,
    /// The name of the replay; empty without one.
    pub replay: String,
}

/// A match that is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMatch {
    pub key: MatchKey,
    /// The event that completed it; none where the time did.
    pub caused_by: Option<String>,
    /// How many runs of rules lie between it and what came from outside.
    pub depth: u32,
    /// Milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// JSON text.
    pub event: String,
    /// Why it is stopped at once, if it is.
    pub stopped: Option<String>,
}

/// A match as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRow {
    pub seq: u64,
    pub key: MatchKey,
    pub depth: u32,
    pub status: MatchStatus,
    /// How often it was tried.
    pub attempts: u32,
    pub time_ms: u64,
    /// When it is tried next.
    pub due_ms: Option<u64>,
    /// The id of what it led to.
    pub result: Option<String>,
    /// Why it was not acted upon, the last time.
    pub reason: Option<String>,
    /// JSON text; absent once it is done.
    pub event: Option<String>,
}

/// Which matches are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatchFilter {
    pub rule: Option<String>,
    pub status: Option<MatchStatus>,
    /// Only those before this one.
    pub before_seq: Option<u64>,
}

/// Inserts a match, due at once, and returns its number; nothing if there is one already.
pub fn insert(tx: &mut Tx<'_>, new: &NewMatch) -> Result<Option<u64>, WriteError> {
    let NewMatch { key, caused_by, depth, time_ms, event, stopped } = new;
    let status = if stopped.is_some() { MatchStatus::Stopped } else { MatchStatus::Pending };
    let due_ms = stopped.is_none().then_some(*time_ms);
    let inserted = tx.returning(
        "INSERT INTO rule_matches (rule, target, event_id, replay, caused_by, depth, status,
           attempts, time_ms, due_ms, reason, event)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING seq",
        params![
            key.rule,
            key.target,
            key.event_id,
            key.replay,
            caused_by,
            depth,
            status.as_str(),
            time_ms,
            due_ms,
            stopped,
            event
        ],
        |row| row.get(0),
    )?;
    Ok(inserted.first().copied())
}

/// Says what a match led to, in the transaction in which it did.
///
/// Returns whether it was still pending: what would do it twice must not be committed.
pub fn finish(tx: &mut Tx<'_>, seq: u64, result: &str) -> Result<bool, WriteError> {
    let changed = tx.execute(
        "UPDATE rule_matches SET status = 'Done', attempts = attempts + 1, due_ms = NULL,
           result = $1, reason = NULL, event = NULL WHERE seq = $2 AND status = 'Pending'",
        params![result, seq],
    )?;
    Ok(changed == 1)
}

/// Says that an attempt failed; without `due_ms` there is no further one.
pub fn fail(
    tx: &mut Tx<'_>,
    seq: u64,
    reason: &str,
    due_ms: Option<u64>,
) -> Result<(), WriteError> {
    let status = if due_ms.is_some() { MatchStatus::Pending } else { MatchStatus::Dead };
    tx.execute(
        "UPDATE rule_matches SET status = $1, attempts = attempts + 1, due_ms = $2, reason = $3
         WHERE seq = $4 AND status = 'Pending'",
        params![status.as_str(), due_ms, reason, seq],
    )?;
    Ok(())
}

/// Has a match that is dead or stopped tried again, from the beginning. Returns whether it was one.
pub fn revive(tx: &mut Tx<'_>, seq: u64, now_ms: u64) -> Result<bool, WriteError> {
    let changed = tx.execute(
        "UPDATE rule_matches SET status = 'Pending', attempts = 0, time_ms = $1, due_ms = $1,
           reason = NULL WHERE seq = $2 AND status IN ('Dead', 'Stopped')",
        params![now_ms, seq],
    )?;
    Ok(changed == 1)
}

/// Returns up to `limit` matches that are due, the longest due first.
pub fn due(tx: &ReadTx<'_>, now_ms: u64, limit: u32) -> Result<Vec<MatchRow>, ReadError> {
    tx.rows(
        "SELECT * FROM rule_matches WHERE due_ms <= $1 ORDER BY due_ms, seq LIMIT $2",
        params![now_ms, limit],
        read_row,
    )
}

/// Returns when the next match is due.
pub fn next_due(tx: &ReadTx<'_>) -> Result<Option<u64>, ReadError> {
    let due =
        tx.row("SELECT min(due_ms) FROM rule_matches WHERE due_ms IS NOT NULL", [], |row| {
            row.get::<_, Option<u64>>(0)
        })?;
    Ok(due.flatten())
}

/// Returns a match.
pub fn get(tx: &ReadTx<'_>, seq: u64) -> Result<Option<MatchRow>, ReadError> {
    tx.row("SELECT * FROM rule_matches WHERE seq = $1", [seq], read_row)
}

/// Returns the matches that an event completed, oldest first.
pub fn caused_by(tx: &ReadTx<'_>, event_id: &str) -> Result<Vec<MatchRow>, ReadError> {
    tx.rows("SELECT * FROM rule_matches WHERE caused_by = $1 ORDER BY seq", [event_id], read_row)
}

/// Returns the depth of the match that started a run, if one did.
pub fn depth_of_run(tx: &ReadTx<'_>, run: &RunId) -> Result<Option<u32>, ReadError> {
    tx.row(
        "SELECT depth FROM rule_matches WHERE result = $1 ORDER BY seq LIMIT 1",
        [run.as_str()],
        |row| row.get(0),
    )
}

/// Returns how many matches of a rule since `since_ms` came from what runs of rules did.
pub fn count_looped(tx: &ReadTx<'_>, rule: &str, since_ms: u64) -> Result<u64, ReadError> {
    let count = tx.row(
        "SELECT count(*) FROM rule_matches WHERE rule = $1 AND time_ms >= $2 AND depth > 0",
        params![rule, since_ms],
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// Returns up to `limit` matches, newest first.
pub fn list(tx: &ReadTx<'_>, filter: &MatchFilter, limit: u32) -> Result<Vec<MatchRow>, ReadError> {
    tx.rows(
        "SELECT * FROM rule_matches WHERE ($1 IS NULL OR rule = $1) AND ($2 IS NULL OR status = $2)
           AND ($3 IS NULL OR seq < $3) ORDER BY seq DESC LIMIT $4",
        params![filter.rule, filter.status.map(MatchStatus::as_str), filter.before_seq, limit],
        read_row,
    )
}

/// Deletes up to `limit` matches from before `before_ms` that nothing is to be done about, and returns how many.
pub fn delete_before(tx: &mut Tx<'_>, before_ms: u64, limit: u32) -> Result<usize, WriteError> {
    tx.execute(
        "DELETE FROM rule_matches WHERE seq IN
           (SELECT seq FROM rule_matches WHERE time_ms < $1 AND due_ms IS NULL
            ORDER BY time_ms LIMIT $2)",
        params![before_ms, limit],
    )
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<MatchRow> {
    let status: String = row.get("status")?;
    Ok(MatchRow {
        seq: row.get("seq")?,
        key: MatchKey {
            rule: row.get("rule")?,
            target: row.get("target")?,
            event_id: row.get("event_id")?,
            replay: row.get("replay")?,
        },
        depth: row.get("depth")?,
        status: MatchStatus::named(&status).unwrap_or(MatchStatus::Dead),
        attempts: row.get("attempts")?,
        time_ms: row.get("time_ms")?,
        due_ms: row.get("due_ms")?,
        result: row.get("result")?,
        reason: row.get("reason")?,
        event: row.get("event")?,
    })
}
