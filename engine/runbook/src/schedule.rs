//! Schedules: `cron(...)`, `rate(...)` and `at(...)`, as AWS writes them.
//!
//! Pure: the instants, also that of now, are arguments.
//!
//! ```
//! use runbook::schedule::{Dialect, Schedule, Terms};
//!
//! let schedule = Schedule::parse("cron(0 2 ? * SAT#3 *)", Dialect::Ours)?;
//! let timetable = schedule.bind(&Terms { zone: Some("Europe/Stockholm"), ..Terms::default() })?;
//! // 2026-01-01T00:00:00Z is followed by 2026-01-17T02:00:00+01:00.
//! assert_eq!(timetable.next_after(1_767_225_600_000), Some(1_768_611_600_000));
//! # Ok::<(), runbook::schedule::ScheduleError>(())
//! ```

mod cron;
mod error;
mod field;
mod timetable;
mod zone;

use std::fmt;

use jiff::civil::DateTime;

use crate::duration::DURATION_MS_MAX;
use cron::CronTimes;
pub use error::{Field, FieldProblem, ScheduleError};
pub use timetable::{MISSED_COUNT_MAX, Missed, OFFSET_DAYS_MAX, Terms, Timetable};

/// The longest schedule, in bytes.
pub const SCHEDULE_BYTES_MAX: usize = 256;

const MINUTE_MS: i64 = 60 * 1_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The units of a rate: one, several, and its length.
const UNITS: [(&str, &str, i64); 3] =
    [("minute", "minutes", MINUTE_MS), ("hour", "hours", HOUR_MS), ("day", "days", DAY_MS)];
const ASSOCIATION_MS_MIN: i64 = 30 * MINUTE_MS;
const ASSOCIATION_MS_LIMIT: i64 = 31 * DAY_MS;
const WINDOW_MS_MIN: i64 = 5 * MINUTE_MS;
/// How like a unit an unknown word must be, of 1, to suggest the unit.
const UNIT_LIKENESS_MIN: f64 = 0.8;
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// For what a schedule is written, which decides what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// An `EventBridge` rule: `cron(...)` of six fields, `rate(...)`.
    EventBridgeRule,
    /// Runwright's own: all forms, seconds too, as often as one likes.
    Ours,
    /// A maintenance window: as ours, but not more often than every 5 minutes.
    MaintenanceWindow,
    /// A State Manager association: from every 30 minutes to under 31 days, at second 0, in every month.
    Association,
}

impl Dialect {
    fn allows_seconds(self) -> bool {
        self != Self::EventBridgeRule
    }
}

/// A schedule that was read; [`Schedule::bind`] says when it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    source: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Cron(Box<CronTimes>),
    Rate { every_ms: i64 },
    At(DateTime),
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// The names of forms and units are lower case; those of months and weekdays may be either. Refused although other implementations
    /// accept them, because AWS does not say so: ranges that wrap (`22-2`, `FRI-MON`), `L-3`, and steps of years.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, ScheduleError> {
        if text.len() > SCHEDULE_BYTES_MAX {
            return Err(ScheduleError::TooLong { length_bytes: text.len() });
        }
        let not_a_form = || ScheduleError::Form { text: text.to_owned() };
        let (name, rest) = text.split_once('(').ok_or_else(not_a_form)?;
        let body = rest.strip_suffix(')').ok_or_else(not_a_form)?;
        let form = match name {
            "cron" => Form::Cron(Box::new(CronTimes::parse(body, name.len() + 1, dialect)?)),
            "rate" => Form::Rate { every_ms: read_rate(body, text, dialect)? },
            "at" if dialect == Dialect::EventBridgeRule => return Err(ScheduleError::AtRefused),
            "at" => Form::At(
                read_time(body).ok_or_else(|| ScheduleError::At { text: body.to_owned() })?,
            ),
            _ => return Err(not_a_form()),
        };
        Ok(Self { source: text.to_owned(), form })
    }

    /// Returns the text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns whether it is a `cron(...)`, the only form that may have an offset.
    pub fn is_cron(&self) -> bool {
        matches!(self.form, Form::Cron(_))
    }

    /// Returns whether it comes more than once by its form: `cron(...)` or `rate(...)`.
    pub fn recurs(&self) -> bool {
        !matches!(self.form, Form::At(_))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Reads `5 minutes`, in milliseconds.
fn read_rate(body: &str, text: &str, dialect: Dialect) -> Result<i64, ScheduleError> {
    let not_a_rate = || ScheduleError::Rate { text: text.to_owned() };
    let words: Vec<&str> = body.split_ascii_whitespace().collect();
    let [number, unit] = words[..] else { return Err(not_a_rate()) };
    // EventBridge takes one space and no more.
    if dialect == Dialect::EventBridgeRule && body != words.join(" ") {
        return Err(not_a_rate());
    }
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(not_a_rate());
    }
    let too_long = || ScheduleError::RateTooLong { text: text.to_owned() };
    let number: u64 = number.parse().map_err(|_| too_long())?;
    let (one, several, unit_ms) = UNITS
        .into_iter()
        .find(|(one, several, _)| unit == *one || unit == *several)
        .ok_or_else(|| unknown_unit(unit))?;
    if number == 0 {
        return Err(ScheduleError::RateZero { unit: unit.to_owned() });
    }
    let expected = if number == 1 { one } else { several };
    if unit != expected {
        let (unit, expected) = (unit.to_owned(), expected.to_owned());
        return Err(ScheduleError::RateNumber { number, unit, expected });
    }
    let every_ms = i64::try_from(number)
        .ok()
        .and_then(|number| number.checked_mul(unit_ms))
        .filter(|every_ms| every_ms.unsigned_abs() <= DURATION_MS_MAX)
        .ok_or_else(too_long)?;
    check_rate(every_ms, dialect)?;
    Ok(every_ms)
}

fn unknown_unit(unit: &str) -> ScheduleError {
    let lower = unit.to_ascii_lowercase();
    let suggestion = UNITS
        .iter()
        .flat_map(|(one, several, _)| [*one, *several])
        .map(|known| (strsim::jaro_winkler(known, &lower), known))
        .filter(|(likeness, _)| *likeness >= UNIT_LIKENESS_MIN)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known.to_owned());
    ScheduleError::RateUnit { unit: unit.to_owned(), suggestion }
}

fn check_rate(every_ms: i64, dialect: Dialect) -> Result<(), ScheduleError> {
    match dialect {
        Dialect::MaintenanceWindow if every_ms < WINDOW_MS_MIN => {
            Err(ScheduleError::WindowTooOften)
        }
        Dialect::EventBridgeRule | Dialect::Ours | Dialect::MaintenanceWindow => Ok(()),
        Dialect::Association if (ASSOCIATION_MS_MIN..ASSOCIATION_MS_LIMIT).contains(&every_ms) => {
            Ok(())
        }
        Dialect::Association => Err(ScheduleError::AssociationRate),
    }
}

/// Reads `2030-01-31T08:00:00`, all digits written.
fn read_time(text: &str) -> Option<DateTime> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let has_shape = text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            mark => byte == *mark,
        });
    if !has_shape {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<i8>().ok();
    let year: i16 = text[0..4].parse().ok()?;
    let (month, day) = (part(5..7)?, part(8..10)?);
    let (hour, minute, second) = (part(11..13)?, part(14..16)?, part(17..19)?);
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    YEARS.contains(&year).then_some(time)
}
