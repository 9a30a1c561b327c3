//! Run Command: documents run on nodes.

mod outcome;

use serde_json::{Map, Value, json};

use super::{answer, identifier};
use crate::bindings::runwright::host::commands as host;
use crate::failure::Failure;

pub use outcome::{CommandResult, Invocation, Plugin};

identifier! {
    /// A command that this step has sent.
    CommandId
}

/// A command to send: SSM's `SendCommandRequest`.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct SendCommand {
    request: Map<String, Value>,
}

impl SendCommand {
    /// Begins a command that runs `document`.
    pub fn new(document: impl Into<String>) -> Self {
        let mut request = Map::new();
        request.insert("DocumentName".to_owned(), Value::String(document.into()));
        Self { request }
    }

    /// Adds a node: its id, or `local`.
    pub fn node(mut self, node: impl Into<String>) -> Self {
        self.push("InstanceIds", Value::String(node.into()));
        self
    }

    /// Adds a target, such as `tag:Role` with its values.
    pub fn target<T: Into<String>>(
        mut self,
        key: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.push("Targets", json!({ "Key": key.into(), "Values": texts(values) }));
        self
    }

    /// Sets a parameter of the document.
    pub fn parameter<T: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let parameters = self.request.entry("Parameters").or_insert_with(|| json!({}));
        if let Value::Object(parameters) = parameters {
            parameters.insert(name.into(), texts(values));
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

    /// Sends it. Needs `commands:send` of the document on every node or target.
    ///
    /// # Errors
    /// `InvalidDocument`, `InvalidInstanceId`, `InvalidParameters`, `Denied`.
    pub fn send(self) -> Result<CommandId, Failure> {
        Ok(host::send(&Value::Object(self.request).to_string())?.into())
    }

    fn push(&mut self, name: &str, value: Value) {
        let list = self.request.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(value);
        }
    }
}

/// Returns what became of a command that this step has sent.
pub fn get(id: &CommandId) -> Result<CommandResult, Failure> {
    answer(&host::get(id.as_str())?).map(CommandResult::new)
}

/// Cancels a command that this step has sent.
pub fn cancel(id: &CommandId) -> Result<(), Failure> {
    Ok(host::cancel(id.as_str())?)
}

fn texts<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Value {
    values.into_iter().map(|value| Value::String(value.into())).collect()
}
