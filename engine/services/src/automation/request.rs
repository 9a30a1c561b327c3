//! Requests of Automation, spelt as SSM spells them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tags::Tag;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct StartAutomationExecutionRequest {
    pub document_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    /// Lists of text, as SSM has them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// A UUID; the same request under it starts one run, for a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// Only `Auto` is available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_parameter_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_maps: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_locations: Vec<Value>,
    #[serde(rename = "TargetLocationsURL", skip_serializing_if = "Option::is_none")]
    pub target_locations_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_configuration: Option<Value>,
}
