//! What the request for a run said that is not part of the run itself, kept with it to be shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ssm_model::types::automation::Target;
use store::runs::RunRow;

use crate::error::ServiceError;

/// Kept for as long as the run: fields are only added.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asked {
    /// Who started the run, whatever role it acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) executed_by: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) interactive: bool,
    /// As they were given. Of a secret they hold the name, never the text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) parameters: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target_parameter_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) targets: Vec<Target>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) target_maps: Vec<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_concurrency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_errors: Option<String>,
    /// Of a run over targets: what each child is called, in the order of the items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) resolved: Vec<String>,
    /// Of the child of a run over targets: its target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
}

impl Asked {
    /// Returns what was asked for a stored run; nothing for one that an earlier release started.
    pub(super) fn of(row: &RunRow) -> Result<Self, ServiceError> {
        let Some(text) = &row.request else { return Ok(Self::default()) };
        serde_json::from_str(text).map_err(|error| {
            ServiceError::internal(format!("the request of run {} cannot be read: {error}", row.id))
        })
    }

    /// Returns whether the run does nothing itself but has a child for each target.
    pub(super) fn has_targets(&self) -> bool {
        !self.resolved.is_empty()
    }
}
