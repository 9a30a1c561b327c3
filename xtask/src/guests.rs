//! Builds the components of the built-in actions. Neither wasmtime nor the engine is built for it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use guest_build::{Build, Built, Toolchain};

use crate::workspace::{root, say};

/// Builds what is missing or out of date.
pub(crate) fn setup() -> Result<()> {
    let built = build()?;
    let changed: Vec<_> = built.iter().filter(|component| component.changed).collect();
    for component in &changed {
        say(&format!(
            "  {} {} KiB, {}",
            component.manifest.name,
            component.bytes.div_ceil(1_024),
            component.digest
        ));
    }
    say(&format!("guests: {} of {} changed", changed.len(), built.len()));
    Ok(())
}

/// Builds all of them from nothing.
pub(crate) fn rebuild() -> Result<()> {
    for directory in [actions().join("target"), components()] {
        if directory.exists() {
            std::fs::remove_dir_all(&directory)
                .with_context(|| format!("cannot remove {}", directory.display()))?;
        }
    }
    setup()
}

fn build() -> Result<Vec<Built>> {
    let actions = actions();
    let mut report = |text: &str| say(&format!("guests: {text}"));
    let toolchain = Toolchain::find(&actions, &mut report)?;
    let components = components();
    let request = Build {
        manifest_dir: &actions,
        out_dir: &components,
        target_dir: Some(&actions.join("target")),
        locked: true,
        quiet: false,
    };
    let built = guest_build::build(&toolchain, &request).context("cannot build the guests")?;
    remove_others(&components, &built)?;
    Ok(built)
}

/// What an earlier build left would be embedded by the library.
fn remove_others(directory: &Path, built: &[Built]) -> Result<()> {
    let listing = || format!("cannot list {}", directory.display());
    for entry in std::fs::read_dir(directory).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        if !built.iter().any(|component| component.path == path) {
            std::fs::remove_file(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn actions() -> PathBuf {
    root().join("runbooks/actions")
}

fn components() -> PathBuf {
    actions().join("components")
}
