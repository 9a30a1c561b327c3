//! Events from outside: stored before anybody is told that they were taken.

use host_api::identifier::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::events::{self, NewEvent};
use store::once::{self, Once, Times};
use store::{Tx, WriteError};

use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

/// How long the key of an event is remembered, in milliseconds: within it the same event is taken once.
pub const DEDUPLICATION_MS: u64 = 24 * 3_600_000;
/// Events that are taken together.
pub const INCOMING_MAX: usize = 1_000;

/// How deep objects and lists of a detail may be nested. What wraps an event later has to be readable too.
pub const DETAIL_DEPTH_MAX: usize = 64;

/// An event that somebody outside tells of.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    pub source: String,
    pub detail_type: String,
    pub detail: Value,
    /// ARNs, or what stands for them outside.
    pub resources: Vec<String>,
    /// When it happened, in milliseconds since the Unix epoch; now when nothing is said.
    pub at_ms: Option<u64>,
    /// Under what it is taken once: a scope and a key.
    pub once: Option<(String, String)>,
    /// The id that it gets; a new one when nothing is said.
    pub id: Option<String>,
}

/// An event that was taken, now or before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    pub event_id: String,
    pub is_duplicate: bool,
}

impl Taken {
    /// Returns whether it was taken now, under the id that was meant for it. What is asked for again under one signature is answered by
    /// what was taken then.
    pub(crate) fn is_new(&self, id: &str) -> bool {
        !self.is_duplicate && self.event_id == id
    }
}

struct Prepared {
    event: NewEvent,
    once: Option<(String, String, Digest)>,
}

impl Services {
    /// Stores events in one transaction, each once under its key, and says under which id each is known.
    ///
    /// # Errors
    /// `ValidationException` for more than [`INCOMING_MAX`], and for a detail that is deeper than [`DETAIL_DEPTH_MAX`].
    pub(crate) async fn take_in(
        &self,
        actor: &Actor,
        deed: Deed,
        incoming: Vec<Incoming>,
    ) -> Result<Vec<Taken>, ServiceError> {
        if incoming.len() > INCOMING_MAX {
            return Err(ServiceError::validation(format!(
                "{} events are more than the {INCOMING_MAX} that are taken together",
                incoming.len()
            )));
        }
        if incoming.iter().any(|event| is_deeper(&event.detail, DETAIL_DEPTH_MAX + 1)) {
            return Err(ServiceError::validation(format!(
                "the detail of an event is nested deeper than {DETAIL_DEPTH_MAX} levels"
            )));
        }
        let now_ms = now_ms();
        let prepared: Vec<Prepared> =
            incoming.into_iter().map(|event| prepared(event, now_ms)).collect();
        self.change(actor, deed, move |tx| take(tx, &prepared, now_ms)).await
    }
}

fn prepared(incoming: Incoming, now_ms: u64) -> Prepared {
    let once = incoming.once.map(|(scope, key)| {
        let digest = Digest::of(key.as_bytes());
        (scope, key, digest)
    });
    let event = NewEvent {
        id: incoming.id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        time_ms: now_ms,
        at_ms: incoming.at_ms.unwrap_or(now_ms),
        source: incoming.source,
        detail_type: incoming.detail_type,
        resources: json!(incoming.resources).to_string(),
        detail: incoming.detail.to_string(),
        run: None,
        replay: None,
    };
    Prepared { event, once }
}

fn take(tx: &mut Tx<'_>, prepared: &[Prepared], now_ms: u64) -> Result<Vec<Taken>, ServiceError> {
    let mut taken = Vec::with_capacity(prepared.len());
    for Prepared { event, once } in prepared {
        let before = match once {
            Some(once) => before(tx, once, now_ms)?,
            None => None,
        };
        if let Some(event_id) = before {
            taken.push(Taken { event_id, is_duplicate: true });
            continue;
        }
        events::append(tx, event)?;
        if let Some((scope, key, digest)) = once {
            let expires_ms = Some(now_ms.saturating_add(DEDUPLICATION_MS));
            once::finish(tx, scope, key, digest, &event.id, Times { now_ms, expires_ms })?;
        }
        taken.push(Taken { event_id: event.id.clone(), is_duplicate: false });
    }
    Ok(taken)
}

/// Returns the id of the event that was taken under the same key.
fn before(
    tx: &mut Tx<'_>,
    (scope, key, digest): &(String, String, Digest),
    now_ms: u64,
) -> Result<Option<String>, WriteError> {
    Ok(match once::begin(tx, scope, key, digest, now_ms)? {
        Once::Same(event_id) => Some(event_id),
        // The digest is the key's, so that there is no other request under it.
        Once::New | Once::Mismatch => None,
    })
}

/// Returns whether objects and lists are nested deeper than so many levels.
pub(crate) fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(elements) => {
            levels == 0 || elements.iter().any(|element| is_deeper(element, levels - 1))
        }
        Value::Object(members) => {
            levels == 0 || members.values().any(|member| is_deeper(member, levels - 1))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
