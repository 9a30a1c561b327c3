//! Automation: child runs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{answer, identifier};
use crate::bindings::runwright::host::automation as host;
use crate::failure::Failure;

identifier! {
    /// A child run that this step has started.
    ExecutionId
}

/// A child run to start: SSM's `StartAutomationExecutionRequest`.
#[derive(Debug, Clone)]
#[must_use = "nothing is started before `start`"]
pub struct StartAutomation {
    request: Map<String, Value>,
}

/// What became of a child run.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionResult {
    pub id: String,
    /// SSM's word: `Success`, `Failed` and so on.
    pub status: String,
    /// Every value is a list of texts.
    pub outputs: BTreeMap<String, Vec<String>>,
    pub failure_message: Option<String>,
}

impl StartAutomation {
    /// Begins a run of `document`.
    pub fn new(document: impl Into<String>) -> Self {
        let mut request = Map::new();
        request.insert("DocumentName".to_owned(), Value::String(document.into()));
        Self { request }
    }

    /// Sets a parameter of the document.
    pub fn parameter(mut self, name: impl Into<String>, values: Vec<String>) -> Self {
        let parameters = self.request.entry("Parameters").or_insert_with(|| json!({}));
        if let Value::Object(parameters) = parameters {
            parameters.insert(name.into(), values.into());
        }
        self
    }

    /// Sets any other member of the request, spelt as in SSM's API.
    pub fn field(mut self, name: impl Into<String>, value: Value) -> Self {
        self.request.insert(name.into(), value);
        self
    }

    /// Returns the request as SSM's API spells it.
    pub fn to_json(&self) -> Value {
        Value::Object(self.request.clone())
    }

    /// Starts it. Needs `automation:start` of the document.
    ///
    /// # Errors
    /// `AutomationDefinitionNotFound`, `InvalidAutomationExecutionParameters`, `Denied`.
    pub fn start(self) -> Result<ExecutionId, Failure> {
        Ok(host::start(&Value::Object(self.request).to_string())?.into())
    }
}

/// Returns what became of a child run that this step has started.
pub fn get(id: &ExecutionId) -> Result<ExecutionResult, Failure> {
    answer(&host::get(id.as_str())?).map(ExecutionResult::new)
}

/// Cancels a child run that this step has started.
pub fn cancel(id: &ExecutionId) -> Result<(), Failure> {
    Ok(host::cancel(id.as_str())?)
}

impl ExecutionResult {
    /// Reads what `automation.get` answers, and a wake brings. What is missing is empty.
    pub fn new(mut value: Value) -> Self {
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = text("AutomationExecutionId").unwrap_or_default();
        let status = text("AutomationExecutionStatus").unwrap_or_default();
        let failure_message = text("FailureMessage");
        let outputs = value
            .get_mut("Outputs")
            .map(Value::take)
            .and_then(|outputs| serde_json::from_value(outputs).ok())
            .unwrap_or_default();
        Self { id, status, outputs, failure_message }
    }

    /// Returns the result if the run succeeded.
    ///
    /// # Errors
    /// `Automation` and SSM's status, such as `AutomationFailed`, with what `executeAutomation` calls its outputs as
    /// details.
    pub fn succeeded(&self) -> Result<&Self, Failure> {
        if self.status == "Success" {
            return Ok(self);
        }
        let reason = self.failure_message.as_deref().unwrap_or("no reason was given");
        let message = format!("the child run {} ended as {}: {reason}", self.id, self.status);
        let details = json!({ "ExecutionId": self.id, "Status": self.status });
        Err(Failure::new(format!("Automation{}", self.status), message).with_details(details))
    }
}
