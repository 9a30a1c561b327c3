//! What a page of events leads to.

use std::collections::BTreeMap;
use std::sync::Arc;

use host_api::identifier::RunId;
use rules::Event;
use rules::window::{Matched, Part};
use serde_json::Value;
use store::rule_matches::{self, MatchKey, NewMatch};
use store::rule_windows::WindowRow;
use store::{ReadError, ReadTx, replays, runs};

use super::rule_set::{KnownRule, RuleSet};
use super::window::Windows;
use super::{DEPTH_MAX, RATE_MAX, RATE_MS};
use crate::automation;
use crate::error::ServiceError;
use crate::events::Occurrence;

/// An event that rules match.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) event: Value,
    pub(super) id: String,
    pub(super) replay: String,
    pub(super) run: Option<RunId>,
    pub(super) rules: Vec<(Arc<KnownRule>, Part)>,
}

/// What is to be written, all at once.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) found: Vec<NewMatch>,
    pub(super) windows: Windows,
    looped: BTreeMap<String, u64>,
}

/// Holds events against the rules.
pub(super) fn hits(rules: &RuleSet, occurrences: &[Occurrence]) -> Result<Vec<Hit>, ServiceError> {
    let mut hits = Vec::new();
    for Occurrence { event, run, .. } in occurrences {
        let value = serde_json::to_value(event).map_err(|error| {
            ServiceError::internal(format!("the event {} cannot be encoded: {error}", event.id))
        })?;
        let matching = match Event::new(&value) {
            Ok(flat) => {
                let matching = rules.matching(&flat).into_iter();
                matching.map(|(rule, part)| (rule.clone(), part)).collect::<Vec<_>>()
            }
            Err(error) => {
                tracing::warn!(id = event.id, %error, "an event cannot be held against rules");
                continue;
            }
        };
        if matching.is_empty() {
            continue;
        }
        hits.push(Hit {
            id: event.id.clone(),
            replay: event.replay_name.clone().unwrap_or_default(),
            run: run.clone(),
            event: value,
            rules: matching,
        });
    }
    Ok(hits)
}

impl Folded {
    /// Returns what events lead to for which nothing in the store is to be looked at: no window, no run that did it, no replay.
    pub(super) fn of_plain(hits: &[Hit], now_ms: u64) -> Option<Self> {
        let is_plain = |hit: &Hit| {
            let mut rules = hit.rules.iter();
            hit.run.is_none()
                && hit.replay.is_empty()
                && rules.all(|(rule, _)| rule.window.is_none())
        };
        if !hits.iter().all(is_plain) {
            return None;
        }
        let mut folded = Self::default();
        for hit in hits {
            for (rule, _) in &hit.rules {
                let key = (hit.id.clone(), String::new());
                folded.push(rule, key, &hit.event, (0, None), Some(&hit.id), now_ms);
            }
        }
        Some(folded)
    }

