//! Sending.

use host_api::identifier::{CommandId, NodeId};
use host_api::invocation::WaitKind;
use host_api::node::Job;
use runbook::plan::Amount;
use serde_json::{Value, json};
use store::commands::{self, CommandRow};
use store::invocations::{self, InvocationRow};
use store::{Tx, completions};

use super::document::Bound;
use super::{SendCommandRequest, shown, status};
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::documents::COMMAND;
use crate::error::{ErrorKind, ServiceError};

const DELIVERY_TIMEOUT_SECONDS: u64 = 3_600;
const COMMENT_CHARACTERS_MAX: usize = 100;

impl Services {
    /// Sends a document to nodes and returns the command's id.
    ///
    /// Everything is checked before anything is written. Targets that match no node give a command that has ended with
    /// `NoInstancesInTag`.
    pub async fn send_command(
        &self,
        actor: &Actor,
        request: SendCommandRequest,
    ) -> Result<CommandId, ServiceError> {
        match self.send_command_now(actor, request).await {
            Err(error) if error.kind == ErrorKind::Request => {
                self.answered_before(actor, error).await
            }
            result => result,
        }
    }

    async fn send_command_now(
        &self,
        actor: &Actor,
        request: SendCommandRequest,
    ) -> Result<CommandId, ServiceError> {
        check(&request)?;
        let found = self
            .find_document(
                &request.document_name,
                request.document_version.as_deref(),
                COMMAND,
                actor.run(),
            )
            .await?;
        let bound = self.bind_command(&request, &found).await?;
        let nodes = self.target_nodes(&request).await?;
        let id = CommandId::new(uuid::Uuid::new_v4().to_string());
        let now = now_ms();
        let delivery = request.timeout_seconds.unwrap_or(DELIVERY_TIMEOUT_SECONDS);
        let lifetime_ms = delivery.saturating_add(bound.execution_timeout_seconds) * 1_000;
        let ended = nodes.is_empty().then_some(now);
        let row = CommandRow {
            id: id.clone(),
            document_name: found.name.clone(),
            principal: actor.principal.clone(),
            request: kept_request(&request, &found.version)?,
            status: match ended {
                Some(_) => status("Failed", "NoInstancesInTag", ended),
                None => status("Pending", "Pending", None),
            },
            created_ms: now,
            expires_ms: now.saturating_add(lifetime_ms),
        };
        let jobs = jobs(&id, &found.name, &bound, &nodes, now)?;
        let deed = Deed::new("SendCommand", format!("document/{}", found.name)).details(json!({
            "command": id.as_str(),
            "nodes": nodes.iter().map(NodeId::as_str).collect::<Vec<_>>(),
        }));
        self.change(actor, deed, move |tx| insert(tx, &row, &jobs)).await
    }
}

fn insert(
    tx: &mut Tx<'_>,
    row: &CommandRow,
    jobs: &[InvocationRow],
) -> Result<CommandId, ServiceError> {
    commands::insert(tx, row)?;
    for job in jobs {
        invocations::insert(tx, job)?;
    }
    if row.status.ended_ms.is_some() {
        let result = shown::result_text(row, jobs)?;
        completions::record(tx, WaitKind::Command, row.id.as_str(), &result, row.created_ms)?;
    }
    Ok(row.id.clone())
}

fn jobs(
    command: &CommandId,
    document_name: &str,
    bound: &Bound,
    nodes: &[NodeId],
    now: u64,
) -> Result<Vec<InvocationRow>, ServiceError> {
    let job = |node: &NodeId| {
        let job = Job {
            id: uuid::Uuid::new_v4().to_string(),
            command: command.clone(),
            document_name: document_name.to_owned(),
            document: bound.document.clone(),
            parameters: bound.parameters.clone(),
        };
        let text = serde_json::to_string(&job)
            .map_err(|error| ServiceError::internal(format!("a job cannot be encoded: {error}")))?;
        Ok(InvocationRow {
            job_id: job.id,
            command: command.clone(),
            node: node.clone(),
            job: text,
            status: status("Pending", "Pending", None),
            report: None,
            created_ms: now,
            delivered_ms: None,
        })
    };
    nodes.iter().map(job).collect()
}

