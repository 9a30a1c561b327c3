//! Documents that lay beside a runbook when it was started. They are kept with its run, for its steps and those of the runs that it
//! starts, and no other run meets them.

use host_api::identifier::RunId;
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx, WriteError, runs, state};

use crate::error::ServiceError;

/// What the keys of these documents begin with among what is kept with a run.
const PREFIX: &str = "document/";

/// A document that is in no store and is not shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BesideDocument {
    pub content: String,
    /// The text of the lock file beside it.
    pub lock: Option<String>,
}

impl BesideDocument {
    pub(crate) fn encoded(&self) -> Result<String, ServiceError> {
        serde_json::to_string(self)
            .map_err(|error| ServiceError::internal(format!("a document cannot be kept: {error}")))
    }
}

/// Keeps an encoded document with a run.
pub(crate) fn keep(
    tx: &mut Tx<'_>,
    run: &RunId,
    name: &str,
    encoded: &str,
) -> Result<(), WriteError> {
    state::put(tx, &state::run_scope(run), &format!("{PREFIX}{name}"), encoded)
}

/// Finds a document that is kept with the run, or with one of those that led to it.
pub(crate) fn find(
    tx: &ReadTx<'_>,
    run: &RunId,
    name: &str,
) -> Result<Option<BesideDocument>, ServiceError> {
    let key = format!("{PREFIX}{name}");
    let mut next = Some(run.clone());
    while let Some(run) = next {
        if let Some(text) = state::get(tx, &state::run_scope(&run), &key)? {
            let document = serde_json::from_str(&text).map_err(|error| {
                ServiceError::internal(format!("the kept document {name} cannot be read: {error}"))
            })?;
            return Ok(Some(document));
        }
        next = runs::find(tx, &run)?.and_then(|row| row.parent).map(|parent| parent.run);
    }
    Ok(None)
}
