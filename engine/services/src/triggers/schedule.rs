//! Schedules: each time is claimed, told as an event, and matched, in one transaction.

use std::sync::Arc;

use serde_json::json;
use store::events::{self, NewEvent};
use store::rule_matches::{self, MatchKey, NewMatch};
use store::schedules::{self, ScheduleRow};
use store::{ReadTx, Tx};

use super::rule_set::{EVENT_RULE, KnownSchedule, RuleSet, ScheduleView};
use crate::Services;
use crate::access::Resource;
use crate::actor::now_ms;
use crate::clock::instant;
use crate::error::ServiceError;
use crate::events::Event;

/// `EventBridge`'s source and name of what a schedule tells.
const SOURCE: &str = "aws.events";
const DETAIL_TYPE: &str = "Scheduled Event";
/// Schedules that are looked at together.
const DUE_MAX: u32 = 100;

/// A time of a schedule that has come.
struct Due {
    row: ScheduleRow,
    schedule: Arc<KnownSchedule>,
    planned_ms: u64,
    /// Times before it that nobody was there for.
    skipped: u64,
    next_ms: Option<u64>,
}

impl Services {
    /// Writes which schedules there are: one that is new, or says something else, counts from now on.
    pub(super) async fn prepare_schedules(&self, rules: &RuleSet) -> Result<(), ServiceError> {
        let now_ms = now_ms();
        let before = self.store().read(schedules::list).await?;
        let mut wanted = Vec::new();
        for schedule in rules.schedules().filter(|schedule| schedule.is_enabled) {
            let known = before.iter().find(|row| row.name == schedule.key);
            if known.is_some_and(|row| row.digest == schedule.digest) {
                continue;
            }
            wanted.push(ScheduleRow {
                name: schedule.key.clone(),
                digest: schedule.digest.clone(),
                anchor_ms: now_ms,
                next_ms: next_after(schedule, now_ms, now_ms)?,
                last_ms: None,
                skipped: 0,
            });
        }
        let is_gone = |row: &&ScheduleRow| {
            !rules.schedule(&row.name).is_some_and(|schedule| schedule.is_enabled)
        };
        let gone: Vec<String> = before.iter().filter(is_gone).map(|row| row.name.clone()).collect();
        if wanted.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let write = move |tx: &mut Tx<'_>| -> Result<(), ServiceError> {
            for name in &gone {
                schedules::delete(tx, name)?;
            }
            for row in &wanted {
                schedules::put(tx, row)?;
            }
            Ok(())
        };
        self.store().try_write(write).await
    }

    /// Lets the schedules come that are due: each once, however many of its times nobody was there for. Returns whether one did.
    pub(super) async fn fire_schedules(
        &self,
        rules: &RuleSet,
        now_ms: u64,
    ) -> Result<bool, ServiceError> {
        let read = move |tx: &ReadTx<'_>| schedules::due(tx, now_ms, DUE_MAX);
        let rows = self.store().read(read).await?;
        let mut has_fired = false;
        for row in rows {
            let schedule = rules.schedule(&row.name).filter(|known| known.digest == row.digest);
            if let Some(due) =
                schedule.map(|schedule| due(row, schedule, now_ms)).transpose()?.flatten()
            {
                has_fired |= self.fire(due, now_ms).await?;
            }
        }
        Ok(has_fired)
    }

    async fn fire(&self, due: Due, now_ms: u64) -> Result<bool, ServiceError> {
        let (event, new) = self.scheduled_event(&due, now_ms);
        let text = serde_json::to_string(&event).map_err(|error| {
            ServiceError::internal(format!("an event cannot be encoded: {error}"))
        })?;
        let keys: Vec<MatchKey> = due
            .schedule
            .targets
            .iter()
            .map(|target| MatchKey {
                rule: due.schedule.key.clone(),
                target: target.id.clone(),
                event_id: new.id.clone(),
                replay: String::new(),
            })
            .collect();
        if due.skipped > 0 {
            tracing::warn!(
                schedule = due.schedule.name,
                skipped = due.skipped,
                "times of a schedule were passed over"
            );
        }
        let write = move |tx: &mut Tx<'_>| -> Result<bool, ServiceError> {
            if !schedules::claim(tx, &due.row, due.next_ms, due.planned_ms, due.skipped)? {
                return Ok(false);
            }
            events::append(tx, &new)?;
            for key in &keys {
                let matched = NewMatch {
                    key: key.clone(),
                    caused_by: Some(new.id.clone()),
                    depth: 0,
                    time_ms: now_ms,
                    event: text.clone(),
                    stopped: None,
                };
                rule_matches::insert(tx, &matched)?;
            }
            Ok(true)
        };
        self.store().try_write(write).await
    }

    fn scheduled_event(&self, due: &Due, now_ms: u64) -> (Event, NewEvent) {
        let place = self.place();
        let resources = vec![Resource::EventRule(due.schedule.name.clone()).arn(place)];
        // EventBridge's own have an empty detail.
        let detail = if due.schedule.key.starts_with(EVENT_RULE) {
            json!({})
        } else {
            json!({ "schedule": due.schedule.name, "skipped": due.skipped })
        };
        let new = NewEvent {
            id: uuid::Uuid::new_v4().to_string(),
            time_ms: now_ms,
            at_ms: due.planned_ms,
            source: SOURCE.to_owned(),
            detail_type: DETAIL_TYPE.to_owned(),
            resources: json!(resources).to_string(),
            detail: detail.to_string(),
            run: None,
            replay: None,
        };
        let event = Event {
            source: SOURCE.to_owned(),
            resources,
            detail,
            ..crate::events::event(place, new.id.clone(), DETAIL_TYPE, due.planned_ms)
        };
        (event, new)
    }

    /// Returns the schedules, each with when it comes next and came last.
    pub async fn list_schedules(&self) -> Result<Vec<ScheduleView>, ServiceError> {
        let rows = self.store().read(schedules::list).await?;
        let rules = self.rules();
        let view = |schedule: &Arc<KnownSchedule>| {
            let row = rows.iter().find(|row| row.name == schedule.key);
            ScheduleView {
                name: schedule.name.clone(),
                at: schedule.when.times.source().to_owned(),
                is_enabled: schedule.is_enabled,
                next: row.and_then(|row| row.next_ms).map(instant),
                last: row.and_then(|row| row.last_ms).map(instant),
                skipped: row.map_or(0, |row| row.skipped),
            }
        };
        Ok(rules.schedules().map(view).collect())
    }
}

