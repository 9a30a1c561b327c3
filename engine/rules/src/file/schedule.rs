//! `schedules`.

use runbook::diagnostic::Diagnostic;
use runbook::document::node::Node;
use runbook::schedule::{Dialect, OFFSET_DAYS_MAX, Schedule as Times, ScheduleError, Terms};
use runbook::source::Span;

use super::reader::Reader;
use super::value::Scope;
use super::{Schedule, When, deed};
use crate::codes;

const WHAT: &str = "a schedule";
const KEYS: [&str; 8] =
    ["name", "description", "enabled", "at", "timezone", "offset", "starts", "ends"];

pub(super) fn read(reader: &mut Reader, node: &Node<'_>) -> Option<Schedule> {
    let keys: Vec<_> = KEYS.into_iter().chain(deed::KEYS).collect();
    reader.shape(node, WHAT, &keys)?;
    let name = reader.name(node, WHAT);
    let description = reader.description(node);
    let is_enabled = reader.enabled(node);
    let at = reader.required(node, WHAT, "at");
    let times = at.as_ref().and_then(|at| times(reader, at));
    let zone = node.get("timezone");
    let zone = zone.and_then(|child| reader.text(&child).map(str::to_owned));
    let offset = node.get("offset");
    let offset = offset.and_then(|child| reader.integer(&child, 1..=OFFSET_DAYS_MAX.into()));
    let [starts_ms, ends_ms] =
        ["starts", "ends"].map(|key| node.get(key).and_then(|child| reader.timestamp(&child)));
    let deed = deed::read(reader, node, WHAT, Scope::Event);
    let offset_days = offset.and_then(|days| u8::try_from(days).ok()).unwrap_or_default();
    if let Some(at) = &at {
        let terms = Terms {
            zone: zone.as_deref(),
            offset_days,
            created_ms: 0,
            starts_ms: signed(starts_ms),
            ends_ms: signed(ends_ms),
        };
        bind(reader, node, at, times.as_ref(), &terms);
    }
    Some(Schedule {
        name: name?,
        description,
        is_enabled,
        when: When { times: times?, zone, offset_days, starts_ms, ends_ms },
        deed: deed?,
    })
}

fn signed(at_ms: Option<u64>) -> Option<i64> {
    at_ms.and_then(|ms| ms.try_into().ok())
}

fn times(reader: &mut Reader, at: &Node<'_>) -> Option<Times> {
    let text = reader.text(at)?;
    match Times::parse(text, Dialect::Ours) {
        Ok(times) => Some(times),
        Err(error) => {
            reader.error(codes::SCHEDULE, span(at, &error), error.to_string());
            None
        }
    }
}

/// The part of the text that an error is about.
fn span(at: &Node<'_>, error: &ScheduleError) -> Span {
    if let ScheduleError::Field { offset, found, .. } = error {
        return at.part(*offset..offset + found.len().max(1));
    }
    if let ScheduleError::RateUnit { unit: part, .. }
    | ScheduleError::RateNumber { unit: part, .. }
    | ScheduleError::At { text: part } = error
        && !part.is_empty()
    {
        return at.locate(part);
    }
    at.span()
}

/// Reports all that keeps the times from being bound: each term alone, then all of them.
fn bind(
    reader: &mut Reader,
    node: &Node<'_>,
    at: &Node<'_>,
    times: Option<&Times>,
    terms: &Terms<'_>,
) {
    // A time zone is checked though the times cannot be read.
    let stand_in = Times::parse("rate(1 day)", Dialect::Ours).ok();
    let zone = Terms { zone: terms.zone, ..Terms::default() };
    let offset = Terms { offset_days: terms.offset_days, ..Terms::default() };
    let limits = Terms { starts_ms: terms.starts_ms, ends_ms: terms.ends_ms, ..Terms::default() };
    let before = reader.diagnostics.len();
    let alone = [
        (times.or(stand_in.as_ref()), zone, "timezone"),
        (times, offset, "offset"),
        (times.or(stand_in.as_ref()), limits, "ends"),
    ];
    for (times, terms, key) in alone {
        let Some(Err(error)) = times.map(|times| times.bind(&terms)) else { continue };
        let key = if matches!(error, ScheduleError::AtInGap { .. }) { "at" } else { key };
        let span = node.get(key).map_or_else(|| at.span(), |child| child.span());
        let diagnostic = match (&error, node.get("starts")) {
            (ScheduleError::EndBeforeStart { .. }, Some(starts)) => {
                Diagnostic::error(codes::SCHEDULE, span, "the end is not after the start")
                    .label(starts.span(), "the start")
            }
            _ => Diagnostic::error(codes::SCHEDULE, span, error.to_string()),
        };
        reader.report(diagnostic);
    }
    let Some(times) = times.filter(|_| reader.diagnostics.len() == before) else { return };
    match times.bind(terms) {
        Err(error) => reader.error(codes::SCHEDULE, at.span(), error.to_string()),
        Ok(timetable) if timetable.next_after(0).is_none() => {
            let message = "the schedule never comes";
            reader.report(Diagnostic::warning(codes::SCHEDULE, at.span(), message));
        }
        Ok(_) => {}
    }
}
