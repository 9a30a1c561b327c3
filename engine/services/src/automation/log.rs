//! What the steps of a run wrote to their logs.

use host_api::identifier::RunId;
use serde::{Deserialize, Serialize};
use store::{ReadTx, runs, step_logs};

use super::view;
use crate::Services;
use crate::error::ServiceError;

/// The lines of one activation, already scrubbed of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepLog {
    /// The step's path, displayed.
    pub step: String,
    pub attempt: u32,
    pub activation: u32,
    pub lines: Vec<LogLine>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub level: String,
    pub message: String,
}

impl Services {
    /// Returns the logs of a run's steps, ordered by step, attempt and activation.
    pub async fn run_logs(&self, run: &RunId) -> Result<Vec<StepLog>, ServiceError> {
        let wanted = run.clone();
        let read = move |tx: &ReadTx<'_>| -> Result<Vec<step_logs::StepLog>, ServiceError> {
            runs::find(tx, &wanted)?.ok_or_else(|| view::unknown(&wanted))?;
            Ok(step_logs::read_run(tx, &wanted)?)
        };
        let logs = self.store().read(read).await?;
        logs.into_iter().map(shown).collect()
    }
}

fn shown(log: step_logs::StepLog) -> Result<StepLog, ServiceError> {
    let lines = serde_json::from_str(&log.lines)
        .map_err(|error| ServiceError::internal(format!("a log cannot be read: {error}")))?;
    Ok(StepLog { step: log.path, attempt: log.attempt, activation: log.activation, lines })
}
