//! What can be asked about events, and about rules and what they did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What can be asked about events.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "events", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EventOperation {
    /// Answered with events after the cursor, and the cursor to go on with.
    Page { cursor: Option<String> },
    /// Answered with the cursor after everything that has happened.
    Now,
    /// Answered with the ids of the event and of the runs that it started.
    Send { source: String, detail_type: String, detail: Value, resources: Vec<String> },
    Replay {
        name: Option<String>,
        from_ms: u64,
        to_ms: Option<u64>,
        pattern: Option<String>,
        rules: Vec<String>,
    },
}

/// What can be asked about rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "rules", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RuleOperation {
    Status,
    List,
    /// Answered with what each rule makes of an event.
    Test {
        event: Value,
    },
    /// Answered with what rules would have matched: those that hold, or those of files.
    Backtest {
        files: Option<BTreeMap<String, String>>,
        from_ms: u64,
    },
    Matches {
        rule: Option<String>,
        status: Option<String>,
        limit: u32,
    },
    /// Has matches that are dead or stopped tried again.
    Retry {
        matches: Vec<u64>,
        rule: Option<String>,
    },
}
