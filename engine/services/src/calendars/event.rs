//! Events and when they are on.

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime};

use super::Fault;
use super::component::{Component, Property};
use super::recurrence::{Budget, Recurrence};
use super::zone::{Zone, Zones};

/// Properties by which single occurrences are cancelled, added or moved.
const SINGLE: [&str; 4] = ["EXDATE", "EXRULE", "RDATE", "RECURRENCE-ID"];
const ADVISORY: &str = "ADVISORY";
/// Years in which events may be.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;
/// The length of an event in days.
const DAYS_MAX: u64 = 36_600;

/// An event that inverts the state.
#[derive(Debug, Clone)]
pub(super) struct Event {
    start: NaiveDateTime,
    zone: Zone,
    length: Length,
    recurrence: Option<Recurrence>,
}

/// How long each occurrence lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Seconds(i64),
    /// Days as a clock shows them, then seconds.
    Nominal {
        days: u64,
        seconds: i64,
    },
}

/// A time as it is written.
struct Moment {
    local: NaiveDateTime,
    zone: Zone,
    is_day: bool,
}

impl Event {
    /// Reads an event; none if it has no effect on the state: it is cancelled or advisory.
    pub(super) fn read(
        component: &Component,
        zones: &mut Zones<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Fault> {
        let title = component.title();
        if let Some(property) = SINGLE.iter().find(|name| component.value(name).is_some()) {
            return Err(Fault::invalid(format!(
                "{title} has {property}: single occurrences cannot be cancelled, moved or added"
            )));
        }
        if is_cancelled(component) || is_advisory(component) {
            return Ok(None);
        }
        let required = component
            .one("DTSTART")?
            .ok_or_else(|| Fault::invalid(format!("{title} has no DTSTART")))?;
        let start = moment(required, &title, zones, budget)?;
        let length = length(component, &start, zones, budget)?;
        let recurrence = match component.one("RRULE")? {
            None => None,
            Some(rule) => {
                let recurrence = Recurrence::parse(&rule.value, start.local, &start.zone)?;
                check_first(&recurrence, start.local, &title, budget)?;
                Some(recurrence)
            }
        };
        Ok(Some(Self { start: start.local, zone: start.zone, length, recurrence }))
    }

    /// Adds the occurrences that end after `at`: those that begin by `horizon`, and the first that begins after `at`.
    pub(super) fn spans(
        &self,
        at: i64,
        horizon: i64,
        budget: &mut Budget,
        spans: &mut Vec<(i64, i64)>,
    ) -> Result<(), Fault> {
        let mut add = |local: NaiveDateTime| {
            let start = self.zone.instant(local);
            let end = self.end(local, start);
            if end > at {
                spans.push((start, end));
            }
            start <= horizon
        };
        match &self.recurrence {
            None => {
                add(self.start);
                Ok(())
            }
            Some(recurrence) => recurrence.each(budget, add),
        }
    }

    fn end(&self, local: NaiveDateTime, start: i64) -> i64 {
        match self.length {
            Length::Seconds(seconds) => start.saturating_add(seconds),
            Length::Nominal { days, seconds } => {
                let end = local.checked_add_days(Days::new(days)).unwrap_or(local);
                self.zone.instant(end).saturating_add(seconds)
            }
        }
    }
}

fn is_cancelled(component: &Component) -> bool {
    component.value("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"))
}

/// Tells events that only inform: `X-EVENT-TYPE:ADVISORY`, or the category `Advisory`.
fn is_advisory(component: &Component) -> bool {
    let categories = component.all("CATEGORIES").flat_map(|property| property.value.split(','));
    let kind = component.value("X-EVENT-TYPE");
    categories.chain(kind).any(|text| text.trim().eq_ignore_ascii_case(ADVISORY))
}

/// A rule whose start is not one of its occurrences has no meaning that calendars agree on.
fn check_first(
    recurrence: &Recurrence,
    start: NaiveDateTime,
    title: &str,
    budget: &mut Budget,
) -> Result<(), Fault> {
    let mut first = None;
    recurrence.each(budget, |local| {
        first = Some(local);
        false
    })?;
    if first == Some(start) {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "{title}: its DTSTART is not one of the times that its RRULE gives"
    )))
}

