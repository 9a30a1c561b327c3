//! Operations on automation.

use super::{Operation, account};
use crate::Services;
use crate::access::{Access, Resource};
use crate::automation::{
    DescribeAutomationExecutionsRequest, DescribeAutomationStepExecutionsRequest,
    GetAutomationExecutionRequest, GetExecutionPreviewRequest, SendAutomationSignalRequest,
    StartAutomationExecutionRequest, StartExecutionPreviewRequest, StopAutomationExecutionRequest,
};
use crate::error::ServiceError;

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = changing();
    operations.extend(reading());
    operations.extend(previews());
    operations
}

fn changing() -> Vec<Operation> {
    vec![
        Operation::new(
            "StartAutomationExecution",
            Access::Write,
            |services, request: &StartAutomationExecutionRequest| {
                definition(services, &request.document_name, request.document_version.as_deref())
            },
            |services, actor, request| async move {
                services.start_automation_execution(&actor, request).await
            },
        ),
        Operation::new(
            "SendAutomationSignal",
            Access::Write,
            |_, request: &SendAutomationSignalRequest| execution(&request.automation_execution_id),
            |services, actor, request| async move {
                services.send_automation_signal(&actor, request).await
            },
        ),
        Operation::new(
            "StopAutomationExecution",
            Access::Write,
            |_, request: &StopAutomationExecutionRequest| {
                execution(&request.automation_execution_id)
            },
            |services, actor, request| async move {
                services.stop_automation_execution(&actor, request).await
            },
        ),
    ]
}

fn reading() -> Vec<Operation> {
    vec![
        Operation::new(
            "GetAutomationExecution",
            Access::Read,
            |_, request: &GetAutomationExecutionRequest| {
                execution(&request.automation_execution_id)
            },
            |services, _, request| async move { services.get_automation_execution(request).await },
        ),
        Operation::new(
            "DescribeAutomationStepExecutions",
            Access::Read,
            |_, request: &DescribeAutomationStepExecutionsRequest| {
                execution(&request.automation_execution_id)
            },
            |services, _, request| async move {
                services.describe_automation_step_executions(request).await
            },
        ),
        Operation::new(
            "DescribeAutomationExecutions",
            Access::Read,
            account::<DescribeAutomationExecutionsRequest>,
            |services, _, request| async move { services.describe_automation_executions(request).await },
        ),
    ]
}

fn previews() -> Vec<Operation> {
    vec![
        Operation::new(
            "StartExecutionPreview",
            Access::Write,
            |services, request: &StartExecutionPreviewRequest| {
                definition(services, &request.document_name, request.document_version.as_deref())
            },
            |services, actor, request| async move {
                services.start_execution_preview(&actor, request).await
            },
        ),
        Operation::new(
            "GetExecutionPreview",
            Access::Read,
            account::<GetExecutionPreviewRequest>,
            |services, _, request| async move { services.get_execution_preview(request).await },
        ),
    ]
}

/// Returns the definition that a document named by its name or its ARN is.
#[expect(clippy::unnecessary_wraps, reason = "what an operation is done to may be refused")]
fn definition(
    _: &Services,
    document: &str,
    version: Option<&str>,
) -> Result<Vec<Resource>, ServiceError> {
    let name = document.rsplit_once("document/").map_or(document, |(_, name)| name);
    let version = version.unwrap_or("$DEFAULT");
    Ok(vec![Resource::AutomationDefinition(name.to_owned(), version.to_owned())])
}

#[expect(clippy::unnecessary_wraps, reason = "what an operation is done to may be refused")]
fn execution(id: &str) -> Result<Vec<Resource>, ServiceError> {
    Ok(vec![Resource::AutomationExecution(id.to_owned())])
}
