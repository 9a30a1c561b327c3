//! Looking whether a log is what was written.

use super::{Entry, Head, hash, read_row};
use crate::error::ReadError;
use crate::transaction::ReadTx;

/// Why a log is not what was written. Each names the first entry that is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("audit entry {expected} is missing; entry {found} comes in its place")]
    Gap { expected: u64, found: i64 },
    #[error("audit entry {seq} does not follow from the one before it")]
    Unchained { seq: u64 },
    #[error("audit entry {seq} was changed after it was written")]
    Changed { seq: u64 },
    #[error(
        "audit entry {first_missing} and those after it are missing; the log was signed up to entry {signed}"
    )]
    Truncated { first_missing: u64, signed: u64 },
    #[error(
        "audit entries up to {seq} were written anew: the checkpoint there was signed for others"
    )]
    Rewritten { seq: u64 },
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Checks every entry and returns the end of the log.
///
/// # Errors
/// The first entry that is missing, unchained or changed.
pub fn verify(tx: &ReadTx<'_>) -> Result<Head, VerifyError> {
    verify_against(tx, &[])
}

/// Checks every entry, and that the log leads through the ends that it once had; they come in order.
///
/// # Errors
/// The first entry that is missing, unchained or changed; and entries that were cut off, or written anew, after an end was `known`.
pub fn verify_against(tx: &ReadTx<'_>, known: &[Head]) -> Result<Head, VerifyError> {
    let mut known = known.iter().skip_while(|head| head.seq == 0).peekable();
    let mut end = Head::beginning();
    tx.each("SELECT * FROM audit ORDER BY seq", [], |row| {
        end = follow(&end, row)?;
        while let Some(signed) = known.next_if(|signed| signed.seq <= end.seq) {
            if *signed != end {
                return Err(VerifyError::Rewritten { seq: signed.seq });
            }
        }
        Ok(())
    })?;
    match known.last() {
        None => Ok(end),
        Some(signed) => {
            Err(VerifyError::Truncated { first_missing: end.seq + 1, signed: signed.seq })
        }
    }
}

/// Returns the end of the log after `row`, if that follows `end`.
fn follow(end: &Head, row: &rusqlite::Row<'_>) -> Result<Head, VerifyError> {
    let expected = end.seq + 1;
    let found: i64 = row.get("seq").map_err(ReadError::from)?;
    if u64::try_from(found) != Ok(expected) {
        return Err(VerifyError::Gap { expected, found });
    }
    // What we cannot have written, such as a negative time, is changed as well.
    let Ok(Entry { seq, event, previous_hash, hash: stored }) = read_row(row) else {
        return Err(VerifyError::Changed { seq: expected });
    };
    if previous_hash != end.hash {
        return Err(VerifyError::Unchained { seq });
    }
    if stored != hash(seq, &event, &previous_hash) {
        return Err(VerifyError::Changed { seq });
    }
    Ok(Head { seq, hash: stored })
}
