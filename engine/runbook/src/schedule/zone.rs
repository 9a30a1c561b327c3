//! Time zones: from wall-clock times to instants.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use super::cron::CronTimes;
use super::error::ScheduleError;

/// How many stretches between two changes of the clocks one search may look at; 230 years have at most some 500.
const STRETCHES_MAX: usize = 4_096;
/// No wall clock differs from UTC by more.
const CLOCK_DIFFERENCE_MAX: SignedDuration = SignedDuration::from_hours(48);
/// How like a known name an unknown one must be, of 1, to suggest the known one.
const LIKENESS_MIN: f64 = 0.8;

/// Returns the time zone of an IANA name from the database that is compiled in; ASCII case does not matter.
///
/// The machine's own database is not read, so every server understands a schedule alike.
pub(super) fn find(name: &str) -> Result<TimeZone, ScheduleError> {
    let database = TimeZoneDatabase::bundled();
    database.get(name).map_err(|_| ScheduleError::Zone {
        name: name.to_owned(),
        suggestion: suggest(&database, name),
    })
}

fn suggest(database: &TimeZoneDatabase, name: &str) -> Option<String> {
    let wanted = name.to_ascii_lowercase().replace(' ', "_");
    let likeness = |known: &str| {
        let known = known.to_ascii_lowercase();
        let city = known.rsplit_once('/').map_or(known.as_str(), |(_, city)| city);
        strsim::jaro_winkler(&known, &wanted).max(strsim::jaro_winkler(city, &wanted))
    };
    database
        .available()
        .map(|known| (likeness(known.as_str()), known.as_str().to_owned()))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// Returns the instant of a wall-clock time: the earlier one where clocks go back over it, `None` where they go forward over it.
pub(super) fn instant_of(zone: &TimeZone, time: DateTime) -> Option<Timestamp> {
    let offset = match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Fold { before, .. } => before,
        AmbiguousOffset::Gap { .. } => return None,
    };
    offset.to_timestamp(time).ok()
}

/// Returns the first instant after `after` at which the wall clock shows a time of `times`, moved by `offset_days`.
///
/// A wall-clock time that the clocks skip is skipped. One that they show twice counts once, the first time, if the schedule names its
/// hours; a schedule of every hour counts it both times, for it goes by elapsed time (AWS documents neither for windows).
pub(super) fn next_instant(
    zone: &TimeZone,
    times: &CronTimes,
    offset_days: i8,
    after: Timestamp,
) -> Option<Timestamp> {
    let mut from = after;
    let mut start = zone.to_datetime(from);
    let mut inclusive = false;
    if !times.every_hour
        && let Some(end) = repeated_until(zone, from)
    {
        (start, inclusive) = (end, true);
    }
    for _ in 0..STRETCHES_MAX {
        let found = times.next(start, inclusive, offset_days)?;
        let offset = zone.to_offset(from);
        let Some(change) = zone.following(from).next() else {
            return offset.to_timestamp(found).ok();
        };
        let end = offset.to_datetime(change.timestamp());
        if found < end {
            return offset.to_timestamp(found).ok();
        }
        let shown_after = change.offset().to_datetime(change.timestamp());
        let shows_again = times.every_hour && shown_after < end;
        from = change.timestamp();
        start = if shows_again { shown_after } else { shown_after.max(end) };
        inclusive = true;
        let near =
            TimeZone::UTC.to_timestamp(found).ok()?.checked_sub(CLOCK_DIFFERENCE_MAX).ok()?;
        if !shows_again && near > from {
            (from, start) = (near, zone.to_datetime(near));
        }
    }
    None
}

/// Returns the end, in wall-clock time, of the stretch that the clocks show for the second time at `instant`.
fn repeated_until(zone: &TimeZone, instant: Timestamp) -> Option<DateTime> {
    let offset = zone.to_offset(instant);
    let AmbiguousOffset::Fold { before, after } =
        zone.to_ambiguous_timestamp(offset.to_datetime(instant)).offset()
    else {
        return None;
    };
    if offset != after {
        return None;
    }
    let change = zone.preceding(instant.checked_add(SignedDuration::from_secs(1)).ok()?).next()?;
    Some(before.to_datetime(change.timestamp()))
}
