//! What suspended activations wait for.
//!
//! A suspension waits for a time, for some things, or for both; the first of them to come wakes it, once. That a thing
//! ended is recorded in [`crate::completions`]. Whichever of the two transactions comes second finds the other's rows,
//! so no wake is lost.

use host_api::effect::Activation;
use host_api::identifier::RunId;
use host_api::invocation::{Ended, Wait, WaitKind};
use rusqlite::params;
use serde::{Deserialize, Serialize};

use crate::completions;
use crate::error::{ReadError, WriteError};
use crate::inbox;
use crate::notice::Notice;
use crate::transaction::{ReadTx, Tx};

/// The kind of the inbox rows that hold a [`Wake`].
pub const WAKE: &str = "wake";

/// The payload of an inbox row of kind [`WAKE`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wake {
    /// The step's path, displayed.
    pub path: String,
    pub attempt: u32,
    /// The activation that was suspended.
    pub activation: u32,
    pub ended: Ended,
}

/// A suspension found by what it waits for.
pub(crate) struct Suspension {
    pub(crate) id: i64,
    run_key: i64,
    run: RunId,
    path: String,
    attempt: u32,
    activation: u32,
}

/// Says that an activation is suspended: until `due_ms`, or until one of `waits` ends, whichever is first. If one has
/// ended already, the wake is in the inbox when this returns. What the activation waited for before is forgotten.
///
/// # Errors
/// [`WriteError::Invalid`] if there is neither a time nor a thing to wait for, or a wait of kind `time`, for which
/// `due_ms` is there.
pub fn insert(
    tx: &mut Tx<'_>,
    activation: &Activation,
    waits: &[Wait],
    due_ms: Option<u64>,
) -> Result<(), WriteError> {
    check(waits, due_ms)?;
    let run_key = tx.run_key(activation.run.as_str())?;
    let path = activation.path.to_string();
    delete_activation(tx, activation)?;
    let id = tx.insert(
        "INSERT INTO suspensions (run_key, path, attempt, activation, due_ms)
         VALUES ($1, $2, $3, $4, $5)",
        params![run_key, path, activation.attempt, activation.activation, due_ms],
    )?;
    for wait in waits {
        if let Some(ended) = completions::find(tx, wait.kind, &wait.id)? {
            let suspension = Suspension {
                id,
                run_key,
                run: activation.run.clone(),
                path,
                attempt: activation.attempt,
                activation: activation.activation,
            };
            return wake(tx, suspension, ended);
        }
        tx.execute(
            "INSERT OR IGNORE INTO waits (suspension, kind, awaited) VALUES ($1, $2, $3)",
            params![id, kind_text(wait.kind), wait.id],
        )?;
    }
    if let Some(due_ms) = due_ms {
        tx.notify(Notice::Timer { due_ms });
    }
    Ok(())
}

fn check(waits: &[Wait], due_ms: Option<u64>) -> Result<(), WriteError> {
    let invalid =
        |message: &str| Err(WriteError::Invalid { what: "wait", message: message.to_owned() });
    if waits.is_empty() && due_ms.is_none() {
        return invalid("neither a time nor a thing to wait for");
    }
    if waits.iter().any(|wait| wait.kind == WaitKind::Time) {
        return invalid("a time is waited for by its due time, not by an id");
    }
    Ok(())
}

/// Returns the earliest due time of all suspensions.
pub fn next_due(tx: &ReadTx<'_>) -> Result<Option<u64>, ReadError> {
    let due =
        tx.row("SELECT min(due_ms) FROM suspensions WHERE due_ms IS NOT NULL", [], |row| {
            row.get::<_, Option<u64>>(0)
        })?;
    Ok(due.flatten())
}

/// Wakes up to `limit` suspensions that are due at `now_ms`, each once, and returns how many there were.
pub fn claim_due(tx: &mut Tx<'_>, now_ms: u64, limit: u32) -> Result<usize, WriteError> {
    let due = tx.rows(
        "SELECT s.id, s.run_key, r.id, s.path, s.attempt, s.activation
         FROM suspensions s JOIN runs r ON r.key = s.run_key
         WHERE s.due_ms <= $1 ORDER BY s.due_ms, s.id LIMIT $2",
        params![now_ms, limit],
        read_suspension,
    )?;
    let count = due.len();
    for suspension in due {
        let ended =
            Ended { kind: WaitKind::Time, id: String::new(), result: serde_json::Value::Null };
        wake(tx, suspension, ended)?;
    }
    Ok(count)
}

/// Forgets what one activation waits for. It need not wait for anything.
pub fn delete_activation(tx: &mut Tx<'_>, activation: &Activation) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM suspensions WHERE run_key = (SELECT key FROM runs WHERE id = $1)
           AND path = $2 AND attempt = $3 AND activation = $4",
        params![
            activation.run.as_str(),
            activation.path.to_string(),
            activation.attempt,
            activation.activation
        ],
    )?;
    Ok(())
}

/// Forgets what any activation of one step waits for; `path` is displayed.
pub fn delete(tx: &mut Tx<'_>, run: &RunId, path: &str) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM suspensions WHERE run_key = (SELECT key FROM runs WHERE id = $1) AND path = $2",
        [run.as_str(), path],
    )?;
    Ok(())
}

/// Forgets what any step of a run waits for.
pub fn delete_run(tx: &mut Tx<'_>, run: &RunId) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM suspensions WHERE run_key = (SELECT key FROM runs WHERE id = $1)",
        [run.as_str()],
    )?;
    Ok(())
}

/// Returns the suspensions that wait for a thing.
pub(crate) fn waiting_for(
    tx: &ReadTx<'_>,
    kind: WaitKind,
    awaited: &str,
) -> Result<Vec<Suspension>, ReadError> {
    tx.rows(
        "SELECT s.id, s.run_key, r.id, s.path, s.attempt, s.activation
         FROM waits w JOIN suspensions s ON s.id = w.suspension JOIN runs r ON r.key = s.run_key
         WHERE w.kind = $1 AND w.awaited = $2 ORDER BY s.id",
        [kind_text(kind), awaited],
        read_suspension,
    )
}

/// Puts the wake into the run's inbox and forgets all that the suspension waited for.
pub(crate) fn wake(
    tx: &mut Tx<'_>,
    suspension: Suspension,
    ended: Ended,
) -> Result<(), WriteError> {
    let Suspension { id, run_key, run, path, attempt, activation } = suspension;
    tx.execute("DELETE FROM suspensions WHERE id = $1", [id])?;
    let payload = serde_json::to_string(&Wake { path, attempt, activation, ended })?;
    inbox::put_unbounded(tx, run_key, &run, WAKE, &payload)?;
    Ok(())
}

pub(crate) fn kind_text(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Command => "command",
        WaitKind::Automation => "automation",
        WaitKind::Signal => "signal",
        WaitKind::Time => "time",
    }
}

fn read_suspension(row: &rusqlite::Row<'_>) -> rusqlite::Result<Suspension> {
    Ok(Suspension {
        id: row.get(0)?,
        run_key: row.get(1)?,
        run: RunId::new(row.get::<_, String>(2)?),
        path: row.get(3)?,
        attempt: row.get(4)?,
        activation: row.get(5)?,
    })
}
