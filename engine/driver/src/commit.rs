//! A transition made durable: journal, waits, host calls, inbox and view in one transaction.

use host_api::effect::Activation;
use host_api::identifier::RunId;
use host_api::invocation::WaitKind;
use machine::effect::Effect;
use machine::event::Entry;
use store::host_calls::Encoded;
use store::{Tx, WriteError};

/// Everything one transaction of a run writes.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) run: RunId,
    pub(crate) expected_seq: u64,
    pub(crate) epoch: u64,
    pub(crate) entries: Vec<String>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) taken: Vec<i64>,
    pub(crate) calls: Vec<(Activation, Encoded)>,
    pub(crate) logs: Vec<(Activation, String)>,
    pub(crate) view: Option<View>,
}

/// What the run's row shows, when it changed.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) row: store::runs::View,
    /// JSON text: what a parent run is told.
    pub(crate) result: Option<String>,
    pub(crate) now_ms: u64,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.taken.is_empty() && self.calls.is_empty()
    }
}

/// Writes the batch; re-runnable.
pub(crate) fn write(tx: &mut Tx<'_>, batch: &Batch) -> Result<u64, WriteError> {
    for (activation, calls) in &batch.calls {
        store::host_calls::append_encoded(tx, activation, calls)?;
    }
    for (activation, lines) in &batch.logs {
        store::step_logs::put(tx, activation, lines)?;
    }
    let next =
        store::journal::append(tx, &batch.run, batch.expected_seq, batch.epoch, &batch.entries)?;
    for effect in &batch.effects {
        match effect {
            Effect::Await { path, attempt, activation, on, due_ms } => {
                store::waits::insert(
                    tx,
                    &identity(&batch.run, path, *attempt, *activation),
                    on,
                    Some(*due_ms),
                )?;
            }
            Effect::SetTimer { path, attempt, activation, due_ms } => {
                store::waits::insert(
                    tx,
                    &identity(&batch.run, path, *attempt, *activation),
                    &[],
                    Some(*due_ms),
                )?;
            }
            Effect::ClearWaits { path } => store::waits::delete(tx, &batch.run, &path.to_string())?,
            Effect::Invoke(_)
            | Effect::Interrupt { .. }
            | Effect::Settle { .. }
            | Effect::Finish => {}
        }
    }
    store::inbox::delete(tx, &batch.taken)?;
    if let Some(view) = &batch.view {
        if view.row.ended_ms.is_some() {
            store::audit::append_run_end(tx, &batch.run, &view.row.status, view.now_ms)?;
        }
        store::runs::set_view(tx, &batch.run, &view.row)?;
        if let Some(result) = &view.result {
            let run = batch.run.as_str();
            store::completions::record(tx, WaitKind::Automation, run, result, view.now_ms)?;
        }
    }
    Ok(next)
}

fn identity(
    run: &RunId,
    path: &host_api::effect::StepPath,
    attempt: u32,
    activation: u32,
) -> Activation {
    Activation { run: run.clone(), path: path.clone(), attempt, activation }
}

/// Returns the entries as they stand in the journal.
pub(crate) fn texts(entries: &[Entry]) -> Result<Vec<String>, serde_json::Error> {
    entries.iter().map(serde_json::to_string).collect()
}
