//! Time zones: those of the IANA database by name, and those that a calendar describes itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _};

use super::Fault;
use super::component::Component;
use super::recurrence::{Budget, Recurrence};

/// Changes of one time zone.
const CHANGES_MAX: usize = 5_000;
/// The last year whose changes of a described time zone are known; later times have the offset that was last.
const LAST_YEAR: i32 = 2200;
/// The hours that a clock may be put forward at once.
const GAP_HOURS_MAX: i64 = 26;

/// A time zone.
#[derive(Debug, Clone)]
pub(super) enum Zone {
    Named(chrono_tz::Tz),
    /// In the order of time.
    Described(Arc<[Change]>),
}

/// The clock is changed when it shows `local`, before the change. Offsets are seconds east of UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    local: NaiveDateTime,
    before: i64,
    after: i64,
}

impl Zone {
    pub(super) const UTC: Self = Self::Named(chrono_tz::Tz::UTC);

    /// Returns when a clock shows a local time, in seconds since the Unix epoch.
    ///
    /// Of two such times it is the first. A time that is skipped counts as if the clock had not been changed.
    pub(super) fn instant(&self, local: NaiveDateTime) -> i64 {
        let shown = local.and_utc().timestamp();
        match self {
            Self::Named(zone) => shown - named_offset(*zone, local),
            Self::Described(changes) => {
                let next = changes.partition_point(|change| change.local <= local);
                let offset = match next.checked_sub(1).map(|last| changes[last]) {
                    Some(last) => {
                        let skipped = TimeDelta::seconds(last.after - last.before);
                        let is_skipped = local.signed_duration_since(last.local) < skipped;
                        if is_skipped { last.before } else { last.after }
                    }
                    None => changes.first().map_or(0, |first| first.before),
                };
                shown - offset
            }
        }
    }

    /// Returns the seconds by which the clock is ahead of UTC at a time.
    pub(super) fn offset_at(&self, seconds: i64) -> i64 {
        match self {
            Self::Named(zone) => {
                let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
                i64::from(zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc())
            }
            Self::Described(changes) => {
                let at = |change: &Change| change.local.and_utc().timestamp() - change.before;
                let next = changes.partition_point(|change| at(change) <= seconds);
                match next.checked_sub(1).map(|last| changes[last]) {
                    Some(last) => last.after,
                    None => changes.first().map_or(0, |first| first.before),
                }
            }
        }
    }
}

fn named_offset(zone: chrono_tz::Tz, local: NaiveDateTime) -> i64 {
    let seconds = |offset: chrono::FixedOffset| i64::from(offset.local_minus_utc());
    // Before a gap the clock shows what it would go on showing.
    (0..=GAP_HOURS_MAX)
        .filter_map(|hours| local.checked_sub_signed(TimeDelta::hours(hours)))
        .find_map(|earlier| match zone.offset_from_local_datetime(&earlier) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                Some(seconds(offset.fix()))
            }
            LocalResult::None => None,
        })
        .unwrap_or_default()
}

/// The time zones of a calendar.
#[derive(Debug)]
pub(super) struct Zones<'c> {
    described: BTreeMap<String, &'c Component>,
    /// The one for times that name none.
    default: Option<String>,
    known: BTreeMap<String, Zone>,
}

impl<'c> Zones<'c> {
    pub(super) fn of(calendar: &'c Component) -> Self {
        let components = calendar.children.iter().filter(|child| child.is("VTIMEZONE"));
        let described: BTreeMap<String, &Component> = components
            .filter_map(|component| Some((component.value("TZID")?.to_owned(), component)))
            .collect();
        let only = described.keys().next().filter(|_| described.len() == 1);
        let default = calendar.value("X-WR-TIMEZONE").map(str::to_owned).or(only.cloned());
        Self { described, default, known: BTreeMap::new() }
    }

    /// Returns the time zone for times that name none: the calendar's, else UTC.
    pub(super) fn default(&mut self, budget: &mut Budget) -> Result<Zone, Fault> {
        match self.default.clone() {
            Some(name) => self.named(&name, budget),
            None => Ok(Zone::UTC),
        }
    }

    /// Returns the time zone of a `TZID`: one of the IANA database, else what the calendar describes under this name.
    pub(super) fn named(&mut self, name: &str, budget: &mut Budget) -> Result<Zone, Fault> {
        if let Some(zone) = self.known.get(name) {
            return Ok(zone.clone());
        }
        let component = self.described.get(name).copied();
        let located = component.and_then(|component| component.value("X-LIC-LOCATION"));
        let iana = [Some(name), located].into_iter().flatten().find_map(|name| name.parse().ok());
        let zone = match (iana, component) {
            (Some(zone), _) => Zone::Named(zone),
            (None, Some(component)) => described(component, budget)?,
            (None, None) => {
                return Err(Fault::invalid(format!(
                    "the time zone {name:?} is not known, and the calendar does not describe it"
                )));
            }
        };
        self.known.insert(name.to_owned(), zone.clone());
        Ok(zone)
    }
}

fn described(component: &Component, budget: &mut Budget) -> Result<Zone, Fault> {
    let mut changes = Vec::new();
    let observances =
        component.children.iter().filter(|child| child.is("STANDARD") || child.is("DAYLIGHT"));
    for observance in observances {
        let broken = |what: &str| {
            Fault::invalid(format!("an observance of {} has no valid {what}", component.title()))
        };
        let offset = |name: &'static str| {
            observance.value(name).and_then(parse_offset).ok_or_else(|| broken(name))
        };
        let (before, after) = (offset("TZOFFSETFROM")?, offset("TZOFFSETTO")?);
        let parse = |text: &str| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok();
        let start = observance.value("DTSTART").and_then(parse).ok_or_else(|| broken("DTSTART"))?;
        changes.push(Change { local: start, before, after });
        for more in observance.all("RDATE").flat_map(|property| property.value.split(',')) {
            let local = parse(more.trim()).ok_or_else(|| broken("RDATE"))?;
            changes.push(Change { local, before, after });
        }
        if let Some(rule) = observance.one("RRULE")? {
            // UNTIL is in UTC, and the clock still shows the time before the change.
            let fixed =
                Zone::Described(Arc::from([Change { local: start, before, after: before }]));
            Recurrence::parse(&rule.value, start, &fixed)?.each(budget, |local| {
                let is_known = chrono::Datelike::year(&local) <= LAST_YEAR;
                if is_known {
                    changes.push(Change { local, before, after });
                }
                is_known && changes.len() <= CHANGES_MAX
            })?;
        }
        if changes.len() > CHANGES_MAX {
            return Err(Fault::TooMuch);
        }
    }
    if changes.is_empty() {
        return Err(Fault::invalid(format!("{} has no observance", component.title())));
    }
    changes.sort_by_key(|change| change.local);
    changes.dedup_by_key(|change| change.local);
    Ok(Zone::Described(changes.into()))
}

/// Reads `+0130` or `-123456` as seconds.
fn parse_offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    (hours < 24 && minutes < 60 && seconds < 60)
        .then_some(sign * (hours * 3_600 + minutes * 60 + seconds))
}
