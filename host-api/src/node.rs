//! The messages between server and agent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identifier::CommandId;

/// A command document to run on one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Unique for ever: a node that has seen it answers what became of it and never runs it twice.
    pub id: String,
    pub command: CommandId,
    pub document_name: String,
    /// The command document, parsed: schema 1.2, 2.0 or 2.2.
    pub document: Value,
    pub parameters: BTreeMap<String, Value>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobReport {
    pub id: String,
    pub status: JobStatus,
    pub steps: Vec<JobStep>,
}

/// SSM's status details of an invocation, as far as a node decides them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    Success,
    Failed,
    ExecutionTimedOut,
    Cancelled,
    /// The node cannot know whether the job ran to its end.
    Unknown,
}

/// One plugin step of a command document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobStep {
    pub name: String,
    /// `aws:runShellScript` and so on.
    pub plugin: String,
    pub status: JobStepStatus,
    pub response_code: i32,
    /// First 24,000 characters; `--output truncated--` ends a cut one.
    pub standard_output: String,
    /// First 8,000 characters.
    pub standard_error: String,
    /// Milliseconds since the Unix epoch; absent for a step that was skipped.
    pub started: Option<u64>,
    pub ended: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStepStatus {
    Success,
    Failed,
    TimedOut,
    Cancelled,
    Skipped,
    Unknown,
}
