//! Settling a failed attempt: what it began is cancelled and seen to end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use host_api::effect::{Activation, StepPath};
use host_api::failure::{Failure, FailureKind};
use host_api::invocation::WaitKind;
use host_api::port::{Caller, LoggedAnswer, LoggedCall};
use host_api::request::{AutomationRequest, CommandsRequest, HostRequest};
use serde_json::Value;
use store::{Notice, Store};
use tokio::sync::oneshot;

use crate::driver::Shared;
use crate::load::Fixed;

/// How long to wait before the store is asked again after it failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);
/// Ordinals of cancels that the engine makes lie beyond those a guest can reach.
const FIRST_ORDINAL: u32 = 1 << 30;

/// Returns the commands and child runs that an attempt began, in order.
pub(crate) async fn began_by_attempt(
    store: &Store,
    activation: &Activation,
) -> Result<Vec<(WaitKind, String)>, Failure> {
    Ok(calls_of_attempt(store, activation).await?.iter().filter_map(began).collect())
}

/// Returns the logged calls of all activations of an attempt.
pub(crate) async fn calls_of_attempt(
    store: &Store,
    activation: &Activation,
) -> Result<Vec<LoggedCall>, Failure> {
    let wanted = activation.clone();
    store
        .read(move |tx| store::host_calls::read_attempt(tx, &wanted))
        .await
        .map_err(|error: store::ReadError| internal(&error))
}

fn began(call: &LoggedCall) -> Option<(WaitKind, String)> {
    if !call.request.begins() {
        return None;
    }
    let is_command = matches!(call.request, HostRequest::Commands(_));
    let kind = if is_command { WaitKind::Command } else { WaitKind::Automation };
    match call.answer.as_ref()? {
        LoggedAnswer::Value(Value::String(id)) => Some((kind, id.clone())),
        LoggedAnswer::Value(_) | LoggedAnswer::Failure(_) | LoggedAnswer::Withheld => None,
    }
}

/// Cancels what the attempt began and returns when all of it ended, or the deadline passed.
///
/// `interrupted` ends when the attempt's own activation is gone: only then nothing is begun any more.
pub(crate) async fn settle(
    shared: Arc<Shared>,
    fixed: Arc<Fixed>,
    path: StepPath,
    attempt: u32,
    interrupted: Option<oneshot::Receiver<()>>,
) {
    let activation = Activation { run: fixed.started.run.clone(), path, attempt, activation: 1 };
    let limit = Duration::from_millis(shared.settings.settle_ms_max);
    let settled = tokio::time::timeout(limit, async {
        if let Some(interrupted) = interrupted {
            // Nothing is ever sent: it ends when its sender is dropped.
            drop(interrupted.await);
        }
        while let Err(failure) = settle_all(&shared, &fixed, &activation).await {
            tracing::warn!(run = %activation.run, step = %activation.path, %failure, "could not settle an attempt yet");
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
    });
    if settled.await.is_err() {
        tracing::warn!(run = %activation.run, step = %activation.path, "what an attempt began did not end in time");
    }
}

async fn settle_all(
    shared: &Shared,
    fixed: &Fixed,
    activation: &Activation,
) -> Result<(), Failure> {
    let mut notices = shared.store.subscribe();
    // What an interrupted activation still had in the writer's queue is written before this is.
    shared.store.write(|_| Ok(())).await.map_err(|error: store::WriteError| internal(&error))?;
    let mut under_way = BTreeSet::new();
    for (position, (kind, id)) in (0u32..).zip(began_by_attempt(&shared.store, activation).await?) {
        if is_ended(shared, kind, &id).await? {
            continue;
        }
        let request = match kind {
            WaitKind::Command => HostRequest::Commands(CommandsRequest::Cancel { id: id.clone() }),
            WaitKind::Automation => {
                HostRequest::Automation(AutomationRequest::Cancel { id: id.clone() })
            }
            WaitKind::Signal | WaitKind::Time => continue,
        };
        let (standing, _) = crate::activation::standing(fixed, activation.clone())?;
        let caller = Caller {
            principal: standing.principal,
            activation: activation.clone(),
            ordinal: FIRST_ORDINAL + position,
            prior: Vec::new(),
            depth: standing.depth,
            grants: standing.grants,
        };
        if let Err(failure) = shared.capabilities.perform(&caller, &request).await {
            tracing::debug!(id, %failure, "a cancel was refused");
        }
        if !is_ended(shared, kind, &id).await? {
            under_way.insert((kind, id));
        }
    }
    while !under_way.is_empty() {
        match notices.recv().await {
            Some(Notice::Completed(kind, id)) => drop(under_way.remove(&(kind, id))),
            Some(_) => {}
            None => return Err(Failure::new(FailureKind::Internal, "the store is closed")),
        }
    }
    Ok(())
}

fn internal(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::Internal, error.to_string())
}

async fn is_ended(shared: &Shared, kind: WaitKind, id: &str) -> Result<bool, Failure> {
    let id = id.to_owned();
    shared
        .store
        .read(move |tx| store::completions::find(tx, kind, &id))
        .await
        .map(|found| found.is_some())
        .map_err(|error: store::ReadError| internal(&error))
}
