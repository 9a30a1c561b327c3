//! Deleting runs that have been over for long enough.

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::retention;

use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

/// Runs of one transaction: others must not wait long for theirs.
const BATCH: u32 = 100;

/// What a deletion took, or would take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    pub runs: u64,
}

impl Services {
    /// Deletes the runs that ended before a time, with all that is kept of them, in batches. The audit log stays.
    ///
    /// A run whose parent is under way stays with it.
    pub async fn prune_runs(&self, actor: &Actor, before_ms: u64) -> Result<Pruned, ServiceError> {
        let deed = Deed::new("DeleteRuns", "automation-execution/*")
            .details(json!({ "endedBefore": before_ms }));
        self.record(actor, deed, "allow").await?;
        let mut pruned = Pruned::default();
        loop {
            let delete = move |tx: &mut store::Tx<'_>| retention::delete_runs(tx, before_ms, BATCH);
            let runs = self.store().write(delete).await?.runs;
            if runs == 0 {
                break;
            }
            pruned.runs += runs as u64;
        }
        let forget =
            move |tx: &mut store::Tx<'_>| retention::delete_completions(tx, before_ms, BATCH);
        while self.store().write(forget).await? > 0 {}
        Ok(pruned)
    }

    /// Returns what [`Services::prune_runs`] would delete.
    pub async fn prunable_runs(&self, before_ms: u64) -> Result<Pruned, ServiceError> {
        let runs = self.store().read(move |tx| retention::count_runs(tx, before_ms)).await;
        Ok(Pruned { runs: runs.map_err(|error: store::ReadError| ServiceError::from(error))? })
    }
}
