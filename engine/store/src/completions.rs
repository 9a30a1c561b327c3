//! What has ended: commands, child runs, signals.

use host_api::invocation::{Ended, WaitKind};
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::notice::Notice;
use crate::transaction::{ReadTx, Tx};
use crate::waits::{kind_text, waiting_for, wake};

/// Records that a thing ended, and wakes every activation that waits for it. Returns `false`, and changes nothing, if
/// its end was recorded before.
///
/// # Errors
/// [`WriteError::Invalid`] if `result` is not JSON, or for [`WaitKind::Time`], which ends by itself.
pub fn record(
    tx: &mut Tx<'_>,
    kind: WaitKind,
    id: &str,
    result: &str,
    now_ms: u64,
) -> Result<bool, WriteError> {
    let invalid = |message: String| WriteError::Invalid { what: "completion", message };
    if kind == WaitKind::Time {
        return Err(invalid("a time ends by itself".to_owned()));
    }
    let value = serde_json::from_str(result).map_err(|error| invalid(error.to_string()))?;
    let inserted = tx.execute(
        "INSERT INTO completions (kind, id, result, recorded_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        params![kind_text(kind), id, result, now_ms],
    )?;
    if inserted == 0 {
        return Ok(false);
    }
    tx.notify(Notice::Completed(kind, id.to_owned()));
    let ended = Ended { kind, id: id.to_owned(), result: value };
    for suspension in waiting_for(tx, kind, id)? {
        wake(tx, suspension, ended.clone())?;
    }
    Ok(true)
}

/// Returns how a thing ended, if it has.
pub fn find(tx: &ReadTx<'_>, kind: WaitKind, id: &str) -> Result<Option<Ended>, ReadError> {
    let result = tx.row(
        "SELECT result FROM completions WHERE kind = $1 AND id = $2",
        [kind_text(kind), id],
        |row| row.get::<_, String>(0),
    )?;
    result
        .map(|text| Ok(Ended { kind, id: id.to_owned(), result: serde_json::from_str(&text)? }))
        .transpose()
}
