//! Events from outside that somebody waits for.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::Led;
use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::Actor;
use crate::change::Deed;
use crate::cloud_events::CloudEvent;
use crate::error::ServiceError;
use crate::event_bridge::BUS;
use crate::events::{Incoming, Taken};

/// How long an answer waits for what rules do. They do it all the same; the answer then names less.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// What the sources begin with that only the installation itself names.
pub(crate) const RESERVED: &str = "aws.";
/// The operation by which somebody tells of events, whatever form they have.
const PUT_EVENTS: &str = "events:PutEvents";
/// How long the source and the detail-type of an event may be.
const TEXT_CHARACTERS_MAX: usize = 256;

/// What became of events from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// The runs that they started, so far.
    pub execution_ids: Vec<String>,
    /// In the order in which they were told.
    pub event_ids: Vec<String>,
    /// Whether all of them were taken before.
    pub duplicate: bool,
}

impl Services {
    /// Tells of an event by hand: its source and its detail-type, and what it says. Waits until rules have done what they do about it.
    ///
    /// # Errors
    /// `AccessDeniedException`; `ValidationException` for a source that only the installation itself may name, or texts that are too long.
    pub async fn send_event(
        &self,
        actor: &Actor,
        [source, detail_type]: [String; 2],
        detail: Value,
        resources: Vec<String>,
    ) -> Result<Accepted, ServiceError> {
        check_source(&source)?;
        check("detail-type", &detail_type)?;
        if !detail.is_object() {
            return Err(ServiceError::validation("the detail of an event is a JSON object"));
        }
        let deed = Deed::new(PUT_EVENTS, Resource::EventBus(BUS.to_owned()).arn(self.place()))
            .details(json!({ "source": source, "detailType": detail_type }));
        let event =
            Incoming { source, detail_type, detail, resources, at_ms: None, once: None, id: None };
        self.accept(actor, deed, vec![event]).await
    }

    /// Takes `CloudEvents`, all of them or none, as [`Services::send_event`] takes one event.
    ///
    /// # Errors
    /// `AccessDeniedException`; `ValidationException` as there.
    pub async fn take_cloud_events(
        &self,
        actor: &Actor,
        events: Vec<CloudEvent>,
    ) -> Result<Accepted, ServiceError> {
        let actor = actor.clone().asking(PUT_EVENTS, json!({ "events": events.len() }));
        let question = Question {
            operation: PUT_EVENTS,
            access: Access::Write,
            resources: &[Resource::EventBus(BUS.to_owned())],
            conditions: &[],
        };
        self.authorise(&actor, question).await?;
        for event in &events {
            check_source(&event.source)?;
            check("detail-type", &event.kind)?;
        }
        let deed = Deed::new(PUT_EVENTS, Resource::EventBus(BUS.to_owned()).arn(self.place()))
            .details(json!({ "events": events.len() }));
        self.accept(&actor, deed, events.into_iter().map(Incoming::from).collect()).await
    }

    /// Stores events, each once, waits until rules have done what they do about them, and says which runs began.
    pub(crate) async fn accept(
        &self,
        actor: &Actor,
        deed: Deed,
        mut incoming: Vec<Incoming>,
    ) -> Result<Accepted, ServiceError> {
        let waiting = &self.triggers().waiting;
        let mut receivers = Vec::with_capacity(incoming.len());
        for event in &mut incoming {
            let id = event.id.get_or_insert_with(|| uuid::Uuid::new_v4().to_string());
            receivers.push((id.clone(), waiting.wait(id)));
        }
        let taken = self.take_in(actor, deed, incoming).await;
        for (place, (id, _)) in receivers.iter().enumerate() {
            let taken = taken.as_ref().ok().and_then(|taken| taken.get(place));
            if !taken.is_some_and(|taken| taken.is_new(id)) {
                waiting.forget(id);
            }
        }
        let taken = taken?;
        if self.rules().is_idle() {
            // Nobody holds events against rules, perhaps because no server runs.
            waiting.release();
        }
        let mut accepted = Accepted {
            duplicate: !taken.is_empty() && taken.iter().all(|taken| taken.is_duplicate),
            ..Accepted::default()
        };
        let deadline = tokio::time::Instant::now() + WAIT_MAX;
        for (taken, (id, receiver)) in taken.into_iter().zip(receivers) {
            let is_new = taken.is_new(&id);
            let Taken { event_id, .. } = taken;
            let led = if !is_new {
                self.led_by(&event_id).await?
            } else if let Ok(led) = tokio::time::timeout_at(deadline, receiver).await {
                led.unwrap_or_default()
            } else {
                waiting.forget(&id);
                self.led_by(&event_id).await?
            };
            let runs =
                led.into_iter().filter(|led| led.is_run).filter_map(|Led { result, .. }| result);
            for run in runs {
                if !accepted.execution_ids.contains(&run) {
                    accepted.execution_ids.push(run);
                }
            }
            accepted.event_ids.push(event_id);
        }
        Ok(accepted)
    }
}

fn check_source(source: &str) -> Result<(), ServiceError> {
    check("source", source)?;
    if !source.starts_with(RESERVED) {
        return Ok(());
    }
    Err(ServiceError::validation(format!(
        "the source {source} is reserved: those that begin with {RESERVED} tell what happens here"
    )))
}

fn check(name: &str, text: &str) -> Result<(), ServiceError> {
    let characters = text.chars().count();
    if (1..=TEXT_CHARACTERS_MAX).contains(&characters) {
        return Ok(());
    }
    Err(ServiceError::validation(format!(
        "the {name} of an event has 1 to {TEXT_CHARACTERS_MAX} characters, not {characters}"
    )))
}