/// The request as it is kept, with the version that its document was resolved to.
fn kept_request(request: &SendCommandRequest, version: &str) -> Result<String, ServiceError> {
    let request =
        SendCommandRequest { document_version: Some(version.to_owned()), ..request.clone() };
    serde_json::to_string(&request)
        .map_err(|error| ServiceError::internal(format!("a request cannot be encoded: {error}")))
}

fn check(request: &SendCommandRequest) -> Result<(), ServiceError> {
    if request.document_name.is_empty() {
        return Err(ServiceError::validation("DocumentName must be given"));
    }
    if request.timeout_seconds.is_some_and(|seconds| !(30..=2_592_000).contains(&seconds)) {
        return Err(ServiceError::validation("TimeoutSeconds is 30 to 2592000"));
    }
    let comment = request.comment.as_deref().unwrap_or_default();
    if comment.chars().count() > COMMENT_CHARACTERS_MAX {
        return Err(ServiceError::validation(format!(
            "a comment has at most {COMMENT_CHARACTERS_MAX} characters"
        )));
    }
    concurrency(request)?;
    errors(request)?;
    check_available(request)
}

fn check_available(request: &SendCommandRequest) -> Result<(), ServiceError> {
    let given = |value: &Option<Value>| value.as_ref().is_some_and(|value| !is_empty(value));
    let text = |value: &Option<String>| value.as_ref().is_some_and(|text| !text.is_empty());
    let refused = [
        ("OutputS3BucketName", text(&request.output_s3_bucket_name)),
        ("OutputS3KeyPrefix", text(&request.output_s3_key_prefix)),
        ("OutputS3Region", text(&request.output_s3_region)),
        ("ServiceRoleArn", text(&request.service_role_arn)),
        ("NotificationConfig", given(&request.notification_config)),
        ("CloudWatchOutputConfig", is_logged_to_cloud_watch(request)),
        ("AlarmConfiguration", given(&request.alarm_configuration)),
    ];
    match refused.iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => {
            Err(ServiceError::unavailable(format!("{name} is not available in this release")))
        }
        None => Ok(()),
    }
}

/// Documents pass on parameters that nobody gave: what holds nothing asks for nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_logged_to_cloud_watch(request: &SendCommandRequest) -> bool {
    let Some(config) = &request.cloud_watch_output_config else { return false };
    let is_off = match config.get("CloudWatchOutputEnabled") {
        Some(Value::Bool(enabled)) => !enabled,
        Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("false"),
        _ => false,
    };
    !is_off && !is_empty(config)
}

/// Returns how many nodes may work at a time; 50 when the request does not say.
pub(super) fn concurrency(request: &SendCommandRequest) -> Result<Amount, ServiceError> {
    let text = request.max_concurrency.as_deref().filter(|text| !text.is_empty());
    amount("MaxConcurrency", text.unwrap_or("50"), 1)
}

/// Returns how many errors are borne; none when the request does not say.
pub(super) fn errors(request: &SendCommandRequest) -> Result<Amount, ServiceError> {
    let text = request.max_errors.as_deref().filter(|text| !text.is_empty());
    amount("MaxErrors", text.unwrap_or("0"), 0)
}

/// Reads `10` or `10%`, without leading zeros and in at most 7 characters.
fn amount(name: &str, text: &str, min: u32) -> Result<Amount, ServiceError> {
    let invalid = || {
        ServiceError::validation(format!(
            "{name} is a count from {min} on or a percentage up to 100%, not {text:?}"
        ))
    };
    let digits = text.strip_suffix('%').unwrap_or(text);
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let padded = digits.len() > 1 && digits.starts_with('0');
    if text.len() > 7 || !plain || padded {
        return Err(invalid());
    }
    let number: u32 = digits.parse().map_err(|_| invalid())?;
    if number < min {
        return Err(invalid());
    }
    if text.ends_with('%') {
        let percent = u8::try_from(number).ok().filter(|percent| *percent <= 100);
        return percent.map(Amount::Percent).ok_or_else(invalid);
    }
    Ok(Amount::Count(number))
}
