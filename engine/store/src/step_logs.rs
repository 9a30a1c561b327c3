//! What steps wrote to their logs: one row for each activation that wrote something.

use host_api::effect::Activation;
use host_api::identifier::RunId;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// The lines of one activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLog {
    /// The step's path, displayed.
    pub path: String,
    pub attempt: u32,
    pub activation: u32,
    /// JSON text: a list of `{ level, message }`.
    pub lines: String,
}

/// Keeps the lines of an activation; those of an earlier call of the same activation are replaced.
pub fn put(tx: &mut Tx<'_>, activation: &Activation, lines: &str) -> Result<(), WriteError> {
    let key = tx.run_key(activation.run.as_str())?;
    tx.execute(
        "INSERT INTO step_logs (run_key, path, attempt, activation, lines) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (run_key, path, attempt, activation) DO UPDATE SET lines = excluded.lines",
        params![key, activation.path.to_string(), activation.attempt, activation.activation, lines],
    )?;
    Ok(())
}

/// Returns all logs of a run, ordered by path, attempt and activation.
pub fn read_run(tx: &ReadTx<'_>, run: &RunId) -> Result<Vec<StepLog>, ReadError> {
    let key = tx.run_key(run.as_str())?;
    tx.rows(
        "SELECT path, attempt, activation, lines FROM step_logs WHERE run_key = $1
         ORDER BY path, attempt, activation",
        [key],
        |row| {
            Ok(StepLog {
                path: row.get(0)?,
                attempt: row.get(1)?,
                activation: row.get(2)?,
                lines: row.get(3)?,
            })
        },
    )
}
