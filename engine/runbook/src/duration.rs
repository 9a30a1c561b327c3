//! Durations and timestamps as authors write them.
//!
//! A duration is `90s`, `10m`, `1h30m`, `2d`, `1w`, `250ms`, or ISO 8601 `PT1H30M`, `P1D`. A day has 24 hours; years and months,
//! which have no fixed length, are refused.

use std::fmt::Write;

use jiff::Timestamp;

/// The longest duration: ten years of 365 days, in milliseconds.
pub const DURATION_MS_MAX: u64 = 10 * 365 * DAY_MS;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
const WEEK_MS: u64 = 7 * DAY_MS;

/// The units of the short form, largest first.
const SHORT_UNITS: [(&str, u64); 6] =
    [("w", WEEK_MS), ("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1)];
const DATE_UNITS: [(&str, u64); 2] = [("W", WEEK_MS), ("D", DAY_MS)];
const TIME_UNITS: [(&str, u64); 3] = [("H", HOUR_MS), ("M", MINUTE_MS), ("S", SECOND_MS)];

/// Why a text is not a duration or timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("`{0}` is not a duration: write 90s, 10m, 1h30m, 2d or ISO 8601 such as PT1H30M")]
    Form(String),
    #[error("`{0}` has no unit: write {0}s for seconds")]
    NoUnit(String),
    #[error("`{0}` counts years or months, which have no fixed length: write days")]
    Calendar(String),
    #[error("`{0}` is longer than ten years")]
    TooLong(String),
    #[error(
        "`{0}` is not a timestamp: write ISO 8601 with an offset, such as 2030-01-31T08:00:00Z"
    )]
    Timestamp(String),
}

/// Reads a duration, in milliseconds.
pub fn parse(text: &str) -> Result<u64, DurationError> {
    let text = text.trim();
    let total_ms = if let Some(rest) = text.strip_prefix('P') {
        parse_iso(rest, text)?
    } else if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DurationError::NoUnit(text.to_owned()));
    } else {
        sum_units(text, &SHORT_UNITS, text)?
    };
    if total_ms > DURATION_MS_MAX {
        return Err(DurationError::TooLong(text.to_owned()));
    }
    Ok(total_ms)
}

fn parse_iso(rest: &str, text: &str) -> Result<u64, DurationError> {
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return Err(DurationError::Form(text.to_owned())),
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    if date.contains(['Y', 'M']) {
        return Err(DurationError::Calendar(text.to_owned()));
    }
    let mut total_ms = 0_u64;
    if !date.is_empty() || time.is_none() {
        total_ms = sum_units(date, &DATE_UNITS, text)?;
    }
    if let Some(time) = time {
        let (whole, fraction_ms) = split_fraction(time, text)?;
        let time_ms = sum_units(&whole, &TIME_UNITS, text)?;
        total_ms = total_ms
            .checked_add(time_ms)
            .and_then(|sum| sum.checked_add(fraction_ms))
            .ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
    }
    Ok(total_ms)
}

/// Takes the fraction off the seconds of `1H0.5S`; digits after the millisecond are cut.
fn split_fraction(time: &str, text: &str) -> Result<(String, u64), DurationError> {
    let Some((whole, fraction)) = time.split_once(['.', ',']) else {
        return Ok((time.to_owned(), 0));
    };
    let form = || DurationError::Form(text.to_owned());
    let digits = fraction.strip_suffix('S').ok_or_else(form)?;
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(form());
    }
    let three: String = digits.chars().chain("000".chars()).take(3).collect();
    Ok((format!("{whole}S"), three.parse().map_err(|_| form())?))
}

/// Adds up `<number><unit>` pairs; each unit at most once, in the order of `units`.
fn sum_units(mut rest: &str, units: &[(&str, u64)], text: &str) -> Result<u64, DurationError> {
    let form = || DurationError::Form(text.to_owned());
    let too_long = || DurationError::TooLong(text.to_owned());
    if rest.is_empty() {
        return Err(form());
    }
    let mut first = 0;
    let mut total_ms = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(form)?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let at = units[first..].iter().position(|(name, _)| *name == unit).ok_or_else(form)?;
        let (_, unit_ms) = units[first + at];
        if number.is_empty() {
            return Err(form());
        }
        let number: u64 = number.parse().map_err(|_| too_long())?;
        total_ms = number
            .checked_mul(unit_ms)
            .and_then(|part| total_ms.checked_add(part))
            .ok_or_else(too_long)?;
        first += at + 1;
        rest = after;
    }
    Ok(total_ms)
}

/// Returns the short form, which [`parse`] reads back: `1h30m`, `0s`.
pub fn display(duration_ms: u64) -> String {
    if duration_ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    let mut rest_ms = duration_ms;
    for (unit, unit_ms) in &SHORT_UNITS[1..] {
        if rest_ms >= *unit_ms {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{unit}", rest_ms / unit_ms);
            rest_ms %= unit_ms;
        }
    }
    text
}

/// Reads an ISO 8601 timestamp with an offset, in milliseconds since the Unix epoch; a time before the epoch counts as the epoch.
pub fn timestamp(text: &str) -> Result<u64, DurationError> {
    let timestamp: Timestamp =
        text.trim().parse().map_err(|_| DurationError::Timestamp(text.to_owned()))?;
    Ok(u64::try_from(timestamp.as_millisecond()).unwrap_or(0))
}

/// Returns the timestamp as ISO 8601 in UTC; `None` after the year 9999.
pub fn display_timestamp(at_ms: u64) -> Option<String> {
    let timestamp = Timestamp::from_millisecond(i64::try_from(at_ms).ok()?).ok()?;
    Some(timestamp.to_string())
}
