//! Times and durations as they are given and shown.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use runbook::duration;

use crate::exit::Refusal;

/// Returns the time in milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// Returns a time as ISO 8601 in UTC.
pub(crate) fn shown(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map(written).unwrap_or_default()
}

/// Returns a time in seconds since the Unix epoch, as SSM has it, as ISO 8601 in UTC.
pub(crate) fn shown_seconds(at_seconds: f64) -> String {
    let at = jiff::SignedDuration::try_from_secs_f64(at_seconds).ok();
    let at = at.and_then(|since| jiff::Timestamp::from_duration(since).ok());
    at.map(written).unwrap_or_default()
}

fn written(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Reads the duration that a flag was given, in milliseconds.
pub(crate) fn duration_ms(flag: &str, text: &str) -> Result<u64> {
    let read = duration::parse(text);
    Ok(read.map_err(|error| Refusal::bad_input(format!("{flag}: {error}")))?)
}

/// Reads how long ago something was, or when, in milliseconds since the Unix epoch.
pub(crate) fn past(flag: &str, text: &str) -> Result<u64> {
    read(flag, text, u64::saturating_sub)
}

/// Reads how long ahead something is, or when, in milliseconds since the Unix epoch.
pub(crate) fn future(flag: &str, text: &str) -> Result<u64> {
    read(flag, text, u64::saturating_add)
}

fn read(flag: &str, text: &str, from_now: fn(u64, u64) -> u64) -> Result<u64> {
    if let Ok(at_ms) = duration::timestamp(text) {
        return Ok(at_ms);
    }
    let duration_ms = duration::parse(text).map_err(|error| {
        Refusal::bad_input(format!("{flag}: {error}")).with_help(
            "a time is a duration from now, such as 30d, or written as 2030-01-31T08:00:00Z",
        )
    })?;
    Ok(from_now(now_ms()?, duration_ms))
}
