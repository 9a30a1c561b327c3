//! What a run tells whoever waits for it or asks for it.

use host_api::identifier::RunId;
use serde_json::{Map, Value, json};

use crate::state::State;

impl State {
    /// Returns SSM's members of an execution, as far as guests are told them; `FailureKind` is ours.
    pub fn execution_result(&self, run: &RunId) -> Value {
        let outputs: Map<String, Value> = self
            .outputs()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), json!(runbook::value::to_wire(value))))
            .collect();
        let failure = self.failure();
        json!({
            "AutomationExecutionId": run.as_str(),
            "AutomationExecutionStatus": self.status().as_str(),
            "Outputs": outputs,
            "FailureMessage": failure.map(|failure| failure.message.as_str()),
            "FailureKind": failure.map(|failure| failure.kind),
        })
    }
}
