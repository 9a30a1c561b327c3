//! Schedules: an expression, a NUL, and a time zone. One that was read comes at times that grow, however odd it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runbook::schedule::{Dialect, Schedule, Terms};

const DIALECTS: [Dialect; 4] =
    [Dialect::EventBridgeRule, Dialect::Ours, Dialect::MaintenanceWindow, Dialect::Association];
/// 2026-01-01T00:00:00Z.
const NOW_MS: i64 = 1_767_225_600_000;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (expression, zone) = text.split_once('\0').unwrap_or((text, "UTC"));
    for dialect in DIALECTS {
        let Ok(schedule) = Schedule::parse(expression, dialect) else { continue };
        let terms = Terms { zone: Some(zone), created_ms: NOW_MS, ..Terms::default() };
        let Ok(timetable) = schedule.bind(&terms) else { continue };
        let mut last_ms = NOW_MS;
        for _ in 0..4 {
            let Some(next_ms) = timetable.next_after(last_ms) else { break };
            assert!(next_ms > last_ms, "{expression} in {zone} comes at {next_ms} after {last_ms}");
            last_ms = next_ms;
        }
        if let Some(missed) = timetable.missed(NOW_MS, last_ms) {
            assert!(missed.due_ms <= last_ms);
        }
    }
});
