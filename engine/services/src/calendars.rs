//! Change calendars: whether changes may be made at a time.
//!
//! A calendar is a document of iCalendar text. It says which state holds when nothing is on; an event inverts that while it lasts.
//! Individually cancelled or added occurrences are refused, and so is everything of which we could not say when it is.

mod component;
mod event;
mod recurrence;
mod span;
mod zone;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use ssm_model::types::calendars::{GetCalendarStateRequest, GetCalendarStateResponse};

use crate::Services;
use crate::documents::CHANGE_CALENDAR;
use crate::error::ServiceError;
use component::Component;
use event::Event;
use recurrence::Budget;
use span::{Spans, next_change};
use zone::Zones;

/// Calendars of one request.
const CALENDARS_MAX: usize = 100;
/// Events of one calendar.
const EVENTS_MAX: usize = 2_000;
/// How far ahead recurring events are looked through for the next change of the state; the next occurrence of each is met however
/// far it is.
const HORIZON_SECONDS: i64 = 400 * 86_400;

/// Why a text is not a calendar that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the calendar is not valid: {0}")]
    Invalid(String),
    #[error(
        "the recurrences of the calendar are too many to look through: end them, or let them begin later"
    )]
    TooMuch,
}

impl Fault {
    fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }
}

/// A calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    is_open_by_default: bool,
    events: Vec<Event>,
}

impl Calendar {
    /// Reads iCalendar text.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let root = Component::parse(text)?;
        let is_open_by_default = match root.value("X-CALENDAR-TYPE") {
            Some("DEFAULT_OPEN") => true,
            Some("DEFAULT_CLOSED") => false,
            Some(other) => {
                return Err(Fault::invalid(format!(
                    "X-CALENDAR-TYPE is DEFAULT_OPEN or DEFAULT_CLOSED, not {other:?}"
                )));
            }
            None => {
                return Err(Fault::invalid(
                    "it does not say what holds outside its events: add the line X-CALENDAR-TYPE:DEFAULT_OPEN or X-CALENDAR-TYPE:DEFAULT_CLOSED",
                ));
            }
        };
        let mut budget = Budget::default();
        let mut zones = Zones::of(&root);
        let mut events = Vec::new();
        for component in root.children.iter().filter(|child| child.is("VEVENT")) {
            if events.len() >= EVENTS_MAX {
                return Err(Fault::invalid(format!("it has more than {EVENTS_MAX} events")));
            }
            events.extend(Event::read(component, &mut zones, &mut budget)?);
        }
        Ok(Self { is_open_by_default, events })
    }

    /// Returns when events are on, from `at` on.
    fn spans(&self, at: i64, budget: &mut Budget) -> Result<Spans, Fault> {
        let mut spans = Vec::new();
        for event in &self.events {
            event.spans(at, at.saturating_add(HORIZON_SECONDS), budget, &mut spans)?;
        }
        Ok(Spans::of(self.is_open_by_default, spans))
    }
}

impl Services {
    /// Returns whether all calendars are open at a time, and when that changes next.
    ///
    /// # Errors
    /// `InvalidDocument` for a calendar that does not exist, `InvalidDocumentType` for a document that is no calendar,
    /// `UnsupportedCalendarException` for one that cannot be asked.
    pub async fn get_calendar_state(
        &self,
        request: GetCalendarStateRequest,
    ) -> Result<GetCalendarStateResponse, ServiceError> {
        let GetCalendarStateRequest { at_time, calendar_names } = request;
        if calendar_names.is_empty() || calendar_names.len() > CALENDARS_MAX {
            return Err(ServiceError::validation(format!(
                "CalendarNames has 1 to {CALENDARS_MAX} names or ARNs of calendars"
            )));
        }
        let at = match at_time.as_deref() {
            None => Utc::now(),
            Some(text) => parse_time(text)?,
        };
        let mut texts = Vec::with_capacity(calendar_names.len());
        for name in calendar_names {
            texts.push((name.clone(), self.calendar_text(&name).await?));
        }
        // Recurrences are looked through, which takes its time.
        let looking = tokio::task::spawn_blocking(move || state(at, &texts));
        looking.await.map_err(|error| {
            ServiceError::internal(format!("calendars could not be looked through: {error}"))
        })?
    }

    async fn calendar_text(&self, name: &str) -> Result<String, ServiceError> {
        let (kind, content) = self.document_content(name).await?;
        if kind != CHANGE_CALENDAR {
            return Err(ServiceError::request(
                "InvalidDocumentType",
                format!("the document {name} is of the type {kind}, not {CHANGE_CALENDAR}"),
            ));
        }
        Ok(content)
    }
}

fn state(
    at: DateTime<Utc>,
    texts: &[(String, String)],
) -> Result<GetCalendarStateResponse, ServiceError> {
    let seconds = at.timestamp();
    let mut budget = Budget::default();
    let mut calendars = Vec::with_capacity(texts.len());
    for (name, text) in texts {
        let spans = Calendar::parse(text).and_then(|calendar| calendar.spans(seconds, &mut budget));
        calendars.push(spans.map_err(|fault| {
            ServiceError::request("UnsupportedCalendarException", format!("{name}: {fault}"))
        })?);
    }
    let is_open = calendars.iter().all(|calendar| calendar.is_open(seconds));
    let next = next_change(&calendars, seconds);
    Ok(GetCalendarStateResponse {
        at_time: Some(written(at)),
        next_transition_time: next
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map(written),
        state: Some(if is_open { "OPEN" } else { "CLOSED" }.to_owned()),
    })
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads an ISO 8601 time; without an offset it is UTC.
fn parse_time(text: &str) -> Result<DateTime<Utc>, ServiceError> {
    let with_offset = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y%m%dT%H%M%S%#z"];
    let without = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S"];
    let offset = with_offset.iter().find_map(|format| DateTime::parse_from_str(text, format).ok());
    let plain =
        || without.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    offset
        .map(|time| time.to_utc())
        .or_else(|| plain().or_else(day).map(|time| time.and_utc()))
        .ok_or_else(|| {
            ServiceError::validation(format!(
                "AtTime {text:?} is not a time in ISO 8601, such as 2026-03-29T01:30:00Z"
            ))
        })
}
