//! The journals of all runs as one sequence, in the order in which they were written.
//!
//! The rows' ids grow, but those of the newest rows are given again once these are deleted. Then an era begins: the ids above its base
//! are new to whoever has read in an earlier era.

use host_api::identifier::{Digest, Principal, RunId};
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// Up to where the sequence was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalPosition {
    pub era: u64,
    pub id: u64,
}

/// A row of some run's journal, with what the run is from its beginning on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    pub id: u64,
    pub run: RunId,
    pub document_name: String,
    pub document_version: String,
    pub plan_digest: Digest,
    pub principal: Principal,
    pub seq: u64,
    /// JSON text.
    pub entry: String,
}

/// Returns the same position in the era of now.
pub fn resumed(tx: &ReadTx<'_>, position: JournalPosition) -> Result<JournalPosition, ReadError> {
    let id =
        tx.row("SELECT min(base) FROM journal_eras WHERE era > $1", [position.era], |row| {
            row.get::<_, Option<u64>>(0)
        })?;
    let id = id.flatten().map_or(position.id, |base| base.min(position.id));
    Ok(JournalPosition { era: era(tx)?, id })
}

/// Returns the end of the sequence.
pub fn journal_head(tx: &ReadTx<'_>) -> Result<JournalPosition, ReadError> {
    Ok(JournalPosition { era: era(tx)?, id: newest_id(tx)? })
}

/// Returns up to `limit` rows, oldest first, after the row `after_id`.
pub fn journals(tx: &ReadTx<'_>, after_id: u64, limit: u32) -> Result<Vec<JournalRow>, ReadError> {
    tx.rows(
        "SELECT j.id, j.seq, j.entry, r.id AS run, r.document_name, r.document_version,
           r.plan_digest, r.principal
         FROM journal j JOIN runs r ON r.key = j.run_key WHERE j.id > $1 ORDER BY j.id LIMIT $2",
        params![after_id, limit],
        read_row,
    )
}

/// Returns up to `limit` rows of one run, oldest first, from its entry `from_seq` on.
pub fn run_journal(
    tx: &ReadTx<'_>,
    run: &RunId,
    from_seq: u64,
    limit: u32,
) -> Result<Vec<JournalRow>, ReadError> {
    tx.rows(
        "SELECT j.id, j.seq, j.entry, r.id AS run, r.document_name, r.document_version,
           r.plan_digest, r.principal
         FROM runs r JOIN journal j ON j.run_key = r.key
         WHERE r.id = $1 AND j.seq >= $2 ORDER BY j.seq LIMIT $3",
        params![run.as_str(), from_seq, limit],
        read_row,
    )
}

/// Returns the latest entry of a run before the entry `before_seq` in whose text `text` stands.
pub fn entry_before(
    tx: &ReadTx<'_>,
    run: &RunId,
    before_seq: u64,
    text: &str,
) -> Result<Option<String>, ReadError> {
    let key = tx.run_key(run.as_str())?;
    tx.row(
        "SELECT entry FROM journal WHERE run_key = $1 AND seq < $2 AND instr(entry, $3) > 0
         ORDER BY seq DESC LIMIT 1",
        params![key, before_seq, text],
        |row| row.get(0),
    )
}

pub(crate) fn newest_id(tx: &ReadTx<'_>) -> Result<u64, ReadError> {
    let newest = tx.row("SELECT COALESCE(max(id), 0) FROM journal", [], |row| row.get(0))?;
    Ok(newest.unwrap_or(0))
}

/// Begins an era, after the newest rows were deleted in the same transaction.
pub(crate) fn begin_era(tx: &mut Tx<'_>) -> Result<(), WriteError> {
    begin_era_at(tx, 0)
}

/// Begins an era whose number is at least `least`.
pub(super) fn begin_era_at(tx: &mut Tx<'_>, least: u64) -> Result<(), WriteError> {
    let (era, base) = ((era(tx)? + 1).max(least), newest_id(tx)?);
    // A lower base says all that a higher one of an earlier era does.
    tx.execute("DELETE FROM journal_eras WHERE base >= $1", [base])?;
    tx.execute("INSERT INTO journal_eras (era, base) VALUES ($1, $2)", [era, base])?;
    Ok(())
}

fn era(tx: &ReadTx<'_>) -> Result<u64, ReadError> {
    let era = tx.row("SELECT COALESCE(max(era), 0) FROM journal_eras", [], |row| row.get(0))?;
    Ok(era.unwrap_or(0))
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<JournalRow> {
    Ok(JournalRow {
        id: row.get("id")?,
        run: RunId::new(row.get::<_, String>("run")?),
        document_name: row.get("document_name")?,
        document_version: row.get("document_version")?,
        plan_digest: Digest::new(row.get::<_, String>("plan_digest")?),
        principal: Principal::new(row.get::<_, String>("principal")?),
        seq: row.get("seq")?,
        entry: row.get("entry")?,
    })
}
