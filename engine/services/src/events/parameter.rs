//! Events of Parameter Store.

use serde_json::{Map, Value, json};
use store::events::NewEvent;

use super::SOURCE;
use crate::access::Resource;
use crate::actor::Actor;
use crate::parameters::Place;

const CHANGE: &str = "Parameter Store Change";
const POLICY_ACTION: &str = "Parameter Store Policy Action";

/// What was done to a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterOperation {
    Create,
    Update,
    Delete,
    LabelParameterVersion,
}

/// How the action of a parameter's policy went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyStatus {
    Success,
    Failed,
}

/// Returns the event of a change of a parameter: to be appended in the transaction of the change.
pub fn parameter_change(
    place: &Place,
    actor: &Actor,
    operation: ParameterOperation,
    [name, kind]: [&str; 2],
    description: Option<&str>,
    time_ms: u64,
) -> NewEvent {
    let operation = match operation {
        ParameterOperation::Create => "Create",
        ParameterOperation::Update => "Update",
        ParameterOperation::Delete => "Delete",
        ParameterOperation::LabelParameterVersion => "LabelParameterVersion",
    };
    let mut detail = Map::new();
    let mut set = |member: &str, text: &str| detail.insert(member.to_owned(), json!(text));
    set("operation", operation);
    set("name", name);
    set("type", kind);
    if let Some(description) = description {
        set("description", description);
    }
    NewEvent {
        run: actor.run().cloned(),
        ..of_parameter(place, CHANGE, name, &Value::Object(detail), time_ms)
    }
}

/// Returns the event of what a policy of a parameter did or found: to be appended in the transaction in which it did. `policy` is the
/// policy's type and its text.
pub fn policy_action(
    place: &Place,
    [name, kind]: [&str; 2],
    policy: [&str; 2],
    status: PolicyStatus,
    reason: &str,
    time_ms: u64,
) -> NewEvent {
    let [policy_type, policy_content] = policy;
    let status = match status {
        PolicyStatus::Success => "Success",
        PolicyStatus::Failed => "Failed",
    };
    let detail = json!({
        "parameter-name": name,
        "parameter-type": kind,
        "policy-type": policy_type,
        "policy-content": policy_content,
        "action-status": status,
        "action-reason": reason,
    });
    of_parameter(place, POLICY_ACTION, name, &detail, time_ms)
}

fn of_parameter(
    place: &Place,
    detail_type: &str,
    name: &str,
    detail: &Value,
    time_ms: u64,
) -> NewEvent {
    let arn = Resource::Parameter(name.to_owned()).arn(place);
    NewEvent {
        id: uuid::Uuid::new_v4().to_string(),
        time_ms,
        at_ms: time_ms,
        source: SOURCE.to_owned(),
        detail_type: detail_type.to_owned(),
        resources: json!([arn]).to_string(),
        detail: detail.to_string(),
        run: None,
        replay: None,
    }
}
