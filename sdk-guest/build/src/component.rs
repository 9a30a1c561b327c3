//! Makes a component of a core module, and holds its manifest against what it imports.

use std::collections::BTreeSet;

use host_api::WIT_VERSION;
use host_api::limits::COMPONENT_BYTES_MAX;
use host_api::manifest::{MANIFEST_SECTION, Manifest};
use wit_component::ComponentEncoder;

use crate::module;

/// The interfaces that need no naming: what every component may import.
const ALWAYS: [&str; 5] = ["types", "log", "clock", "random", "context"];

/// A component, ready to be registered.
#[derive(Debug, Clone)]
pub struct Component {
    /// With the manifest as a custom section at the top level.
    pub bytes: Vec<u8>,
    pub manifest: Manifest,
}

/// Why a core module is not a component of ours.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    #[error("it is not a WebAssembly module")]
    Parse(#[from] wasmparser::BinaryReaderError),
    #[error("it has {count} manifests, expected one; a crate needs `runwright_sdk::export!` once")]
    ManifestCount { count: usize },
    #[error("its manifest is not readable")]
    Manifest(#[source] serde_json::Error),
    #[error("it cannot be made a component: {reason}")]
    Encode { reason: String },
    #[error("it imports `{import}`, which is not an interface of runwright:host@{WIT_VERSION}")]
    ForeignImport { import: String },
    #[error("it imports `{interface}`, which `interfaces` of `export!` does not name")]
    Undeclared { interface: String },
    #[error("`interfaces` of `export!` names `{interface}`, which it never calls")]
    Unused { interface: String },
    #[error("its manifest says {problem}")]
    Inconsistent { problem: String },
    #[error("it is {bytes} bytes large, at most {COMPONENT_BYTES_MAX} are possible")]
    TooLarge { bytes: usize },
}

/// Makes a component of a core module that the SDK's `export!` is in.
///
/// # Errors
/// When the module holds no manifest, when it imports what the manifest does not name or names what it does not
/// import, and when the manifest contradicts itself.
pub fn componentize(core: &[u8]) -> Result<Component, ComponentError> {
    let split = module::split(core, MANIFEST_SECTION)?;
    let [text] = split.contents.as_slice() else {
        return Err(ComponentError::ManifestCount { count: split.contents.len() });
    };
    let manifest: Manifest = serde_json::from_slice(text).map_err(ComponentError::Manifest)?;
    check(&manifest)?;
    let encode =
        |module: &[u8]| ComponentEncoder::default().validate(true).module(module)?.encode();
    let mut bytes = encode(&split.module)
        .map_err(|error| ComponentError::Encode { reason: format!("{error:#}") })?;
    check_interfaces(&manifest, &module::imports(&bytes)?)?;
    module::append_custom(&mut bytes, MANIFEST_SECTION, text);
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(ComponentError::TooLarge { bytes: bytes.len() });
    }
    Ok(Component { bytes, manifest })
}

fn check_interfaces(manifest: &Manifest, imports: &[String]) -> Result<(), ComponentError> {
    let mut imported = BTreeSet::new();
    for import in imports {
        let interface = interface_of(import)
            .ok_or_else(|| ComponentError::ForeignImport { import: import.clone() })?;
        if !ALWAYS.contains(&interface) {
            imported.insert(interface);
        }
    }
    for interface in &imported {
        if !manifest.interfaces.contains(*interface) {
            return Err(ComponentError::Undeclared { interface: (*interface).to_owned() });
        }
    }
    for interface in &manifest.interfaces {
        if !imported.contains(interface.as_str()) {
            return Err(ComponentError::Unused { interface: interface.clone() });
        }
    }
    Ok(())
}

fn interface_of(import: &str) -> Option<&str> {
    let (interface, version) = import.strip_prefix("runwright:host/")?.split_once('@')?;
    (version == WIT_VERSION).then_some(interface)
}

/// Checks what a manifest says against itself.
fn check(manifest: &Manifest) -> Result<(), ComponentError> {
    let problem = |problem: String| Err(ComponentError::Inconsistent { problem });
    if manifest.wit != WIT_VERSION {
        return problem(format!(
            "that it is for runwright:host@{}, not {WIT_VERSION}",
            manifest.wit
        ));
    }
    let Some(vendor) = vendor_of(&manifest.name) else {
        return problem(format!("that its name is {:?}, expected `vendor:package`", manifest.name));
    };
    if !is_semantic(&manifest.version) {
        return problem(format!("that its version is {:?}, expected `1.2.3`", manifest.version));
    }
    let mut names = BTreeSet::new();
    for action in &manifest.actions {
        if vendor_of(&action.name) != Some(vendor) {
            return problem(format!("action {:?} where `{vendor}:…` is possible", action.name));
        }
        if !names.insert(&action.name) {
            return problem(format!("action {:?} twice", action.name));
        }
        for need in &action.needs {
            let area = need.split(':').next().unwrap_or_default();
            if area != "network" && !manifest.interfaces.contains(area) {
                return problem(format!(
                    "that {:?} needs {need:?}, which is no use without interface `{area}`",
                    action.name
                ));
            }
        }
    }
    if manifest.actions.is_empty() {
        return problem("nothing of any action".to_owned());
    }
    Ok(())
}

fn vendor_of(name: &str) -> Option<&str> {
    let (vendor, rest) = name.split_once(':')?;
    let word = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    (word(vendor) && word(rest)).then_some(vendor)
}

fn is_semantic(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<_> = core.split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u64>().is_ok())
}
