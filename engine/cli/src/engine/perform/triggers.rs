//! Events, and rules and what they did.

use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use services::Actor;
use services::triggers::{MatchFilter, MatchStatus, Replay, RuleSet, check_files};

use super::{Engine, refused};
use crate::exit::Refusal;
use crate::operation::{EventOperation, RuleOperation};

/// Events of one page.
const PAGE: usize = 500;

impl Engine {
    pub(super) async fn events(&self, actor: &Actor, operation: EventOperation) -> Result<Value> {
        let services = self.services();
        match operation {
            EventOperation::Page { cursor } => {
                let page = services.events(cursor.as_deref(), PAGE, None).await;
                let (events, next) = page.map_err(refused)?;
                let is_over = cursor.as_ref() == Some(&next);
                Ok(json!({ "events": events, "cursor": next, "isOver": is_over }))
            }
            EventOperation::Now => {
                let cursor = services.events_from_now(None).await.map_err(refused)?;
                Ok(json!({ "cursor": cursor }))
            }
            EventOperation::Send { source, detail_type, detail, resources } => {
                let sent = services.send_event(actor, [source, detail_type], detail, resources);
                Ok(serde_json::to_value(sent.await.map_err(refused)?)?)
            }
            EventOperation::Replay { name, from_ms, to_ms, pattern, rules } => {
                let replay = Replay { name, from_ms, to_ms, pattern, rules };
                let replayed = services.replay_events(actor, replay).await.map_err(refused)?;
                Ok(serde_json::to_value(replayed)?)
            }
        }
    }

    pub(super) async fn rules(&self, actor: &Actor, operation: RuleOperation) -> Result<Value> {
        let services = self.services();
        match operation {
            RuleOperation::Status => Ok(serde_json::to_value(services.rule_status())?),
            RuleOperation::List => {
                let rules = services.rules();
                let schedules = services.list_schedules().await.map_err(refused)?;
                Ok(json!({
                    "webhooks": rules.hook_names().collect::<Vec<_>>(),
                    "rules": rules.rule_names().collect::<Vec<_>>(),
                    "schedules": schedules,
                }))
            }
            RuleOperation::Test { event } => verdicts(&services.rules(), &event),
            RuleOperation::Backtest { files, from_ms } => {
                let rules = match files {
                    None => services.rules(),
                    Some(files) => match check_files(&files) {
                        (Some(rules), _) => Arc::new(rules),
                        (None, said) => {
                            let shown: Vec<&str> =
                                said.iter().map(|said| said.shown.as_str()).collect();
                            bail!(Refusal::bad_input(shown.concat().trim_end().to_owned()))
                        }
                    },
                };
                let test = services.backtest_rules(&rules, from_ms).await.map_err(refused)?;
                Ok(serde_json::to_value(test)?)
            }
            RuleOperation::Matches { rule, status, limit } => {
                let status = status.as_deref().and_then(MatchStatus::named);
                let filter = MatchFilter { rule: rule.map(rule_key), status, before_seq: None };
                self.matches(filter, limit).await
            }
            RuleOperation::Retry { matches, rule } => {
                let rule = rule.map(rule_key);
                let filter = MatchFilter { rule, ..MatchFilter::default() };
                let count =
                    services.retry_matches(actor, matches, filter).await.map_err(refused)?;
                Ok(json!({ "matches": count }))
            }
        }
    }

    async fn matches(&self, mut filter: MatchFilter, limit: u32) -> Result<Value> {
        let mut all = Vec::new();
        loop {
            let left = limit - u32::try_from(all.len())?;
            let page = self.services().list_matches(filter.clone(), left).await.map_err(refused)?;
            all.extend(page.matches);
            filter.before_seq = page.next;
            if filter.before_seq.is_none() || all.len() >= usize::try_from(limit)? {
                return Ok(serde_json::to_value(all)?);
            }
        }
    }
}

/// Returns the key under which matches of a rule are kept. A schedule is named as `schedule/<name>`.
fn rule_key(name: String) -> String {
    if name.contains('/') { name } else { format!("rule/{name}") }
}

/// Returns what each rule makes of an event.
pub(crate) fn verdicts(rules: &RuleSet, event: &Value) -> Result<Value> {
    let verdicts = rules
        .verdicts(event)
        .map_err(|error| Refusal::bad_input(format!("the event cannot be tested: {error}")))?;
    Ok(serde_json::to_value(verdicts)?)
}
