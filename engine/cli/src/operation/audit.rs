//! What can be asked about the audit log.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "audit", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AuditOperation {
    /// Answered with the newest records, oldest first, and the number of the record that comes next.
    Newest {
        count: u32,
    },
    /// Answered with records from a number on, oldest first, and the number of the record that comes next.
    From {
        seq: u64,
    },
    /// Answered with records, newest first.
    Query {
        filter: AuditFilter,
        limit: u32,
    },
    /// Answered with what was verified, or with the first thing that is wrong.
    Verify {
        checkpoint: Option<String>,
    },
    Checkpoint,
}

/// Which records; what is absent does not limit.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditFilter {
    /// A user's name, or a whole principal.
    pub user: Option<String>,
    pub event: Option<String>,
    pub resource: Option<String>,
    pub decision: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub since_ms: Option<u64>,
    pub until_ms: Option<u64>,
    pub request_id: Option<String>,
}
