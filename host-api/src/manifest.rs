//! What a component says of itself: the actions it holds and what each needs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::effect::EffectClass;

/// The name of the custom section that holds a [`Manifest`] as JSON.
pub const MANIFEST_SECTION: &str = "runwright:manifest";

/// A component's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// `vendor:package`, or `aws:package` for ours.
    pub name: String,
    /// A semantic version.
    pub version: String,
    /// The version of the WIT package it is built for.
    pub wit: String,
    /// The interfaces beyond `log`, `clock`, `random` and `context` that it may import.
    pub interfaces: BTreeSet<String>,
    pub actions: Vec<ActionManifest>,
}

/// One action of a component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionManifest {
    /// As a runbook writes it: `vendor:name`.
    pub name: String,
    pub summary: String,
    pub effect: EffectClass,
    /// Grants it needs, with inputs in braces: `parameters:read:{Name}`, `http:{Method}:{Url}`.
    #[serde(default)]
    pub needs: Vec<String>,
    /// JSON Schemas.
    pub inputs: Value,
    pub outputs: Value,
}
