//! A schedule bound to a time zone, a creation and limits: when it comes.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::cron::CronTimes;
use super::error::ScheduleError;
use super::{Form, Schedule, zone};

/// The longest `ScheduleOffset`, in days.
pub const OFFSET_DAYS_MAX: u8 = 6;
/// How many due times [`Timetable::missed`] counts; a longer downtime skipped at least so many.
pub const MISSED_COUNT_MAX: u64 = 10_000;

/// The earliest instant a search starts from, in seconds: the years of `cron(...)` begin in 1970, in some zones before the epoch.
const SEARCH_SECONDS_MIN: i64 = -2 * 24 * 60 * 60;

/// What a schedule is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms<'a> {
    /// An IANA name, such as `Europe/Stockholm`; UTC if there is none. Rates do not depend on it.
    pub zone: Option<&'a str>,
    /// How many days after the time of `cron(...)` it comes, 1 to 6; 0 for none.
    pub offset_days: u8,
    /// When the schedule was created, in milliseconds since the epoch; it comes only after this. Rates are anchored here.
    pub created_ms: i64,
    /// The first instant at which it may come, in milliseconds since the epoch. A start after the creation is the anchor of a rate, and its first time.
    pub starts_ms: Option<i64>,
    /// The first instant at which it comes no more, in milliseconds since the epoch.
    pub ends_ms: Option<i64>,
}

/// When a schedule comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    times: Times,
    /// It comes only after this.
    after_ms: i64,
    ends_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Times {
    Cron {
        times: Box<CronTimes>,
        zone: TimeZone,
        offset_days: i8,
    },
    /// `anchor_ms` and each `every_ms` after it.
    Rate {
        anchor_ms: i64,
        every_ms: i64,
    },
    Once {
        at_ms: i64,
    },
}

/// What a downtime missed: it is caught up by at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// The latest due time, in milliseconds since the epoch: the one to run now.
    pub due_ms: i64,
    /// How many due times before it are skipped; at most [`MISSED_COUNT_MAX`], which stands for that many or more.
    pub skipped: u64,
}

impl Schedule {
    /// Returns when this schedule comes under `terms`.
    ///
    /// # Errors
    /// An unknown time zone, an offset that is too long or not of `cron(...)`, an end that is not after the start, and an `at(...)` that the clocks of the zone skip.
    pub fn bind(&self, terms: &Terms<'_>) -> Result<Timetable, ScheduleError> {
        let zone = terms.zone.map_or(Ok(TimeZone::UTC), zone::find)?;
        if terms.offset_days > OFFSET_DAYS_MAX {
            return Err(ScheduleError::OffsetRange { days: terms.offset_days });
        }
        if let (Some(starts_ms), Some(ends_ms)) = (terms.starts_ms, terms.ends_ms)
            && ends_ms <= starts_ms
        {
            return Err(ScheduleError::EndBeforeStart { starts_ms, ends_ms });
        }
        let starts_ms = terms.starts_ms.filter(|starts_ms| *starts_ms > terms.created_ms);
        let mut after_ms = starts_ms.map_or(terms.created_ms, |starts_ms| starts_ms - 1);
        let times = match &self.form {
            Form::Cron(times) => {
                let offset_days = i8::try_from(terms.offset_days).unwrap_or_default();
                if offset_days > 0 {
                    let first_ms = days_later_ms(&zone, terms.created_ms, offset_days);
                    after_ms = after_ms.max(first_ms.unwrap_or(i64::MAX));
                }
                Times::Cron { times: times.clone(), zone, offset_days }
            }
            Form::Rate { .. } | Form::At(_) if terms.offset_days > 0 => {
                return Err(ScheduleError::OffsetWithoutCron { text: self.source.clone() });
            }
            Form::Rate { every_ms } => Times::Rate {
                anchor_ms: starts_ms.unwrap_or(terms.created_ms),
                every_ms: *every_ms,
            },
            Form::At(time) => Times::Once { at_ms: self.once_ms(*time, &zone, terms.zone)? },
        };
        Ok(Timetable { times, after_ms, ends_ms: terms.ends_ms })
    }

    fn once_ms(
        &self,
        time: DateTime,
        zone: &TimeZone,
        name: Option<&str>,
    ) -> Result<i64, ScheduleError> {
        let at = zone::instant_of(zone, time).ok_or_else(|| ScheduleError::AtInGap {
            text: self.source.clone(),
            zone: name.unwrap_or("UTC").to_owned(),
        })?;
        Ok(at.as_millisecond())
    }
}

impl Timetable {
    /// Returns the first time it comes after `instant_ms`, in milliseconds since the epoch; `None` if it never does.
    ///
    /// A time whose wall clock does not exist is skipped. One that the clocks show twice comes once, the first time, unless the schedule is
    /// of every hour: that one comes both times. The work is bounded even if no day ever matches.
    pub fn next_after(&self, instant_ms: i64) -> Option<i64> {
        let after_ms = instant_ms.max(self.after_ms);
        let next_ms = match &self.times {
            Times::Cron { times, zone, offset_days } => {
                let second = after_ms.div_euclid(1_000).max(SEARCH_SECONDS_MIN);
                let after = Timestamp::from_second(second).ok()?;
                zone::next_instant(zone, times, *offset_days, after)?.as_millisecond()
            }
            Times::Rate { anchor_ms, every_ms } if after_ms >= *anchor_ms => {
                let passed = after_ms.checked_sub(*anchor_ms)? / every_ms;
                anchor_ms.checked_add(passed.checked_add(1)?.checked_mul(*every_ms)?)?
            }
            Times::Rate { anchor_ms, .. } => *anchor_ms,
            Times::Once { at_ms } => *at_ms,
        };
        let comes = next_ms > after_ms && self.ends_ms.is_none_or(|ends_ms| next_ms < ends_ms);
        comes.then_some(next_ms)
    }

    /// Returns what was due after `last_ms` and until `now_ms` inclusive: the latest, and how many before it are skipped.
    pub fn missed(&self, last_ms: i64, now_ms: i64) -> Option<Missed> {
        let due_until_now = |after_ms| self.next_after(after_ms).filter(|at_ms| *at_ms <= now_ms);
        let first_ms = due_until_now(last_ms)?;
        let (mut due_ms, mut skipped) = (first_ms, 0);
        while let Some(later_ms) = due_until_now(due_ms) {
            if skipped == MISSED_COUNT_MAX {
                due_ms = latest_ms(later_ms, now_ms, &due_until_now);
                break;
            }
            (due_ms, skipped) = (later_ms, skipped + 1);
        }
        Some(Missed { due_ms, skipped })
    }
}

/// Halves the time between a due one and now until no other is due in what is left.
fn latest_ms(due_ms: i64, now_ms: i64, due_until_now: &impl Fn(i64) -> Option<i64>) -> i64 {
    let (mut due_ms, mut none_after_ms) = (due_ms, now_ms);
    while due_ms < none_after_ms {
        let middle_ms = due_ms.saturating_add_unsigned(none_after_ms.abs_diff(due_ms) / 2);
        match due_until_now(middle_ms) {
            Some(later_ms) => due_ms = later_ms,
            None => none_after_ms = middle_ms,
        }
    }
    due_ms
}

/// Returns the instant at which the wall clock shows the same time some days later.
fn days_later_ms(zone: &TimeZone, instant_ms: i64, days: i8) -> Option<i64> {
    let instant = Timestamp::from_millisecond(instant_ms).ok()?;
    let later = instant.to_zoned(zone.clone()).checked_add(i64::from(days).days()).ok()?;
    Some(later.timestamp().as_millisecond())
}
