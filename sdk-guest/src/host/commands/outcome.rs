//! What became of a command.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// What became of a command, on all its nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandResult {
    /// SSM's words for the command; empty when the host did not say.
    pub id: String,
    pub status: String,
    pub status_details: String,
    pub invocations: Vec<Invocation>,
}

/// A command on one node.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Invocation {
    /// The node's id.
    pub instance_id: String,
    pub status: String,
    pub status_details: String,
    #[serde(rename = "CommandPlugins")]
    pub plugins: Vec<Plugin>,
}

/// One step of a command document on one node.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Plugin {
    pub name: String,
    pub status: String,
    pub status_details: String,
    pub response_code: i64,
    /// Output and errors together, cut.
    pub output: String,
    pub standard_output_content: String,
    pub standard_error_content: String,
}

impl CommandResult {
    /// Reads what `commands.get` answers, and a wake brings. What is missing is empty.
    pub fn new(mut value: Value) -> Self {
        let text =
            |pointer| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, status) = (text("/Command/CommandId"), text("/Command/Status"));
        let status_details = text("/Command/StatusDetails");
        let invocations = value
            .get_mut("CommandInvocations")
            .map(Value::take)
            .and_then(|list| serde_json::from_value(list).ok())
            .unwrap_or_default();
        Self { id, status, status_details, invocations }
    }

    /// Returns the result if the command succeeded everywhere.
    ///
    /// # Errors
    /// `Command` and SSM's status details, such as `CommandFailed` or `CommandExecutionTimedOut`, with what
    /// `runCommand` calls its outputs as details.
    pub fn succeeded(&self) -> Result<&Self, Failure> {
        if self.status == "Success" {
            return Ok(self);
        }
        let word = if self.status_details.is_empty() { &self.status } else { &self.status_details };
        let code = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let message = match self.telling() {
            Some(invocation) => {
                let node = &invocation.instance_id;
                format!("the command ended as {word}; on {node} with code {}", self.response_code())
            }
            None => format!("the command ended as {word}"),
        };
        Err(Failure::new(format!("Command{code}"), message).with_details(json!({
            "CommandId": self.id,
            "Status": self.status,
            "StatusDetails": self.status_details,
            "ResponseCode": self.response_code(),
            "Output": self.output(),
        })))
    }

    /// Returns the output of the node that tells most: the first on which it failed, or else the first.
    pub fn output(&self) -> String {
        let plugins = self.telling().map(|invocation| invocation.plugins.as_slice());
        let outputs: Vec<_> = plugins
            .unwrap_or_default()
            .iter()
            .map(|plugin| plugin.output.as_str())
            .filter(|output| !output.is_empty())
            .collect();
        outputs.join("\n")
    }

    /// Returns the code with which that node's first failed step ended, or else its last step; -1 when none ran.
    pub fn response_code(&self) -> i64 {
        self.telling_plugin().map_or(-1, |plugin| plugin.response_code)
    }

    /// Returns the step of that node that tells most: its first failed step, or else its last.
    pub fn telling_plugin(&self) -> Option<&Plugin> {
        let plugins = &self.telling()?.plugins;
        plugins
            .iter()
            .find(|plugin| !matches!(plugin.status.as_str(), "Success" | "Skipped"))
            .or_else(|| plugins.last())
    }

    fn telling(&self) -> Option<&Invocation> {
        self.invocations
            .iter()
            .find(|invocation| invocation.status != "Success")
            .or_else(|| self.invocations.first())
    }
}
