//! One call of an action, as the engine sees it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a resumed activation is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumption {
    pub state: Value,
    #[serde(flatten)]
    pub ended: Ended,
}

/// A thing that a step waited for, and what it ended with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub kind: WaitKind,
    /// Empty for [`WaitKind::Time`].
    pub id: String,
    pub result: Value,
}

/// What a step can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitKind {
    Command,
    Automation,
    Signal,
    Time,
}

/// What a suspended step waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wait {
    pub kind: WaitKind,
    pub id: String,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    pub action: String,
    pub run_id: String,
    /// The step's path, displayed.
    pub step: String,
    pub attempt: u32,
    pub inputs: Value,
    pub resume: Option<Resumption>,
}

/// What a call returned, when it did not fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    Done(Value),
    Suspended(Suspension),
}

/// What a suspended action leaves behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspension {
    pub state: Value,
    /// Milliseconds since the Unix epoch.
    pub until: Option<u64>,
    pub on: Vec<Wait>,
}
