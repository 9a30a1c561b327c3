//! What can be asked of the owner of a data directory, by itself or through the control socket.

mod access;
mod audit;
mod documents;
mod keys;
mod triggers;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use access::{AccessOperation, PolicyOperation};
pub use audit::{AuditFilter, AuditOperation};
pub use documents::{DocumentOperation, SyncedFile};
pub use keys::KeyOperation;
pub use triggers::{EventOperation, RuleOperation};

/// An operation as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Asked again under the same token, it is done once.
    pub token: String,
    pub operation: Operation,
}

impl From<Operation> for Request {
    fn from(operation: Operation) -> Self {
        Self { token: uuid::Uuid::new_v4().to_string(), operation }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Operation {
    /// Answered with the run's id.
    Start(Box<Start>),
    /// News are the entries of each commit; answered with the run's status when it has ended.
    Follow {
        run: String,
    },
    ListRuns {
        status: Option<String>,
        limit: u32,
    },
    ShowRun {
        run: String,
    },
    Events {
        run: String,
    },
    /// Goes on with one run or with all that were interrupted; answered with their ids.
    Resume {
        run: Option<String>,
    },
    Cancel {
        run: String,
    },
    Signal {
        run: String,
        step: Option<String>,
        signal: machine::event::Signal,
        /// The approver whose word it is, where that is not who asks.
        #[serde(default)]
        speaks_for: Option<String>,
    },
    /// Answered with what the steps wrote to their logs.
    Logs {
        run: String,
    },
    /// Deletes runs that ended before a time, or counts them.
    Prune {
        before_ms: u64,
        dry_run: bool,
    },
    Record {
        run: String,
    },
    Replay {
        run: String,
    },
    Verify {
        run: Option<String>,
    },
    Parameter(ParameterOperation),
    Access(AccessOperation),
    Policy(PolicyOperation),
    Key(KeyOperation),
    Documents(DocumentOperation),
    Audit(AuditOperation),
    #[serde(rename = "busEvents")]
    Bus(EventOperation),
    Rules(RuleOperation),
    AddPlugin {
        component: String,
        signature: Option<String>,
        keys: Vec<String>,
    },
    ListPlugins,
    RemovePlugin {
        plugin: String,
    },
    ListNodes,
    Backup {
        file: std::path::PathBuf,
    },
}

/// A runbook to run: its text, so that the owner reads no file of the client's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    pub name: String,
    pub text: String,
    pub lock: Option<(String, String)>,
    /// Documents in the runbook's folder, by name, for steps that name them.
    pub beside: Vec<(String, String)>,
    pub parameters: Vec<(String, String)>,
    /// The event that started the run; null when it was started by hand.
    #[serde(default)]
    pub event: Value,
}

/// What can be asked about parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "parameter", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ParameterOperation {
    Put {
        name: String,
        value: String,
        kind: Option<String>,
        overwrite: bool,
        description: Option<String>,
    },
    Get {
        name: String,
        with_decryption: bool,
    },
    List {
        path: String,
    },
    Delete {
        name: String,
    },
}
