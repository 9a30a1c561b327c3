//! The audit log: who asked for what, how it was decided, and what came of it.
//!
//! Every record has the shape of `CloudTrail`'s. What changes something is recorded in the transaction of the change, and a refusal or a
//! decryption before it is answered. Plain reads, and requests that failed, are recorded within a second: what was read in the last
//! second before the process is killed may be missing. What a host call changed names the run and the step. No record holds a secret.
//!
//! The log is a chain, and its end is signed now and then: see [`Services::verify_audit`].

mod checkpoint;
mod pending;
mod record;
mod redaction;
mod verify;

pub use checkpoint::{from_text, to_text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::audit;
pub use store::audit::Filter;
pub use store::audit::checkpoints::Checkpoint;

pub(crate) use pending::Pending;
pub(crate) use record::{Record, What};
pub(crate) use redaction::Redacted;
pub use verify::{AuditError, Verified};

use crate::Services;
use crate::error::ServiceError;

/// The records of one page.
pub const PAGE_MAX: u32 = 1_000;

/// A record in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Counts from 1 without a gap.
    pub seq: u64,
    /// Binds the record to all before it.
    pub hash: String,
    /// As `CloudTrail` shows it.
    pub record: Value,
}

impl Services {
    /// Returns up to `limit` records, newest first, and the cursor of the next page. A page may hold fewer, even none, and there is
    /// more as long as there is a cursor.
    ///
    /// # Errors
    /// `InvalidNextToken` for a cursor that no page returned.
    pub async fn audit_events(
        &self,
        filter: Filter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<AuditEvent>, Option<String>), ServiceError> {
        let first = cursor.map(read_cursor).transpose()?;
        let filter = self.short_too(filter);
        let limit = limit.min(PAGE_MAX);
        let page = self.store().read(move |tx| audit::newest(tx, &filter, first, limit)).await;
        let page = page.map_err(|error: store::ReadError| ServiceError::from(error))?;
        Ok((self.shown_records(page.entries), page.next_seq.map(|seq| format!("{CURSOR}{seq:x}"))))
    }

    /// Returns up to `limit` records, oldest first, from the one with the number `first_seq` on, and the number to go on with: the log
    /// is followed by asking again.
    pub async fn audit_tail(
        &self,
        filter: Filter,
        first_seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditEvent>, u64), ServiceError> {
        let filter = self.short_too(filter);
        let limit = limit.min(PAGE_MAX);
        let page = self.store().read(move |tx| audit::tail(tx, &filter, first_seq, limit)).await;
        let page = page.map_err(|error: store::ReadError| ServiceError::from(error))?;
        Ok((self.shown_records(page.entries), page.next_seq.unwrap_or(first_seq)))
    }

    fn shown_records(&self, entries: Vec<audit::Entry>) -> Vec<AuditEvent> {
        let shown = |entry: audit::Entry| AuditEvent {
            record: record::shown(&entry, self.place()),
            seq: entry.seq,
            hash: entry.hash,
        };
        entries.into_iter().map(shown).collect()
    }

    /// Resources of this place are found by their ARN where the log has only its end.
    fn short_too(&self, mut filter: Filter) -> Filter {
        let prefix = record::arn_prefix(self.place());
        let short = filter.resources.iter().filter_map(|arn| arn.strip_prefix(&prefix));
        let short: Vec<String> = short.map(str::to_owned).collect();
        filter.resources.extend(short);
        filter
    }
}

/// What a cursor begins with.
const CURSOR: &str = "a";

fn read_cursor(cursor: &str) -> Result<u64, ServiceError> {
    let digits = cursor.strip_prefix(CURSOR).filter(|digits| !digits.starts_with('+'));
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or_else(|| {
        ServiceError::request("InvalidNextToken", "the token is not from a page of the audit log")
    })
}
