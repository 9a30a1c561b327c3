//! Events in the shape of `EventBridge`, with SSM's detail-types.
//!
//! What happens beside runs is a row, written in the transaction of what it tells of. What happens in runs follows from their journals, so
//! that a step costs no row more. Both are read as one sequence with an opaque cursor, and [`store::Store::commits`] tells when there
//! may be more. Delivery is at least once: whoever resumes from the cursor of the last event that it has handled misses nothing.
//!
//! An execution's events say `InProgress`, `Cancelling` and how it ended; that it waits is told by the event of the step that waits.

mod automation;
mod cursor;
mod intake;
mod merge;
mod parameter;

use host_api::identifier::{Digest, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{ReadTx, Tx, events, runs};

pub(crate) use automation::RUN_DETAIL_TYPES;
pub(crate) use intake::is_deeper;
pub use intake::{DEDUPLICATION_MS, DETAIL_DEPTH_MAX, INCOMING_MAX, Incoming, Taken};
pub use parameter::{ParameterOperation, PolicyStatus, parameter_change, policy_action};

use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::{Actor, now_ms};
use crate::clock::instant;
use crate::error::ServiceError;
use crate::parameters::Place;
use cursor::Cursor;
use merge::Merge;

/// The events of one page.
pub const PAGE_MAX: usize = 1_000;
/// The source of what this installation tells of itself.
pub(crate) const SOURCE: &str = "aws.ssm";
const DAY_MS: u64 = 24 * 3_600_000;
/// Events deleted in one transaction.
const DELETED_MAX: u32 = 1_000;

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    pub version: String,
    /// The same whenever the event is read.
    pub id: String,
    pub detail_type: String,
    pub source: String,
    pub account: String,
    /// ISO 8601.
    pub time: String,
    pub region: String,
    pub resources: Vec<String>,
    pub detail: Value,
    /// The replay by which it comes once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_name: Option<String>,
}

/// An event and the cursor that leads to those after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    pub cursor: String,
    pub event: Event,
    /// The run that it is of, or whose step did it.
    #[serde(skip)]
    pub run: Option<RunId>,
}

impl Services {
    /// Returns up to `limit` events, at most [`PAGE_MAX`], after the cursor, and the cursor to go on with; from the beginning without
    /// one. With `run`, only those of the run and of what its steps did, and a cursor is good for that run alone.
    ///
    /// There may be fewer events than asked for, even none, although more follow: nothing follows for now only when the cursor stays
    /// the same.
    ///
    /// # Errors
    /// `InvalidNextToken` for a cursor that did not come from here; `AutomationExecutionNotFoundException`.
    pub async fn events(
        &self,
        cursor: Option<&str>,
        limit: usize,
        run: Option<&RunId>,
    ) -> Result<(Vec<Occurrence>, String), ServiceError> {
        let cursor = cursor.map(|text| Cursor::parse(text, run)).transpose()?;
        let (place, run) = (self.place().clone(), run.cloned());
        let limit = limit.min(PAGE_MAX);
        let read = move |tx: &ReadTx<'_>| {
            check_run(tx, run.as_ref())?;
            let cursor = cursor.unwrap_or_else(|| Cursor::beginning(run.as_ref()));
            let cursor = cursor.resumed(tx)?;
            Merge::new(tx, &place, run.as_ref(), cursor).page(limit)
        };
        self.store().read(read).await
    }

    /// As [`Services::events`] for all of them, without those that follow from journals of runs: the cursor passes over these.
    pub(crate) async fn events_beside_runs(
        &self,
        cursor: &str,
        limit: usize,
    ) -> Result<(Vec<Occurrence>, String), ServiceError> {
        let cursor = Cursor::parse(cursor, None)?;
        let place = self.place().clone();
        let read = move |tx: &ReadTx<'_>| {
            let cursor = cursor.resumed(tx)?;
            let journal = Cursor::end(tx, None)?.journal;
            Merge::new(tx, &place, None, Cursor { journal, ..cursor }).page(limit.min(PAGE_MAX))
        };
        self.store().read(read).await
    }

    /// Returns the cursor after everything that has happened, for who wants only what comes.
    ///
    /// # Errors
    /// `AutomationExecutionNotFoundException`.
    pub async fn events_from_now(&self, run: Option<&RunId>) -> Result<String, ServiceError> {
        let run = run.cloned();
        let read = move |tx: &ReadTx<'_>| {
            check_run(tx, run.as_ref())?;
            Ok(Cursor::end(tx, run.as_ref())?.to_string())
        };
        self.store().read(read).await
    }
}

