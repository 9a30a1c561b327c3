//! What events have led to, as it is shown, and dead ones once more.

use serde::Serialize;
use serde_json::{Value, json};
use store::rule_matches::{self, MatchFilter, MatchRow, MatchStatus};
use store::{ReadTx, Tx, runs};

use super::Led;
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::clock::instant;
use crate::error::ServiceError;

/// Matches of one page.
const PAGE_MAX: u32 = 1_000;
/// Old matches deleted in one transaction.
const DELETED_MAX: u32 = 1_000;

/// A match as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchView {
    pub id: u64,
    /// `rule/<name>`, `schedule/<name>` or `event-rule/<name>`.
    pub rule: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    pub event_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub replay: String,
    pub status: &'static str,
    pub attempts: u32,
    /// How many runs of rules lie between it and what came from outside.
    pub depth: u32,
    pub time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
    /// The id of what it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it is about; absent once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Value>,
}

/// Some matches, newest first, and the number to go on before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchList {
    pub matches: Vec<MatchView>,
    pub next: Option<u64>,
}

impl From<MatchRow> for MatchView {
    fn from(row: MatchRow) -> Self {
        Self {
            id: row.seq,
            rule: row.key.rule,
            target: row.key.target,
            event_id: row.key.event_id,
            replay: row.key.replay,
            status: row.status.as_str(),
            attempts: row.attempts,
            depth: row.depth,
            time: instant(row.time_ms),
            next_attempt: row.due_ms.map(instant),
            result: row.result,
            reason: row.reason,
            event: row.event.and_then(|text| serde_json::from_str(&text).ok()),
        }
    }
}

impl Services {
    /// Returns up to `limit` matches, at most 1,000, newest first.
    pub async fn list_matches(
        &self,
        filter: MatchFilter,
        limit: u32,
    ) -> Result<MatchList, ServiceError> {
        let limit = limit.min(PAGE_MAX);
        let read = move |tx: &ReadTx<'_>| rule_matches::list(tx, &filter, limit);
        let rows = self.store().read(read).await?;
        let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.seq);
        Ok(MatchList { matches: rows.into_iter().map(MatchView::from).collect(), next })
    }

    /// Has matches that are dead or stopped tried again, and returns how many there were: those that are named, or else all that the
    /// filter finds.
    ///
    /// # Errors
    /// `MatchNotFound` for a number that is none of a dead or stopped match.
    pub async fn retry_matches(
        &self,
        actor: &Actor,
        named: Vec<u64>,
        filter: MatchFilter,
    ) -> Result<u64, ServiceError> {
        let deed = Deed::new("RetryRuleMatches", filter.rule.clone().unwrap_or_default())
            .details(json!({ "matches": named }));
        let now_ms = now_ms();
        let retry = move |tx: &mut Tx<'_>| -> Result<u64, ServiceError> {
            let mut count = 0;
            for seq in &named {
                if !rule_matches::revive(tx, *seq, now_ms)? {
                    return Err(ServiceError::request(
                        "MatchNotFound",
                        format!("there is no dead or stopped match {seq}"),
                    ));
                }
                count += 1;
            }
            if named.is_empty() {
                count = retry_all(tx, &filter, now_ms)?;
            }
            Ok(count)
        };
        let count = self.change(actor, deed, retry).await?;
        self.triggers().look();
        Ok(count)
    }

    /// Returns what an event has led to so far, as the last one of its window if there was one.
    pub(crate) async fn led_by(&self, event_id: &str) -> Result<Vec<Led>, ServiceError> {
        let event_id = event_id.to_owned();
        let read = move |tx: &ReadTx<'_>| rule_matches::caused_by(tx, &event_id);
        let rows = self.store().read(read).await?;
        let mut led = Vec::with_capacity(rows.len());
        for row in &rows {
            led.push(self.led_of(row).await);
        }
        Ok(led)
    }

    pub(super) async fn led_of(&self, row: &MatchRow) -> Led {
        let is_run = match &row.result {
            None => false,
            Some(result) => {
                let run = host_api::identifier::RunId::new(result.clone());
                let find = move |tx: &ReadTx<'_>| runs::find(tx, &run);
                self.store().read(find).await.is_ok_and(|found| found.is_some())
            }
        };
        Led { rule: row.key.rule.clone(), status: row.status, result: row.result.clone(), is_run }
    }

    /// Deletes matches whose days are over. To be called now and then.
    pub async fn forget_old_matches(&self) -> Result<(), ServiceError> {
        let before_ms = self.kept_since_ms();
        let delete = move |tx: &mut Tx<'_>| rule_matches::delete_before(tx, before_ms, DELETED_MAX);
        while self.store().write(delete).await? > 0 {}
        Ok(())
    }
}

fn retry_all(tx: &mut Tx<'_>, filter: &MatchFilter, now_ms: u64) -> Result<u64, ServiceError> {
    let statuses = match filter.status {
        Some(status) => vec![status],
        None => vec![MatchStatus::Dead, MatchStatus::Stopped],
    };
    let mut count = 0;
    for status in statuses {
        let mut filter = MatchFilter { status: Some(status), ..filter.clone() };
        loop {
            let rows = rule_matches::list(tx, &filter, PAGE_MAX)?;
            let Some(last) = rows.last() else { break };
            filter.before_seq = Some(last.seq);
            for row in &rows {
                count += u64::from(rule_matches::revive(tx, row.seq, now_ms)?);
            }
        }
    }
    Ok(count)
}
