//! Requests and answers of Run Command, spelt as SSM spells them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct SendCommandRequest {
    pub document_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    /// SHA-256 of the document's text, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_hash_type: Option<String>,
    /// At most 50; a node's alias is taken too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instance_ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// How long a job may wait to be taken over by its node; 3600 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<String>,
    #[serde(rename = "OutputS3BucketName", skip_serializing_if = "Option::is_none")]
    pub output_s3_bucket_name: Option<String>,
    #[serde(rename = "OutputS3KeyPrefix", skip_serializing_if = "Option::is_none")]
    pub output_s3_key_prefix: Option<String>,
    #[serde(rename = "OutputS3Region", skip_serializing_if = "Option::is_none")]
    pub output_s3_region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_output_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_configuration: Option<Value>,
}

/// Which nodes: all keys must hold, of each at least one value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Target {
    /// `InstanceIds`, `tag:<key>` or `tag-key`.
    pub key: String,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "SSM's name is CommandId")]
pub struct Command {
    pub command_id: String,
    pub document_name: String,
    pub document_version: String,
    pub comment: String,
    /// Seconds since the Unix epoch.
    pub expires_after: f64,
    pub parameters: BTreeMap<String, Value>,
    pub instance_ids: Vec<String>,
    pub targets: Vec<Target>,
    /// Seconds since the Unix epoch.
    pub requested_date_time: f64,
    pub status: String,
    pub status_details: String,
    pub max_concurrency: String,
    pub max_errors: String,
    pub target_count: usize,
    pub completed_count: usize,
    pub error_count: usize,
    pub delivery_timed_out_count: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandInvocation {
    pub command_id: String,
    pub instance_id: String,
    pub document_name: String,
    /// Seconds since the Unix epoch.
    pub requested_date_time: f64,
    pub status: String,
    pub status_details: String,
    pub command_plugins: Vec<CommandPlugin>,
}

/// One step of a document on one node. `Output` is cut as SSM cuts it; the two contents are longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandPlugin {
    pub name: String,
    pub status: String,
    pub status_details: String,
    pub response_code: i32,
    /// Seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_start_date_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_finish_date_time: Option<f64>,
    pub output: String,
    pub standard_output_content: String,
    pub standard_error_content: String,
}

/// A command with what its nodes made of it: what a waiting step is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandWithInvocations {
    pub command: Command,
    pub command_invocations: Vec<CommandInvocation>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListCommandsResult {
    /// Newest first.
    pub commands: Vec<Command>,
}
