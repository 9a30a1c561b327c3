//! Events of a time once more, and what rules would have made of them.

use std::collections::BTreeMap;

use rules::{Event, Pattern};
use serde::Serialize;
use serde_json::{Value, json};
use store::events::{self, NewEvent};
use store::replays::{self, ReplayRow};
use store::{Tx, WriteError};

use super::rule_set::RuleSet;
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;
use crate::events::{Occurrence, PAGE_MAX};

/// Which events come once more.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    /// A name that no replay has had; a new one when nothing is said.
    pub name: Option<String>,
    /// The first time, in milliseconds since the Unix epoch.
    pub from_ms: u64,
    /// The first time that is not of it; now when nothing is said.
    pub to_ms: Option<u64>,
    /// A pattern that the events must match.
    pub pattern: Option<String>,
    /// The names of the rules that they are for; all when there are none.
    pub rules: Vec<String>,
}

/// A replay that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    pub name: String,
    pub events: u64,
}

/// What rules would have made of the events of a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backtest {
    pub events: u64,
    /// How many events each rule matches, by name; those that match none too.
    pub matches: BTreeMap<String, u64>,
    /// The latest event that each rule matches.
    pub examples: BTreeMap<String, Value>,
}

/// A walk over the events of a time.
struct Walk {
    cursor: Option<String>,
    /// Where it ends at the latest.
    end: String,
    from_ms: u64,
    to_ms: u64,
    is_over: bool,
}

impl Backtest {
    fn hold(&mut self, rules: &RuleSet, value: &Value) {
        self.events += 1;
        let Ok(event) = Event::new(value) else { return };
        let mut last = None;
        for (rule, _) in rules.matching(&event) {
            if last.replace(&rule.name) != Some(&rule.name) {
                *self.matches.entry(rule.name.clone()).or_default() += 1;
                self.examples.insert(rule.name.clone(), value.clone());
            }
        }
    }
}

