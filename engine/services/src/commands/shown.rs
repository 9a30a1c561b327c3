//! Commands as SSM shows them.

use host_api::identifier::CommandId;
use host_api::node::{JobReport, JobStep, JobStepStatus};
use store::commands::{self, CommandRow};
use store::invocations::{self, InvocationRow};

use super::outcome::Counts;
use super::{
    Command, CommandInvocation, CommandPlugin, CommandWithInvocations, ListCommandsResult,
    SendCommandRequest,
};
use crate::Services;
use crate::clock::seconds;
use crate::error::ServiceError;

/// SSM's cut of `Output`.
const OUTPUT_CHARACTERS_MAX: usize = 2_500;
const LIST_MAX: u32 = 50;

impl Services {
    /// Returns a command with what its nodes made of it.
    pub async fn get_command(
        &self,
        id: &CommandId,
    ) -> Result<CommandWithInvocations, ServiceError> {
        let wanted = id.clone();
        let read = move |tx: &store::ReadTx<'_>| -> Result<_, ServiceError> {
            let command = commands::find(tx, &wanted)?.ok_or_else(|| unknown(&wanted))?;
            let jobs = invocations::of_command(tx, &wanted)?;
            Ok((command, jobs))
        };
        let (command, jobs) = self.store().read(read).await?;
        result(&command, &jobs)
    }

    /// Returns the newest commands, at most 50.
    pub async fn list_commands(&self) -> Result<ListCommandsResult, ServiceError> {
        let read = |tx: &store::ReadTx<'_>| -> Result<Vec<_>, ServiceError> {
            let mut found = Vec::new();
            for command in commands::list(tx, None, LIST_MAX)? {
                let jobs = invocations::of_command(tx, &command.id)?;
                found.push((command, jobs));
            }
            Ok(found)
        };
        let found = self.store().read(read).await?;
        let commands =
            found.iter().map(|(command, jobs)| shown(command, jobs)).collect::<Result<_, _>>()?;
        Ok(ListCommandsResult { commands })
    }
}

pub(super) fn unknown(id: &CommandId) -> ServiceError {
    ServiceError::request("InvalidCommandId", format!("there is no command {id}"))
}

pub(super) fn request_of(command: &CommandRow) -> Result<SendCommandRequest, ServiceError> {
    serde_json::from_str(&command.request).map_err(|error| {
        ServiceError::internal(format!("the request of {} cannot be read: {error}", command.id))
    })
}

/// Returns the JSON text that a waiting step is told.
pub(super) fn result_text(
    command: &CommandRow,
    jobs: &[InvocationRow],
) -> Result<String, ServiceError> {
    serde_json::to_string(&result(command, jobs)?)
        .map_err(|error| ServiceError::internal(format!("a result cannot be encoded: {error}")))
}

fn result(
    command: &CommandRow,
    jobs: &[InvocationRow],
) -> Result<CommandWithInvocations, ServiceError> {
    let command_invocations =
        jobs.iter().map(|job| invocation(command, job)).collect::<Result<_, _>>()?;
    Ok(CommandWithInvocations { command: shown(command, jobs)?, command_invocations })
}

fn shown(command: &CommandRow, jobs: &[InvocationRow]) -> Result<Command, ServiceError> {
    let request = request_of(command)?;
    let counts = Counts::of(jobs);
    let or = |text: Option<String>, default: &str| {
        text.filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned())
    };
    Ok(Command {
        command_id: command.id.to_string(),
        document_name: command.document_name.clone(),
        document_version: or(request.document_version, ""),
        comment: or(request.comment, ""),
        expires_after: seconds(command.expires_ms),
        parameters: request.parameters,
        instance_ids: request.instance_ids,
        targets: request.targets,
        requested_date_time: seconds(command.created_ms),
        status: command.status.status.clone(),
        status_details: command.status.details.clone(),
        max_concurrency: or(request.max_concurrency, "50"),
        max_errors: or(request.max_errors, "0"),
        target_count: counts.targets as usize,
        completed_count: counts.ended as usize,
        error_count: counts.errors as usize,
        delivery_timed_out_count: counts.delivery_timed_out as usize,
    })
}

fn invocation(
    command: &CommandRow,
    job: &InvocationRow,
) -> Result<CommandInvocation, ServiceError> {
    let report: Option<JobReport> = match &job.report {
        None => None,
        Some(text) => Some(serde_json::from_str(text).map_err(|error| {
            ServiceError::internal(format!("the report of {} cannot be read: {error}", job.job_id))
        })?),
    };
    let steps = report.map(|report| report.steps).unwrap_or_default();
    Ok(CommandInvocation {
        command_id: command.id.to_string(),
        instance_id: job.node.to_string(),
        document_name: command.document_name.clone(),
        requested_date_time: seconds(job.created_ms),
        status: job.status.status.clone(),
        status_details: job.status.details.clone(),
        command_plugins: steps.into_iter().map(plugin).collect(),
    })
}

fn plugin(step: JobStep) -> CommandPlugin {
    let (status, status_details) = match step.status {
        JobStepStatus::Success => ("Success", "Success"),
        JobStepStatus::Failed => ("Failed", "Failed"),
        JobStepStatus::TimedOut => ("TimedOut", "ExecutionTimedOut"),
        JobStepStatus::Cancelled => ("Cancelled", "Cancelled"),
        // SSM shows a step whose platform or precondition does not fit as a success without output.
        JobStepStatus::Skipped => ("Success", "Skipped"),
        JobStepStatus::Unknown => ("Failed", "Unknown"),
    };
    let mut output = step.standard_output.clone();
    if !step.standard_error.is_empty() {
        output.push_str("\n----------ERROR-------\n");
        output.push_str(&step.standard_error);
    }
    CommandPlugin {
        name: step.name,
        status: status.to_owned(),
        status_details: status_details.to_owned(),
        response_code: step.response_code,
        response_start_date_time: step.started.map(seconds),
        response_finish_date_time: step.ended.map(seconds),
        output: output.chars().take(OUTPUT_CHARACTERS_MAX).collect(),
        standard_output_content: step.standard_output,
        standard_error_content: step.standard_error,
    }
}
