//! Whether what is stored of a run is what it claims to be.

use std::sync::Arc;

use anyhow::Result;
use host_api::identifier::{Digest, RunId};
use machine::State;
use machine::event::Event;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::exit::Refusal;

/// Runs looked at in one page.
const PAGE: usize = 200;

/// Verifies one run or all.
pub(crate) async fn verify(engine: &Engine, run: Option<RunId>) -> Result<Value> {
    let runs = match run {
        Some(run) => vec![run],
        None => all(engine).await?,
    };
    let mut reports = Vec::new();
    for run in runs {
        reports.push(verify_one(engine, &run).await?);
    }
    let ok = reports.iter().all(|report| report["problems"].as_array().is_some_and(Vec::is_empty));
    Ok(json!({ "ok": ok, "runs": reports }))
}

async fn all(engine: &Engine) -> Result<Vec<RunId>> {
    let (mut runs, mut cursor) = (Vec::new(), None);
    loop {
        let page = engine
            .services()
            .list_runs(store::runs::Filter::default(), cursor, PAGE)
            .await
            .map_err(|error| Refusal::bad_input(error.to_string()))?;
        runs.extend(page.0.into_iter().map(|run| run.id));
        cursor = page.1;
        if cursor.is_none() {
            return Ok(runs);
        }
    }
}

async fn verify_one(engine: &Engine, run: &RunId) -> Result<Value> {
    let wanted = run.clone();
    let row = engine.services().store().read(move |tx| store::runs::get(tx, &wanted)).await;
    let row = row.map_err(|error: store::ReadError| Refusal::bad_input(error.to_string()))?;
    let mut problems = Vec::new();
    let recording = match driver::export::record(engine.services().store(), run).await {
        Ok(recording) => recording,
        Err(driver::export::ExportError::NotStarted(_)) => {
            return Ok(json!({ "id": run, "entries": 0, "problems": problems }));
        }
        Err(error) => {
            problems.push(error.to_string());
            return Ok(json!({ "id": run, "entries": 0, "problems": problems }));
        }
    };
    if recording.plan.digest() != row.plan_digest {
        problems.push(format!("its plan is not the plan {}", row.plan_digest));
    }
    if let Some(Event::RunStarted(started)) = recording.journal.first().map(|entry| &entry.event) {
        check_components(&recording, started.components.values(), &mut problems);
    }
    let mut state = State::new(Arc::new(recording.plan.clone()));
    for (seq, entry) in recording.journal.iter().enumerate() {
        if let Err(error) = state.apply(entry) {
            problems.push(format!("its journal does not fold at entry {seq}: {error}"));
            break;
        }
    }
    if state.status().as_str() != row.view.status {
        problems.push(format!(
            "its journal says {} and its row says {}",
            state.status(),
            row.view.status
        ));
    }
    Ok(json!({ "id": run, "entries": recording.journal.len(), "problems": problems }))
}

fn check_components<'d>(
    recording: &driver::export::Recording,
    digests: impl Iterator<Item = &'d Digest>,
    problems: &mut Vec<String>,
) {
    for digest in digests {
        if recording.component(digest).is_err() {
            problems.push(format!("the component {digest} is not what its digest says"));
        }
    }
}
