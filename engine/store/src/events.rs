//! What happened, for those who follow it: rows of what happened beside runs, and the journals of all runs as one sequence.

mod journals;

use host_api::identifier::RunId;
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

pub use journals::{
    JournalPosition, JournalRow, entry_before, journal_head, journals, resumed, run_journal,
};
pub(crate) use journals::{begin_era, newest_id};

/// More events than are written in a millisecond.
const NUMBERS_PER_MS: u64 = 1_000;

/// What happened beside runs. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub id: String,
    /// When it is stored, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// When it happened, as whoever tells of it says.
    pub at_ms: u64,
    pub source: String,
    pub detail_type: String,
    /// JSON text: a list of ARNs.
    pub resources: String,
    /// JSON text.
    pub detail: String,
    /// The run whose step did it.
    pub run: Option<RunId>,
    /// The name of the replay by which it comes once more.
    pub replay: Option<String>,
}

/// An event that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Grows; no number is given twice.
    pub seq: u64,
    pub event: NewEvent,
}

/// Appends an event, in the transaction of what it tells of.
pub fn append(tx: &mut Tx<'_>, event: &NewEvent) -> Result<(), WriteError> {
    let NewEvent { id, time_ms, at_ms, source, detail_type, resources, detail, run, replay } =
        event;
    tx.execute(
        "INSERT INTO events
           (id, time_ms, at_ms, source, detail_type, resources, detail, run, replay)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            id,
            time_ms,
            at_ms,
            source,
            detail_type,
            resources,
            detail,
            run.as_ref().map(RunId::as_str),
            replay
        ],
    )?;
    Ok(())
}

/// Returns up to `limit` events, oldest first, after the one with the number `after_seq`; of one run, if one is named.
pub fn list(
    tx: &ReadTx<'_>,
    run: Option<&RunId>,
    after_seq: u64,
    limit: u32,
) -> Result<Vec<Event>, ReadError> {
    match run {
        None => tx.rows(
            "SELECT * FROM events WHERE seq > $1 ORDER BY seq LIMIT $2",
            params![after_seq, limit],
            read_row,
        ),
        Some(run) => tx.rows(
            "SELECT * FROM events WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            params![run.as_str(), after_seq, limit],
            read_row,
        ),
    }
}

/// Returns the number of the latest event, 0 if there is none.
pub fn head(tx: &ReadTx<'_>) -> Result<u64, ReadError> {
    let head = tx.row("SELECT COALESCE(max(seq), 0) FROM events", [], |row| row.get(0))?;
    Ok(head.unwrap_or(0))
}

/// Returns the greatest number that an event was given, whether it is still there or not.
pub fn last_given(tx: &ReadTx<'_>) -> Result<u64, ReadError> {
    let last =
        tx.row("SELECT seq FROM sqlite_sequence WHERE name = 'events'", [], |row| row.get(0))?;
    Ok(last.unwrap_or(0))
}

/// Has all that happens from now on come after every position that somebody may have read up to in another store of the same
/// beginning: one that went on after the copy was made which this one is restored from. The numbers of events and eras go on at
/// `now_ms`, which the other one did not reach.
pub(crate) fn begin_anew(tx: &mut Tx<'_>, now_ms: u64) -> Result<(), WriteError> {
    let seq = last_given(tx)?.max(now_ms.saturating_mul(NUMBERS_PER_MS));
    tx.execute("DELETE FROM sqlite_sequence WHERE name = 'events'", [])?;
    tx.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', $1)", [seq])?;
    journals::begin_era_at(tx, now_ms)
}

/// Deletes up to `limit` events from before `before_ms`, oldest first, and returns how many.
pub fn delete_before(tx: &mut Tx<'_>, before_ms: u64, limit: u32) -> Result<usize, WriteError> {
    tx.execute(
        "DELETE FROM events WHERE seq IN
           (SELECT seq FROM events WHERE time_ms < $1 ORDER BY time_ms LIMIT $2)",
        params![before_ms, limit],
    )
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Event> {
    let run: Option<String> = row.get("run")?;
    Ok(Event {
        seq: row.get("seq")?,
        event: NewEvent {
            id: row.get("id")?,
            time_ms: row.get("time_ms")?,
            at_ms: row.get("at_ms")?,
            source: row.get("source")?,
            detail_type: row.get("detail_type")?,
            resources: row.get("resources")?,
            detail: row.get("detail")?,
            run: run.map(RunId::new),
            replay: row.get("replay")?,
        },
    })
}
