//! Wall-clock time, recorded so that a replay sees the same.

use crate::bindings::runwright::host::clock;

/// Returns the time in milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    clock::now()
}

/// Returns the time `seconds` from now, in milliseconds since the Unix epoch.
pub fn after_seconds(seconds: u64) -> u64 {
    now_ms().saturating_add(seconds.saturating_mul(1_000))
}
