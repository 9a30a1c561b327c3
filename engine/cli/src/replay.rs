//! Replay of an exported run, on any machine.

use std::path::Path;

use anyhow::Result;
use driver::export::Recording;
use host_api::limits::Limits;
use sandbox::{Sandbox, Settings};
use serde_json::Value;

use crate::exit::Refusal;

/// Replays a file made by `runs export`. Nothing of this machine's store is touched.
pub(crate) async fn of_file(file: &Path) -> Result<Value> {
    let text = std::fs::read(file)
        .map_err(|error| Refusal::bad_input(format!("cannot read {}: {error}", file.display())))?;
    let recording = Recording::from_json(&text).map_err(Refusal::caused)?;
    let sandbox = Sandbox::new(Settings { concurrency_max: 1, ..Settings::default() })?;
    let report = driver::replay::replay(&recording, &sandbox, &Limits::default(), None).await;
    let report = report.map_err(Refusal::caused)?;
    Ok(serde_json::to_value(report)?)
}
