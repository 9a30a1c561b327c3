//! Replay of an exported run, on any machine.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use driver::export::Recording;
use host_api::identifier::Digest;
use host_api::limits::Limits;
use sandbox::{Compiler, Origin, Sandbox, Settings};
use serde_json::Value;

use crate::exit::Refusal;
use crate::source;

/// A recording. Components are the bulk of it: base64 of some of the largest there may be.
const RECORDING_BYTES_MAX: usize = 512 << 20;

/// Replays a file made by `runs export`. Nothing of this machine's store is touched.
pub(crate) async fn of_file(file: &Path) -> Result<Value> {
    let text = source::bytes(file, RECORDING_BYTES_MAX)?;
    let recording = Recording::from_json(&text).map_err(Refusal::caused)?;
    let sandbox = Sandbox::new(Settings {
        concurrency_max: 1,
        compiler: Compiler::ChildProcess {
            executable: std::env::current_exe().context("cannot find this very program")?,
            arguments: vec!["compile-component".to_owned()],
        },
        ..Settings::default()
    })?;
    register_own(&recording, &sandbox).await?;
    let report = driver::replay::replay(&recording, &sandbox, &Limits::default(), None).await;
    let report = report.map_err(Refusal::caused)?;
    Ok(serde_json::to_value(report)?)
}

/// Registers those components of a recording that are in this very binary. The replay takes all others for foreign and has them
/// compiled by the child process.
async fn register_own(recording: &Recording, sandbox: &Sandbox) -> Result<()> {
    for shipped in library::actions() {
        if recording.components.contains_key(&Digest::of(shipped.bytes)) {
            sandbox.register(Arc::from(shipped.bytes), Origin::BuiltIn).await?;
        }
    }
    Ok(())
}
