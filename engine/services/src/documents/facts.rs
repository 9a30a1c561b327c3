//! What is known of a content without reading it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ssm_model::types::documents::DocumentParameter;

use super::{AUTOMATION, COMMAND};
use crate::error::ServiceError;

const WINDOWS: &str = "Windows";
const LINUX: &str = "Linux";
const MAC_OS: &str = "MacOS";

/// What a content says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Facts {
    pub(super) schema_version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) parameters: Vec<DocumentParameter>,
    pub(super) platform_types: Vec<String>,
}

impl Facts {
    /// Reads the content of a document of a type; null is text.
    pub(super) fn of(kind: &str, value: &Value) -> Self {
        let text = |member: &str| value.get(member).map(runbook::value::text);
        let parameters = value.get("parameters").and_then(Value::as_object);
        let mut platform_types = platforms(kind, value);
        platform_types.sort_unstable_by_key(|name| {
            [WINDOWS, LINUX, MAC_OS].iter().position(|one| one == name)
        });
        platform_types.dedup();
        Self {
            schema_version: text("schemaVersion"),
            description: value.get("description").and_then(Value::as_str).map(str::to_owned),
            parameters: parameters
                .into_iter()
                .flatten()
                .map(|(name, parameter)| shown(name, parameter))
                .collect(),
            platform_types: platform_types.into_iter().map(str::to_owned).collect(),
        }
    }

    pub(super) fn encoded(&self) -> Result<String, ServiceError> {
        serde_json::to_string(self).map_err(|error| {
            ServiceError::internal(format!("facts of a document cannot be encoded: {error}"))
        })
    }

    pub(super) fn decode(text: &str) -> Result<Self, ServiceError> {
        serde_json::from_str(text).map_err(|error| {
            ServiceError::internal(format!("facts of a document cannot be read: {error}"))
        })
    }
}

fn shown(name: &str, parameter: &Value) -> DocumentParameter {
    let text = |member: &str| parameter.get(member).and_then(Value::as_str).map(str::to_owned);
    DocumentParameter {
        name: Some(name.to_owned()),
        r#type: text("type"),
        description: text("description"),
        default_value: parameter.get("default").map(runbook::value::text),
    }
}

/// Returns the platforms that can run a document; none for what is not run.
fn platforms(kind: &str, value: &Value) -> Vec<&'static str> {
    match kind {
        COMMAND => {
            let steps = value.get("mainSteps").and_then(Value::as_array).into_iter().flatten();
            let actions = steps.filter_map(|step| step.get("action")?.as_str());
            let old = value.get("runtimeConfig").and_then(Value::as_object);
            let plugins = old.into_iter().flatten().map(|(plugin, _)| plugin.as_str());
            actions.chain(plugins).flat_map(|plugin| plugin_platforms(plugin)).copied().collect()
        }
        "Package" => {
            let packages = value.get("packages").and_then(Value::as_object).into_iter().flatten();
            packages
                .map(|(name, _)| match name.to_ascii_lowercase().as_str() {
                    "windows" => WINDOWS,
                    "macos" => MAC_OS,
                    _ => LINUX,
                })
                .collect()
        }
        AUTOMATION | "Automation.ChangeTemplate" | "Session" | "Policy" => {
            vec![WINDOWS, LINUX, MAC_OS]
        }
        _ => Vec::new(),
    }
}

fn plugin_platforms(plugin: &str) -> &'static [&'static str] {
    match plugin.trim_start_matches("aws:") {
        "runShellScript" => &[LINUX, MAC_OS],
        "runPowerShellScript" | "psModule" | "applications" | "domainJoin" | "cloudWatch" => {
            &[WINDOWS]
        }
        "runDockerAction" => &[LINUX],
        _ => &[WINDOWS, LINUX, MAC_OS],
    }
}
