//! The actions at hand: those built in, and those of plugins in the store.

use std::sync::Arc;

use anyhow::{Context, Result};
use host_api::identifier::Digest;
use host_api::manifest::Manifest;
use runbook::action::Catalogue;
use runbook::plan::PluginPin;
use serde::{Deserialize, Serialize};
use services::BuiltIn;

/// A plugin as a catalogue needs it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledPlugin {
    pub name: String,
    pub version: String,
    pub digest: Digest,
    /// Absent if it is not signed.
    pub signer_key_id: Option<String>,
    pub manifest: Manifest,
}

/// Returns the components that are embedded in this binary.
pub fn built_in() -> Result<Vec<BuiltIn>> {
    library::actions()
        .iter()
        .map(|shipped| {
            let manifest = sandbox::read_manifest(shipped.bytes)
                .with_context(|| format!("the built-in component {} is broken", shipped.name))?;
            Ok(BuiltIn {
                digest: Digest::of(shipped.bytes),
                manifest,
                component: Arc::from(shipped.bytes),
            })
        })
        .collect()
}

/// Returns the catalogue of built-in actions and `plugins`.
pub fn catalogue(built_in: &[BuiltIn], plugins: &[InstalledPlugin]) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for component in built_in {
        for action in &component.manifest.actions {
            catalogue.add_built_in(action.clone());
        }
    }
    for (operation, is_served) in services::operations() {
        catalogue.add_operation(operation, is_served);
    }
    for plugin in plugins {
        for action in &plugin.manifest.actions {
            let pin = PluginPin { version: plugin.version.clone(), digest: plugin.digest.clone() };
            catalogue.add_plugin(plugin.name.clone(), pin, action.clone());
        }
    }
    catalogue
}
