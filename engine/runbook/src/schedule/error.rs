//! Why a text is not a schedule, or a schedule cannot be bound.

use std::fmt;

use super::{Dialect, SCHEDULE_BYTES_MAX};

/// Why a schedule is refused; each text says what is wrong, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("a schedule has at most {SCHEDULE_BYTES_MAX} bytes, this one has {length_bytes}")]
    TooLong { length_bytes: usize },
    #[error(
        "`{text}` is not a schedule: write cron(0 12 * * ? *), rate(5 minutes) or at(2030-01-31T08:00:00), without spaces around"
    )]
    Form { text: String },
    #[error(
        "a rule has no at(...): write cron(...) with the day, the month and the year of the one time"
    )]
    AtRefused,
    #[error(
        "cron(...) has {found} fields: write six, minutes hours day-of-month month day-of-week year, such as cron(0 12 * * ? *){}",
        seventh(*.dialect)
    )]
    FieldCount { found: usize, dialect: Dialect },
    /// `offset` counts bytes from the beginning of the schedule.
    #[error("`{found}` in the {field} field, at byte {offset} of the schedule: {problem}")]
    Field { field: Field, offset: usize, found: String, problem: FieldProblem },
    #[error(
        "day-of-month `{day_of_month}` and day-of-week `{day_of_week}`: one of the two must be `?`; write `?` in the one that does not matter"
    )]
    DayQuestionMissing { day_of_month: String, day_of_week: String },
    #[error("day-of-month and day-of-week are both `?`: write `*` or days in one of the two")]
    DayQuestionTwice,
    #[error(
        "`{text}` is not a rate: write a whole number and a unit, such as rate(5 minutes), rate(1 hour) or rate(7 days)"
    )]
    Rate { text: String },
    #[error("rate(0 {unit}) never comes: write a number from 1")]
    RateZero { unit: String },
    #[error(
        "`{unit}` is not a unit of a rate: write minute, minutes, hour, hours, day or days{}",
        did_you_mean(suggestion.as_deref())
    )]
    RateUnit { unit: String, suggestion: Option<String> },
    #[error("rate({number} {unit}) must be written rate({number} {expected})")]
    RateNumber { number: u64, unit: String, expected: String },
    #[error("`{text}` is longer than ten years: write a shorter rate, or at(...)")]
    RateTooLong { text: String },
    #[error(
        "an association runs at most every 30 minutes and at least every 31 days: write rate(30 minutes) up to rate(30 days)"
    )]
    AssociationRate,
    #[error(
        "an association runs at most every 30 minutes: write a cron(...) of every 30 minutes, 1, 2, 4, 8 or 12 hours, daily or weekly"
    )]
    AssociationTooOften,
    #[error("an association has no {field}: write {expected} there instead of `{found}`")]
    AssociationField { field: Field, found: String, expected: &'static str },
    #[error(
        "a maintenance window comes at most every 5 minutes: write rate(5 minutes), cron(0/5 * * * ? *) or slower"
    )]
    WindowTooOften,
    #[error(
        "`{text}` is not a time that exists between 1970 and 2199: write at(YYYY-MM-DDTHH:MM:SS), such as at(2030-01-31T08:00:00)"
    )]
    At { text: String },
    #[error(
        "`{text}` does not exist in {zone}, whose clocks go forward over it: write an earlier or a later time"
    )]
    AtInGap { text: String, zone: String },
    #[error(
        "`{name}` is not a time zone: write an IANA name such as Europe/Stockholm or UTC{}",
        did_you_mean(suggestion.as_deref())
    )]
    Zone { name: String, suggestion: Option<String> },
    #[error("an offset of {days} days is not possible: write 1 to 6")]
    OffsetRange { days: u8 },
    #[error("an offset needs cron(...): `{text}` names no day to count from")]
    OffsetWithoutCron { text: String },
    #[error("the end ({ends_ms} ms) is not after the start ({starts_ms} ms): write a later end")]
    EndBeforeStart { starts_ms: i64, ends_ms: i64 },
}

impl ScheduleError {
    /// Returns the text with which `EventBridge` refuses the schedule of a rule, whatever is wrong with it.
    #[expect(clippy::unused_self, reason = "AWS has one text for every error")]
    pub fn event_bridge_message(&self) -> &'static str {
        "Parameter ScheduleExpression is not valid."
    }
}

/// A field of `cron(...)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Seconds,
    Minutes,
    Hours,
    DayOfMonth,
    Month,
    DayOfWeek,
    Year,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::DayOfMonth => "day-of-month",
            Self::Month => "month",
            Self::DayOfWeek => "day-of-week",
            Self::Year => "year",
        })
    }
}

/// What is wrong with one item of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    #[error("write {min} to {max}{}", or_names(names))]
    Value { min: u16, max: u16, names: &'static [&'static str] },
    #[error("an item of the list is missing: remove the comma, or write a value")]
    Empty,
    #[error("`*` stands alone: write only `*`, or the values")]
    EveryInList,
    #[error("`?` stands alone and only in day-of-month or day-of-week: write `*`")]
    Question,
    #[error("a range goes upwards: write {written}")]
    Backwards { written: String },
    #[error("a step is 1 to {max}, after `*`, a value or a range: write for example {min}/5")]
    Step { min: u16, max: u16 },
    #[error("years have no steps: write the years, such as 2030,2032")]
    YearStep,
    #[error("a day counted from the end is not supported: write L, the last day, or a number")]
    BeforeLast,
    #[error("L and LW contradict each other in one list: write one of them")]
    LastTwice,
    #[error("write a day, `#` and 1 to 5, such as 3#2 or TUE#2, the second Tuesday")]
    Nth,
    #[error("a field has at most one `#`: write a schedule for each")]
    NthTwice,
    #[error("{letter} is not for this field: {hint}")]
    Letter { letter: char, hint: &'static str },
}

fn seventh(dialect: Dialect) -> &'static str {
    if dialect.allows_seconds() { ", or seven with seconds first" } else { "" }
}

fn or_names(names: &[&str]) -> String {
    match (names.first(), names.last()) {
        (Some(first), Some(last)) => format!(" or {first} to {last}"),
        (None, _) | (_, None) => String::new(),
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}