    /// Folds the events of a page into the windows that are open, in their order.
    pub(super) fn of(tx: &ReadTx<'_>, hits: &[Hit], now_ms: u64) -> Result<Self, ServiceError> {
        let mut folded = Self::default();
        for hit in hits {
            let depth = match &hit.run {
                Some(run) => depth_of(tx, run)?.map_or(0, |depth| depth + 1),
                None => 0,
            };
            let wanted = wanted_rules(tx, &hit.replay)?;
            for (rule, part) in &hit.rules {
                if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&rule.key)) {
                    continue;
                }
                folded.fold(tx, hit, (rule, *part), depth, now_ms)?;
            }
        }
        Ok(folded)
    }

    fn fold(
        &mut self,
        tx: &ReadTx<'_>,
        hit: &Hit,
        (rule, part): (&Arc<KnownRule>, Part),
        depth: u32,
        now_ms: u64,
    ) -> Result<(), ServiceError> {
        let Some(window) = &rule.window else {
            let key = (hit.id.clone(), hit.replay.clone());
            return self.add(tx, rule, key, &hit.event, depth, Some(&hit.id), now_ms);
        };
        let matched = Matched { id: &hit.id, part, event: &hit.event, at_ms: now_ms };
        let matched = (matched, hit.replay.as_str());
        if let Some(start) = self.windows.fold(tx, rule, window, matched, depth)? {
            let key = (start.id, hit.replay.clone());
            self.add(tx, rule, key, &start.event, start.depth, Some(&hit.id), now_ms)?;
        }
        Ok(())
    }

    /// Adds the matches that an event leads to: one for each target of the rule.
    #[expect(clippy::too_many_arguments, reason = "each says something else of one match")]
    pub(super) fn add(
        &mut self,
        tx: &ReadTx<'_>,
        rule: &KnownRule,
        (event_id, replay): (String, String),
        event: &Value,
        depth: u32,
        caused_by: Option<&str>,
        now_ms: u64,
    ) -> Result<(), ServiceError> {
        let stopped = if depth > 0 { self.stopped(tx, &rule.key, depth, now_ms)? } else { None };
        self.push(rule, (event_id, replay), event, (depth, stopped), caused_by, now_ms);
        Ok(())
    }

    fn push(
        &mut self,
        rule: &KnownRule,
        (event_id, replay): (String, String),
        event: &Value,
        (depth, stopped): (u32, Option<String>),
        caused_by: Option<&str>,
        now_ms: u64,
    ) {
        let text = event.to_string();
        for target in &rule.targets {
            let key = MatchKey {
                rule: rule.key.clone(),
                target: target.id.clone(),
                event_id: event_id.clone(),
                replay: replay.clone(),
            };
            let stopped = stopped.clone();
            self.found.push(NewMatch {
                key,
                caused_by: caused_by.map(str::to_owned),
                depth,
                time_ms: now_ms,
                event: text.clone(),
                stopped,
            });
        }
    }

    /// Says why a match that follows from what a run of a rule did is stopped, if it is.
    fn stopped(
        &mut self,
        tx: &ReadTx<'_>,
        rule: &str,
        depth: u32,
        now_ms: u64,
    ) -> Result<Option<String>, ServiceError> {
        if depth > DEPTH_MAX {
            return Ok(Some(format!(
                "a loop: {depth} runs of rules lie between this event and what came from outside, and {DEPTH_MAX} are allowed; narrow the rule's pattern so that it does not match what its own runs do"
            )));
        }
        let count = match self.looped.get(rule) {
            Some(count) => *count,
            None => rule_matches::count_looped(tx, rule, now_ms.saturating_sub(RATE_MS))?,
        };
        self.looped.insert(rule.to_owned(), count + 1);
        Ok((count >= RATE_MAX).then(|| {
            format!(
                "too many: {RATE_MAX} matches of this rule within {} s came from what runs of rules did",
                RATE_MS / 1_000
            )
        }))
    }
}

/// Returns the keys of the rules that the events of a replay are for; `None` for all.
fn wanted_rules(tx: &ReadTx<'_>, replay: &str) -> Result<Option<Vec<String>>, ServiceError> {
    if replay.is_empty() {
        return Ok(None);
    }
    let rules = replays::find(tx, replay)?.and_then(|row| row.rules);
    let read = |text: String| {
        serde_json::from_str(&text).map_err(|error| {
            ServiceError::internal(format!("the replay {replay} cannot be read: {error}"))
        })
    };
    rules.map(read).transpose()
}

/// Returns the depth of the match that started a run, or one of the runs that it belongs to.
fn depth_of(tx: &ReadTx<'_>, run: &RunId) -> Result<Option<u32>, ReadError> {
    let mut run = run.clone();
    for _ in 0..=automation::DEPTH_MAX {
        if let Some(depth) = rule_matches::depth_of_run(tx, &run)? {
            return Ok(Some(depth));
        }
        let Some(parent) = runs::find(tx, &run)?.and_then(|row| row.parent) else {
            return Ok(None);
        };
        run = parent.run;
    }
    Ok(None)
}

impl Folded {
    /// Looks at a window whose time is over.
    pub(super) fn expire(
        &mut self,
        tx: &ReadTx<'_>,
        rules: &RuleSet,
        row: &WindowRow,
        now_ms: u64,
    ) -> Result<(), ServiceError> {
        let rule = rules.rule(&row.rule).filter(|rule| rule.digest == row.digest);
        let Some((rule, window)) = rule.and_then(|rule| Some((rule, rule.window.as_ref()?))) else {
            self.windows.forget(row);
            return Ok(());
        };
        if let Some(start) = self.windows.expire(rule, window, row, now_ms)? {
            let key = (start.id, row.replay.clone());
            self.add(tx, rule, key, &start.event, start.depth, None, now_ms)?;
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.windows.is_empty()
    }
}
