//! A run with all that a replay needs, as one document that can be carried to another machine.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::effect::{Activation, StepPathError};
use host_api::identifier::{Digest, RunId};
use host_api::port::LoggedCall;
use machine::event::{Entry, Event};
use runbook::plan::Plan;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::load::LoadError;

/// What [`Recording::format`] says.
pub const FORMAT: &str = "runwright-run/1";

/// A run as it was recorded. It holds no secret: those are references in it. The random seed is not in it either.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    pub format: String,
    pub run: RunId,
    pub plan: Plan,
    pub journal: Vec<Entry>,
    pub host_calls: Vec<RecordedActivation>,
    /// Component bytes in base64, by digest.
    pub components: BTreeMap<Digest, String>,
}

/// The host calls of one activation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedActivation {
    pub activation: Activation,
    pub calls: Vec<LoggedCall>,
}

/// Why a recording cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("cannot read the store")]
    Store(#[from] store::ReadError),
    #[error("run {0} has not started yet")]
    NotStarted(RunId),
    #[error("this is no recording of a run: {0}")]
    Format(String),
    #[error("component {0} of the recording is not what its digest says")]
    Component(Digest),
}

/// Reads a run's journal from the store.
pub async fn journal(store: &Store, run: &RunId) -> Result<Vec<Entry>, ExportError> {
    Ok(crate::load::read(store, run).await?.1)
}

/// Reads a run with its components from the store.
pub async fn record(store: &Store, run: &RunId) -> Result<Recording, ExportError> {
    let (plan, journal) = crate::load::read(store, run).await?;
    let Some(Event::RunStarted(started)) = journal.first().map(|entry| &entry.event) else {
        return Err(ExportError::NotStarted(run.clone()));
    };
    let digests: Vec<Digest> = started.components.values().cloned().collect();
    let id = run.clone();
    let (calls, components) = store
        .read(move |tx| {
            let calls = store::host_calls::read_run(tx, &id)?;
            let mut components = BTreeMap::new();
            for digest in &digests {
                let bytes = store::plugins::component(tx, digest)?;
                components.insert(digest.clone(), STANDARD.encode(bytes));
            }
            Ok::<_, store::ReadError>((calls, components))
        })
        .await?;
    let host_calls =
        calls.into_iter().map(|row| recorded(run, row)).collect::<Result<_, ExportError>>()?;
    let plan = std::sync::Arc::unwrap_or_clone(plan);
    Ok(Recording {
        format: FORMAT.to_owned(),
        run: run.clone(),
        plan,
        journal,
        host_calls,
        components,
    })
}

fn recorded(
    run: &RunId,
    row: store::host_calls::ActivationCalls,
) -> Result<RecordedActivation, ExportError> {
    let path =
        row.path.parse().map_err(|error: StepPathError| ExportError::Format(error.to_string()))?;
    let activation =
        Activation { run: run.clone(), path, attempt: row.attempt, activation: row.activation };
    Ok(RecordedActivation { activation, calls: row.calls })
}

impl Recording {
    /// Reads a recording from its JSON.
    pub fn from_json(text: &[u8]) -> Result<Self, ExportError> {
        let recording: Self =
            serde_json::from_slice(text).map_err(|error| ExportError::Format(error.to_string()))?;
        if recording.format != FORMAT {
            return Err(ExportError::Format(format!(
                "its format is {}, not {FORMAT}",
                recording.format
            )));
        }
        Ok(recording)
    }

    /// Returns a component's bytes, checked against its digest.
    pub fn component(&self, digest: &Digest) -> Result<Vec<u8>, ExportError> {
        let wrong = || ExportError::Component(digest.clone());
        let bytes =
            STANDARD.decode(self.components.get(digest).ok_or_else(wrong)?).map_err(|_| wrong())?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(wrong()) }
    }
}