fn due(
    row: ScheduleRow,
    schedule: &Arc<KnownSchedule>,
    now_ms: u64,
) -> Result<Option<Due>, ServiceError> {
    let Some(planned_ms) = row.next_ms else { return Ok(None) };
    let timetable = timetable(schedule, row.anchor_ms)?;
    let before = i64::try_from(planned_ms.saturating_sub(1)).unwrap_or(i64::MAX);
    let missed = timetable.missed(before, i64::try_from(now_ms).unwrap_or(i64::MAX));
    let (due_ms, skipped) = missed.map_or((planned_ms, 0), |missed| {
        (u64::try_from(missed.due_ms).unwrap_or(planned_ms), missed.skipped)
    });
    let next_ms = next_after(schedule, row.anchor_ms, now_ms)?;
    Ok(Some(Due { row, schedule: schedule.clone(), planned_ms: due_ms, skipped, next_ms }))
}

fn next_after(
    schedule: &KnownSchedule,
    anchor_ms: u64,
    after_ms: u64,
) -> Result<Option<u64>, ServiceError> {
    let after = i64::try_from(after_ms).unwrap_or(i64::MAX);
    let next = timetable(schedule, anchor_ms)?.next_after(after);
    Ok(next.and_then(|next| u64::try_from(next).ok()))
}

fn timetable(
    schedule: &KnownSchedule,
    anchor_ms: u64,
) -> Result<runbook::schedule::Timetable, ServiceError> {
    schedule.when.timetable(anchor_ms).map_err(|error| {
        ServiceError::internal(format!("the schedule {} cannot be bound: {error}", schedule.name))
    })
}
