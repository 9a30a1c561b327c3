//! What a finished run tells whoever waits for it.

use std::collections::BTreeMap;

use host_api::identifier::RunId;
use machine::State;
use serde_json::{Map, Value, json};

/// Returns the result in the shape that `automation.get` answers.
pub(crate) fn of(run: &RunId, state: &State) -> Value {
    let none = BTreeMap::new();
    let outputs: Map<String, Value> = state
        .outputs()
        .unwrap_or(&none)
        .iter()
        .map(|(name, value)| (name.clone(), json!(runbook::value::to_wire(value))))
        .collect();
    json!({
        "AutomationExecutionId": run.as_str(),
        "AutomationExecutionStatus": state.status().as_str(),
        "Outputs": outputs,
        "FailureMessage": state.failure().map(|failure| failure.message.as_str()),
    })
}