impl Services {
    /// Deletes the events whose days are over. To be called now and then.
    pub async fn forget_old_events(&self) -> Result<(), ServiceError> {
        let before_ms = self.kept_since_ms();
        let delete = move |tx: &mut Tx<'_>| events::delete_before(tx, before_ms, DELETED_MAX);
        while self.store().write(delete).await? > 0 {}
        Ok(())
    }

    /// Returns the time before which nothing is kept of what happened beside runs.
    pub(crate) fn kept_since_ms(&self) -> u64 {
        let kept_ms = u64::from(self.event_days_max().get()) * DAY_MS;
        now_ms().saturating_sub(kept_ms)
    }

    /// Asks the policies whether somebody may follow the events of a run, or all of them: `GetAutomationExecution` and `ListEvents`.
    /// Who follows for long is asked about again and again, for a credential can be revoked and a policy changed.
    ///
    /// # Errors
    /// `AccessDeniedException`, also when the credential is none any more.
    pub async fn may_follow(&self, actor: &Actor, run: Option<&RunId>) -> Result<(), ServiceError> {
        if let Some(request) = actor.request()
            && !self.directory().await?.stands(&request.credential_id, now_ms())
        {
            return Err(ServiceError::denied("the credential is none any more".to_owned()));
        }
        let (operation, resource) = match run {
            Some(run) => {
                ("GetAutomationExecution", Resource::AutomationExecution(run.as_str().to_owned()))
            }
            None => ("ListEvents", Resource::Account),
        };
        let asking = actor.clone().asking(operation, Value::Null);
        let resources = [resource];
        let question =
            Question { operation, access: Access::Read, resources: &resources, conditions: &[] };
        self.authorise(&asking, question).await.map(drop)
    }

    /// Returns whether a run has ended.
    ///
    /// # Errors
    /// `AutomationExecutionNotFoundException`.
    pub async fn has_ended(&self, run: &RunId) -> Result<bool, ServiceError> {
        let wanted = run.clone();
        let read = move |tx: &ReadTx<'_>| -> Result<bool, ServiceError> {
            check_run(tx, Some(&wanted))?;
            Ok(runs::find(tx, &wanted)?.is_some_and(|row| row.view.ended_ms.is_some()))
        };
        self.store().read(read).await
    }
}

fn check_run(tx: &ReadTx<'_>, run: Option<&RunId>) -> Result<(), ServiceError> {
    let Some(run) = run else { return Ok(()) };
    match runs::find(tx, run)? {
        Some(_) => Ok(()),
        None => Err(ServiceError::request(
            "AutomationExecutionNotFoundException",
            format!("there is no run {run}"),
        )),
    }
}

/// Returns the cursor of one position beside runs, and of another one in the journals.
pub(crate) fn beside(beside_runs: &str, journals: &str) -> Result<String, ServiceError> {
    let journal = Cursor::parse(journals, None)?.journal;
    Ok(Cursor { journal, ..Cursor::parse(beside_runs, None)? }.to_string())
}

/// Fills in what all events have in common.
pub(crate) fn event(place: &Place, id: String, detail_type: &str, time_ms: u64) -> Event {
    Event {
        version: "0".to_owned(),
        id,
        detail_type: detail_type.to_owned(),
        source: SOURCE.to_owned(),
        account: place.account_id.clone(),
        time: instant(time_ms),
        region: place.region.clone(),
        resources: Vec::new(),
        detail: Value::Null,
        replay_name: None,
    }
}

/// Returns the id of the event that follows from an entry of a run's journal.
fn derived_id(run: &RunId, seq: u64) -> String {
    let digest = Digest::of(format!("event\0{run}\0{seq}").as_bytes());
    let digits = digest.as_str().as_bytes().chunks_exact(2);
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits) {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