impl Services {
    /// Stores the events of a time once more, each with the name of the replay, for rules to act upon anew.
    ///
    /// What came by a replay is not replayed again.
    ///
    /// # Errors
    /// `ReplayAlreadyExists`; `InvalidEventPatternException`; `RuleNotFound`; `ValidationException` for times in the wrong order.
    pub async fn replay_events(
        &self,
        actor: &Actor,
        replay: Replay,
    ) -> Result<Replayed, ServiceError> {
        let now = now_ms();
        let to_ms = replay.to_ms.unwrap_or(now);
        if to_ms <= replay.from_ms {
            return Err(ServiceError::validation("a replay ends after it begins"));
        }
        let pattern = replay.pattern.as_deref().map(parse_pattern).transpose()?;
        let rules = self.rules();
        let mut keys = Vec::with_capacity(replay.rules.len());
        for name in &replay.rules {
            let rule = rules.rules().find(|rule| rule.name == *name).ok_or_else(|| {
                ServiceError::request("RuleNotFound", format!("there is no rule {name}"))
            })?;
            keys.push(rule.key.clone());
        }
        let name = replay.name.unwrap_or_else(|| format!("replay-{}", uuid::Uuid::new_v4()));
        let row = ReplayRow {
            name: name.clone(),
            from_ms: replay.from_ms,
            to_ms,
            pattern: replay.pattern,
            rules: (!keys.is_empty()).then(|| json!(keys).to_string()),
            status: "RUNNING".to_owned(),
            reason: None,
            events: 0,
            created_ms: now,
            ended_ms: None,
        };
        let deed = Deed::new("StartReplay", format!("replay/{name}"))
            .details(json!({ "fromMs": row.from_ms, "toMs": row.to_ms }));
        let begin = row.clone();
        let insert = move |tx: &mut Tx<'_>| match replays::insert(tx, &begin) {
            Err(WriteError::Exists { id, .. }) => Err(ServiceError::request(
                "ReplayAlreadyExists",
                format!("there was a replay {id}; each has a name of its own"),
            )),
            result => Ok(result?),
        };
        self.change(actor, deed, insert).await?;
        let mut count = 0;
        let mut walk = self.walk(row.from_ms, to_ms).await?;
        while let Some(page) = self.next_page(&mut walk).await? {
            let copies = copies(&page, pattern.as_ref(), &name)?;
            count += copies.len() as u64;
            self.store_copies(copies).await?;
        }
        let (ended, counted) = (name.clone(), count);
        let end = move |tx: &mut Tx<'_>| {
            replays::set_status(tx, &ended, "COMPLETED", counted, Some(now_ms()))
        };
        self.store().write(end).await?;
        Ok(Replayed { name, events: count })
    }

    /// Says what rules would have matched among the events since a time, and starts nothing. Windows are not looked at.
    pub async fn backtest_rules(
        &self,
        rules: &RuleSet,
        from_ms: u64,
    ) -> Result<Backtest, ServiceError> {
        let names = rules.rule_names().map(|name| (name.to_owned(), 0));
        let mut test = Backtest { matches: names.collect(), ..Backtest::default() };
        let mut walk = self.walk(from_ms, u64::MAX).await?;
        while let Some(page) = self.next_page(&mut walk).await? {
            for occurrence in page {
                test.hold(rules, &encoded(&occurrence)?);
            }
        }
        Ok(test)
    }

    /// Returns the next events of a time; those that came by a replay are left out. `None` is the end.
    async fn next_page(&self, walk: &mut Walk) -> Result<Option<Vec<Occurrence>>, ServiceError> {
        if walk.is_over {
            return Ok(None);
        }
        let (page, next) = self.events(walk.cursor.as_deref(), PAGE_MAX, None).await?;
        walk.is_over = walk.cursor.as_ref() == Some(&next) || next == walk.end;
        walk.cursor = Some(next);
        let wanted = page.into_iter().filter(|occurrence| {
            let at_ms = runbook::duration::timestamp(&occurrence.event.time).unwrap_or(0);
            let is_of_time = (walk.from_ms..walk.to_ms).contains(&at_ms);
            is_of_time && occurrence.event.replay_name.is_none()
        });
        Ok(Some(wanted.collect()))
    }

    /// Begins to walk over the events that there are now.
    async fn walk(&self, from_ms: u64, to_ms: u64) -> Result<Walk, ServiceError> {
        let end = self.events_from_now(None).await?;
        Ok(Walk { cursor: None, end, from_ms, to_ms, is_over: false })
    }

    async fn store_copies(&self, copies: Vec<NewEvent>) -> Result<(), ServiceError> {
        if copies.is_empty() {
            return Ok(());
        }
        let write = move |tx: &mut Tx<'_>| -> Result<(), WriteError> {
            copies.iter().try_for_each(|copy| events::append(tx, copy))
        };
        Ok(self.store().write(write).await?)
    }
}

fn parse_pattern(text: &str) -> Result<Pattern, ServiceError> {
    Pattern::parse(text)
        .map_err(|error| ServiceError::request("InvalidEventPatternException", error.to_string()))
}

fn encoded(occurrence: &Occurrence) -> Result<Value, ServiceError> {
    serde_json::to_value(&occurrence.event)
        .map_err(|error| ServiceError::internal(format!("an event cannot be encoded: {error}")))
}

fn copies(
    page: &[Occurrence],
    pattern: Option<&Pattern>,
    name: &str,
) -> Result<Vec<NewEvent>, ServiceError> {
    let now_ms = now_ms();
    let mut copies = Vec::new();
    for occurrence in page {
        if let Some(pattern) = pattern {
            let value = encoded(occurrence)?;
            if !Event::new(&value).is_ok_and(|event| pattern.matches(&event)) {
                continue;
            }
        }
        let event = occurrence.event.clone();
        copies.push(NewEvent {
            id: event.id,
            time_ms: now_ms,
            at_ms: runbook::duration::timestamp(&event.time).unwrap_or(now_ms),
            source: event.source,
            detail_type: event.detail_type,
            resources: json!(event.resources).to_string(),
            detail: event.detail.to_string(),
            run: occurrence.run.clone(),
            replay: Some(name.to_owned()),
        });
    }
    Ok(copies)
}
