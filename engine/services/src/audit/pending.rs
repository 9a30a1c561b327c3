//! Records that may be written a little later: of reads, and of requests that failed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::audit::{self, NewEntry};
use tokio::sync::Notify;

use crate::Services;
use crate::error::ServiceError;

/// Records that may wait.
const PENDING_MAX: usize = 4_096;
/// Records of one transaction: others must not wait long for theirs.
const BATCH: usize = 512;
/// How long a record waits for others.
const DELAY: Duration = Duration::from_millis(500);
/// How often the end of the log is looked at when nothing is read.
const IDLE: Duration = Duration::from_mins(1);

/// Records that are not written yet.
#[derive(Default)]
pub(crate) struct Pending {
    entries: Mutex<VecDeque<NewEntry>>,
    /// Held by whoever writes.
    writing: tokio::sync::Mutex<()>,
    arrived: Notify,
    /// Told when half of the places are taken.
    crowded: Notify,
}

impl Pending {
    fn entries(&self) -> MutexGuard<'_, VecDeque<NewEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry, unless there are too many.
    fn push(&self, entry: &NewEntry) -> bool {
        let mut entries = self.entries();
        if entries.len() >= PENDING_MAX {
            return false;
        }
        entries.push_back(entry.clone());
        if entries.len() == PENDING_MAX / 2 {
            self.crowded.notify_one();
        }
        drop(entries);
        self.arrived.notify_one();
        true
    }
}

impl Services {
    /// Records something within a second. When too much waits already, this returns when that is written.
    ///
    /// # Errors
    /// The log cannot be written; then what was read is not to be answered.
    pub(crate) async fn record_soon(&self, entry: NewEntry) -> Result<(), ServiceError> {
        while !self.pending().push(&entry) {
            self.flush_records().await?;
        }
        Ok(())
    }

    /// Writes all records that wait: to be called before the process ends.
    pub async fn flush_records(&self) -> Result<(), ServiceError> {
        let services = self.clone();
        // A caller that goes away must not leave records both written and waiting.
        let written = tokio::spawn(async move { services.write_records().await }).await;
        written.unwrap_or_else(|error| {
            Err(ServiceError::internal(format!("the audit log was not written: {error}")))
        })
    }

    /// Writes records as they come and signs the log's end when it is time, until the future is dropped or the store is closed.
    pub async fn keep_records(&self) {
        loop {
            let pending = self.pending();
            if tokio::time::timeout(IDLE, pending.arrived.notified()).await.is_ok() {
                drop(tokio::time::timeout(DELAY, pending.crowded.notified()).await);
            }
            let kept = match self.flush_records().await {
                Ok(()) => self.checkpoint_audit_if_due().await,
                Err(error) => Err(error),
            };
            match kept {
                Ok(()) => {}
                Err(error) if error.is_store_closed() => return,
                Err(error) => {
                    tracing::error!(%error, "the audit log cannot be kept; trying again");
                    tokio::time::sleep(DELAY).await;
                    self.pending().arrived.notify_one();
                }
            }
        }
    }

    async fn write_records(&self) -> Result<(), ServiceError> {
        let _writing = self.pending().writing.lock().await;
        let mut left = self.pending().entries().len();
        while left > 0 {
            let batch: Vec<NewEntry> =
                self.pending().entries().iter().take(BATCH.min(left)).cloned().collect();
            let count = batch.len();
            let append = move |tx: &mut store::Tx<'_>| audit::append_all(tx, &batch);
            self.store().write(append).await?;
            self.pending().entries().drain(..count);
            left -= count;
        }
        Ok(())
    }
}
