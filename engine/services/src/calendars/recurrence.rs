//! When something recurs, in local time. The rules are followed by the crate `rrule`, here only their ends are drawn.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use rrule::{Frequency, RRule, RRuleSet, Tz, Unvalidated};

use super::Fault;
use super::zone::Zone;

/// Steps of rules for one question, over all its calendars.
const STEPS_MAX: u64 = 200_000;
/// What a search that finds nothing costs: what `rrule` looks through before it gives up.
const FRUITLESS_STEPS: u64 = 100_000;

/// How much work is left.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Self(STEPS_MAX)
    }
}

impl Budget {
    fn spend(&mut self, steps: u64) -> Result<(), Fault> {
        self.0 = self.0.checked_sub(steps).ok_or(Fault::TooMuch)?;
        Ok(())
    }
}

/// A rule from a start on. Its times are local times, written as if they were UTC.
#[derive(Debug, Clone)]
pub(super) struct Recurrence {
    set: RRuleSet,
    /// The seconds that the search for an occurrence takes in one step.
    step_seconds: u64,
}

impl Recurrence {
    /// Reads the value of an `RRULE`. `UNTIL` may be in UTC, which `zone` makes local.
    pub(super) fn parse(text: &str, start: NaiveDateTime, zone: &Zone) -> Result<Self, Fault> {
        let invalid = |why: String| Fault::invalid(format!("the rule {text:?}: {why}"));
        let (kept, until): (Vec<&str>, Vec<&str>) = text
            .split(';')
            .partition(|part| !part.trim().to_ascii_uppercase().starts_with("UNTIL="));
        let rule: RRule<Unvalidated> = kept
            .join(";")
            .parse()
            .map_err(|error: rrule::RRuleError| invalid(error.to_string()))?;
        let step_days = match rule.get_freq() {
            Frequency::Daily => 1,
            Frequency::Weekly => 7,
            Frequency::Monthly => 28,
            Frequency::Yearly => 365,
            Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => {
                return Err(invalid("recurrences within a day are not supported".to_owned()));
            }
        };
        let within_day = [rule.get_by_hour(), rule.get_by_minute(), rule.get_by_second()];
        if within_day.iter().any(|parts| !parts.is_empty()) {
            return Err(invalid("BYHOUR, BYMINUTE and BYSECOND are not supported".to_owned()));
        }
        let rule = match until.as_slice() {
            [] => rule,
            [until] => {
                let until = until_local(until.trim(), zone)
                    .ok_or_else(|| invalid("UNTIL is not a time".to_owned()))?;
                // A rule that ends before it begins has its start alone.
                rule.until(floating(until.max(start)))
            }
            _ => return Err(invalid("UNTIL stands twice".to_owned())),
        };
        let start = floating(start);
        let rule = rule.validate(start).map_err(|error| invalid(error.to_string()))?;
        Ok(Self { set: RRuleSet::new(start).rrule(rule).limit(), step_seconds: step_days * 86_400 })
    }

    /// Calls `visit` with each occurrence in order until it returns false.
    pub(super) fn each(
        &self,
        budget: &mut Budget,
        mut visit: impl FnMut(NaiveDateTime) -> bool,
    ) -> Result<(), Fault> {
        let mut before = self.set.get_dt_start().timestamp();
        for occurrence in &self.set {
            let passed = occurrence.timestamp().saturating_sub(before).unsigned_abs();
            budget.spend(1 + passed / self.step_seconds)?;
            before = occurrence.timestamp();
            if !visit(occurrence.naive_utc()) {
                return Ok(());
            }
        }
        let ends = self
            .set
            .get_rrule()
            .iter()
            .all(|rule| rule.get_until().is_some() || rule.get_count().is_some());
        if ends { Ok(()) } else { budget.spend(FRUITLESS_STEPS) }
    }
}

fn floating(local: NaiveDateTime) -> DateTime<Tz> {
    local.and_utc().with_timezone(&Tz::UTC)
}

/// Reads `UNTIL=…`: a day, which counts to its end, a local time, or a time in UTC.
fn until_local(text: &str, zone: &Zone) -> Option<NaiveDateTime> {
    let (_, value) = text.split_once('=')?;
    if value.len() == 8 {
        let day = NaiveDate::parse_from_str(value, "%Y%m%d").ok()?;
        return day.and_hms_opt(23, 59, 59);
    }
    let plain = value.strip_suffix(['Z', 'z']);
    let time = NaiveDateTime::parse_from_str(plain.unwrap_or(value), "%Y%m%dT%H%M%S").ok()?;
    if plain.is_none() {
        return Some(time);
    }
    let seconds = time.and_utc().timestamp();
    time.checked_add_signed(TimeDelta::seconds(zone.offset_at(seconds)))
}