fn moment(
    property: &Property,
    title: &str,
    zones: &mut Zones<'_>,
    budget: &mut Budget,
) -> Result<Moment, Fault> {
    let text = property.value.as_str();
    let invalid = || Fault::invalid(format!("{title}: {text:?} is not a time"));
    let moment = if text.len() == 8 {
        let day = NaiveDate::parse_from_str(text, "%Y%m%d").map_err(|_| invalid())?;
        let local = day.and_time(NaiveTime::MIN);
        Moment { local, zone: zones.default(budget)?, is_day: true }
    } else {
        let plain = text.strip_suffix('Z');
        let local = NaiveDateTime::parse_from_str(plain.unwrap_or(text), "%Y%m%dT%H%M%S")
            .map_err(|_| invalid())?;
        let zone = match (plain, property.parameter("TZID")) {
            (Some(_), _) => Zone::UTC,
            (None, Some(name)) => zones.named(name, budget)?,
            (None, None) => zones.default(budget)?,
        };
        Moment { local, zone, is_day: false }
    };
    if !YEARS.contains(&moment.local.year()) {
        return Err(Fault::invalid(format!(
            "{title}: the year of {text:?} is not between {} and {}",
            YEARS.start(),
            YEARS.end()
        )));
    }
    Ok(moment)
}

fn length(
    component: &Component,
    start: &Moment,
    zones: &mut Zones<'_>,
    budget: &mut Budget,
) -> Result<Length, Fault> {
    let title = component.title();
    let length = match (component.one("DTEND")?, component.one("DURATION")?) {
        (Some(_), Some(_)) => {
            return Err(Fault::invalid(format!("{title} has both DTEND and DURATION")));
        }
        (Some(end), None) => {
            let end = moment(end, &title, zones, budget)?;
            if end.is_day != start.is_day {
                return Err(Fault::invalid(format!(
                    "{title}: of DTSTART and DTEND one is a day and the other a time"
                )));
            }
            between(start, &end)
        }
        (None, Some(duration)) => Some(nominal(&duration.value).ok_or_else(|| {
            Fault::invalid(format!("{title}: {:?} is not a duration", duration.value))
        })?),
        (None, None) if start.is_day => Some(Length::Nominal { days: 1, seconds: 0 }),
        (None, None) => Some(Length::Seconds(0)),
    };
    let is_sane = |length: &Length| match *length {
        Length::Seconds(seconds) => {
            u64::try_from(seconds / 86_400).is_ok_and(|days| days <= DAYS_MAX)
        }
        Length::Nominal { days, seconds } => days <= DAYS_MAX && seconds >= 0,
    };
    length.filter(is_sane).ok_or_else(|| {
        Fault::invalid(format!(
            "{title} ends before it begins, or lasts longer than {DAYS_MAX} days"
        ))
    })
}

fn between(start: &Moment, end: &Moment) -> Option<Length> {
    if start.is_day {
        let days = end.local.signed_duration_since(start.local).num_days();
        return u64::try_from(days)
            .ok()
            .filter(|days| *days > 0)
            .map(|days| Length::Nominal { days, seconds: 0 });
    }
    let seconds = end.zone.instant(end.local) - start.zone.instant(start.local);
    (seconds >= 0).then_some(Length::Seconds(seconds))
}

/// Reads a duration such as `P1DT2H`.
fn nominal(text: &str) -> Option<Length> {
    let span: jiff::Span = text.trim_start_matches('+').parse().ok()?;
    if span.is_negative() || span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let days =
        i64::from(span.get_weeks()).checked_mul(7)?.checked_add(i64::from(span.get_days()))?;
    let seconds = i64::from(span.get_hours())
        .checked_mul(3_600)?
        .checked_add(span.get_minutes().checked_mul(60)?)?
        .checked_add(span.get_seconds())?;
    let days = u64::try_from(days).ok()?;
    (seconds < 86_400 * 36_600).then_some(Length::Nominal { days, seconds })
}
