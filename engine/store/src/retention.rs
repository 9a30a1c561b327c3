//! Deleting what has been over for long enough.

use host_api::identifier::RunId;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};
use crate::{events, tags};

/// How many rows of each kind a deletion took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    pub runs: usize,
    pub journal_entries: usize,
    pub inbox_rows: usize,
    pub suspensions: usize,
    pub host_call_batches: usize,
    pub plugin_uses: usize,
    pub completions: usize,
    pub once_keys: usize,
}

/// Deletes up to `runs_max` runs that ended before `before_ms`, oldest end first, with everything of theirs. The
/// caller repeats it, a transaction each, until [`Deleted::runs`] is 0.
///
/// A run whose parent is still active stays: the parent may ask for its outputs.
pub fn delete_runs(tx: &mut Tx<'_>, before_ms: u64, runs_max: u32) -> Result<Deleted, WriteError> {
    let runs = tx.rows(
        "SELECT r.key, r.id FROM runs r WHERE r.ended_ms < $1 AND NOT EXISTS
           (SELECT 1 FROM runs p WHERE p.id = r.parent_run AND p.ended_ms IS NULL)
         ORDER BY r.ended_ms LIMIT $2",
        params![before_ms, runs_max],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    )?;
    let mut deleted = Deleted::default();
    let newest = events::newest_id(tx)?;
    for (key, id) in runs {
        deleted.journal_entries += tx.execute("DELETE FROM journal WHERE run_key = $1", [key])?;
        deleted.inbox_rows += tx.execute("DELETE FROM inbox WHERE run_key = $1", [key])?;
        deleted.suspensions += tx.execute("DELETE FROM suspensions WHERE run_key = $1", [key])?;
        deleted.host_call_batches +=
            tx.execute("DELETE FROM host_calls WHERE run_key = $1", [key])?;
        tx.execute("DELETE FROM step_logs WHERE run_key = $1", [key])?;
        deleted.plugin_uses += tx.execute("DELETE FROM run_plugins WHERE run_key = $1", [key])?;
        deleted.completions +=
            tx.execute("DELETE FROM completions WHERE kind = 'automation' AND id = $1", [&id])?;
        deleted.once_keys += tx.execute("DELETE FROM once WHERE scope = $1", [&id])?;
        let kept = crate::state::run_scope(&RunId::new(id.clone()));
        tx.execute("DELETE FROM state WHERE scope = $1", [&kept])?;
        tags::remove_all(tx, tags::AUTOMATION, &id)?;
        tx.execute("DELETE FROM heads WHERE run_key = $1", [key])?;
        deleted.runs += tx.execute("DELETE FROM runs WHERE key = $1", [key])?;
    }
    if events::newest_id(tx)? < newest {
        events::begin_era(tx)?;
    }
    Ok(deleted)
}

/// Returns how many runs [`delete_runs`] would delete.
pub fn count_runs(tx: &ReadTx<'_>, before_ms: u64) -> Result<u64, ReadError> {
    let count = tx.row(
        "SELECT count(*) FROM runs r WHERE r.ended_ms < $1 AND NOT EXISTS
           (SELECT 1 FROM runs p WHERE p.id = r.parent_run AND p.ended_ms IS NULL)",
        [before_ms],
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// Deletes up to `limit` recorded ends of things that nobody can begin to wait for any more: recorded before
/// `before_ms`, and of a run or a command that is gone, or of a signal. Returns how many.
pub fn delete_completions(
    tx: &mut Tx<'_>,
    before_ms: u64,
    limit: u32,
) -> Result<usize, WriteError> {
    tx.execute(
        "DELETE FROM completions WHERE (kind, id) IN
           (SELECT c.kind, c.id FROM completions c WHERE c.recorded_ms < $1
              AND NOT EXISTS (SELECT 1 FROM runs r WHERE c.kind = 'automation' AND r.id = c.id)
              AND NOT EXISTS (SELECT 1 FROM commands d WHERE c.kind = 'command' AND d.id = c.id)
            ORDER BY c.recorded_ms LIMIT $2)",
        params![before_ms, limit],
    )
}
