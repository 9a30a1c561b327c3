//! The journal of each run: the truth that everything else of a run follows from.

use host_api::identifier::RunId;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// One entry of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts from 0 without a gap.
    pub seq: u64,
    /// JSON text.
    pub entry: String,
}

/// Appends entries and returns the sequence number of the next one.
///
/// # Errors
/// [`WriteError::Conflict`] on `"journal"` if the next entry would not be `expected_seq`, and on `"lease"` if the
/// caller's lease is not the newest: somebody else drives the run now.
pub fn append(
    tx: &mut Tx<'_>,
    run: &RunId,
    expected_seq: u64,
    lease_epoch: u64,
    entries: &[impl AsRef<str>],
) -> Result<u64, WriteError> {
    let head = tx.row(
        "SELECT r.key, h.next_seq, h.lease_epoch
         FROM runs r JOIN heads h ON h.run_key = r.key WHERE r.id = $1",
        [run.as_str()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?, row.get::<_, u64>(2)?)),
    )?;
    let Some((key, next_seq, found_epoch)) = head else {
        return Err(WriteError::not_found("run", run.as_str()));
    };
    let conflict = |what, expected, found| {
        Err(WriteError::Conflict { what, id: run.to_string(), expected, found })
    };
    if found_epoch != lease_epoch {
        return conflict("lease", lease_epoch, found_epoch);
    }
    if next_seq != expected_seq {
        return conflict("journal", expected_seq, next_seq);
    }
    let mut seq = next_seq;
    for entry in entries {
        tx.execute(
            "INSERT INTO journal (run_key, seq, entry) VALUES ($1, $2, $3)",
            params![key, seq, entry.as_ref()],
        )?;
        seq += 1;
    }
    tx.execute("UPDATE heads SET next_seq = $1 WHERE run_key = $2", params![seq, key])?;
    Ok(seq)
}

/// Returns up to `limit` entries from `from_seq` on. A page shorter than `limit` is the last.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such run.
pub fn read(
    tx: &ReadTx<'_>,
    run: &RunId,
    from_seq: u64,
    limit: u32,
) -> Result<Vec<Entry>, ReadError> {
    let key = tx.run_key(run.as_str())?;
    tx.rows(
        "SELECT seq, entry FROM journal WHERE run_key = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
        params![key, from_seq, limit],
        |row| Ok(Entry { seq: row.get(0)?, entry: row.get(1)? }),
    )
}

/// Calls `visit` for each entry from `from_seq` on, keeping none.
pub fn visit<E: From<ReadError>>(
    tx: &ReadTx<'_>,
    run: &RunId,
    from_seq: u64,
    mut visit: impl FnMut(u64, &str) -> Result<(), E>,
) -> Result<(), E> {
    let key = tx.run_key(run.as_str())?;
    tx.each(
        "SELECT seq, entry FROM journal WHERE run_key = $1 AND seq >= $2 ORDER BY seq",
        params![key, from_seq],
        |row| {
            let seq = row.get(0).map_err(ReadError::from)?;
            let entry = row.get_ref(1).map_err(ReadError::from)?;
            let entry = entry.as_str().map_err(|error| ReadError::Corrupt(error.to_string()))?;
            visit(seq, entry)
        },
    )
}
