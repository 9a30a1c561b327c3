//! The dispatcher: holds what happened against the rules, and has what follows done.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use store::dispatch::{self, Reached};
use store::rule_matches::{self, MatchRow, NewMatch};
use store::{ReadTx, Tx, rule_windows, schedules};
use tokio::sync::Semaphore;

use super::delivery::Pending;
use super::page::{Folded, Hit, hits};
use super::rule_set::RuleSet;
use crate::Services;
use crate::actor::now_ms;
use crate::error::ServiceError;
use crate::events;

/// Events that are held against the rules at once.
const PAGE: usize = 500;
/// Matches that are acted upon at the same time.
const DELIVERIES_MAX: usize = 32;
/// Windows and matches that are due and looked at together.
const DUE_MAX: u32 = 500;
/// How long the cursor may stay unwritten while nothing follows from events.
const UNWRITTEN_MAX: Duration = Duration::from_secs(1);
/// How long nothing is tried after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often what is due is looked for, whatever the store says.
const LOOK_EACH: Duration = Duration::from_mins(1);
/// The least time between two looks at what was due and could not be done.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// Where the dispatcher is.
struct Dispatching {
    /// Up to where events were held against rules; read from the store when nothing is known.
    cursor: Option<String>,
    /// The cursor in the store is older than this one.
    unwritten_since: Option<Instant>,
    /// The matches that are being acted upon.
    under_way: Arc<Mutex<BTreeSet<u64>>>,
    places: Arc<Semaphore>,
    /// Before this nothing is due, unless somebody says so.
    quiet_until: Instant,
}

/// Whether there may be more to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    More,
    /// Nothing before this long has passed, or something happens.
    Quiet(Duration),
}

impl Services {
    /// Holds events against the rules, and acts upon what follows, as long as the future is polled. One at a time does this.
    pub async fn dispatch_events(&self) {
        let mut dispatching = Dispatching {
            cursor: None,
            unwritten_since: None,
            under_way: Arc::default(),
            places: Arc::new(Semaphore::new(DELIVERIES_MAX)),
            quiet_until: Instant::now(),
        };
        let mut commits = self.store().commits();
        loop {
            // Whatever is committed after this is told by the next change of it.
            commits.mark_unchanged();
            let pause = match self.dispatch_some(&mut dispatching).await {
                Ok(Progress::More) => continue,
                Ok(Progress::Quiet(pause)) => pause,
                Err(error) if error.is_store_closed() => return,
                Err(error) => {
                    tracing::error!(%error, "events were not held against rules; it is tried again");
                    // What is known may be other than what is stored.
                    dispatching.cursor = None;
                    self.triggers().look();
                    tokio::time::sleep(AFTER_FAILURE).await;
                    continue;
                }
            };
            tokio::select! {
                changed = commits.changed() => if changed.is_err() { return },
                () = self.triggers().woken.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn dispatch_some(&self, on: &mut Dispatching) -> Result<Progress, ServiceError> {
        let rules = self.rules();
        if rules.is_idle() {
            on.cursor = None;
            self.triggers().waiting.release();
        } else if self.dispatch_page(on, &rules).await? {
            return Ok(Progress::More);
        }
        let (now, is_asked) = (Instant::now(), self.triggers().is_asked_to_look());
        if !is_asked && now < on.quiet_until {
            return Ok(Progress::Quiet(on.quiet_until - now));
        }
        // What happened until now has been looked at: so windows may say that nothing came.
        let now_ms = now_ms();
        let mut is_more = self.expire_windows(on, &rules, now_ms).await?;
        is_more |= self.fire_schedules(&rules, now_ms).await?;
        is_more |= self.deliver_due(on, now_ms).await?;
        if is_more {
            self.triggers().look();
            return Ok(Progress::More);
        }
        self.write_cursor(on, rules.reads_runs()).await?;
        let quiet = self.until_due(on).await?;
        on.quiet_until = Instant::now() + quiet;
        Ok(Progress::Quiet(quiet))
    }

    /// Holds a page of events against the rules. Returns whether there may be more.
    async fn dispatch_page(
        &self,
        on: &mut Dispatching,
        rules: &RuleSet,
    ) -> Result<bool, ServiceError> {
        let cursor = match &on.cursor {
            Some(cursor) => cursor.clone(),
            None => self.stored_cursor().await?,
        };
        let (page, next) = if rules.reads_runs() {
            self.events(Some(&cursor), PAGE, None).await?
        } else {
            self.events_beside_runs(&cursor, PAGE).await?
        };
        // Without the journals an empty page is the end, and how far these went on says nothing.
        if page.is_empty() && (next == cursor || !rules.reads_runs()) {
            on.cursor = Some(next);
            return Ok(false);
        }
        let hits = hits(rules, &page)?;
        let mut pending = Vec::new();
        if hits.is_empty() {
            if on.unwritten_since.is_none() {
                on.unwritten_since = Some(Instant::now());
                on.quiet_until = on.quiet_until.min(Instant::now() + UNWRITTEN_MAX);
            }
        } else {
            let reached = Reached { cursor: next.clone(), reads_runs: rules.reads_runs() };
            pending = self.commit_page(hits, reached).await?;
            on.unwritten_since = None;
        }
        on.cursor = Some(next);
        let waiting = &self.triggers().waiting;
        for occurrence in &page {
            let id = &occurrence.event.id;
            let count = pending.iter().filter(|found| found.caused_by.as_ref() == Some(id)).count();
            waiting.matched(id, count);
        }
        for pending in pending {
            self.begin_delivery(on, pending).await;
        }
        Ok(true)
    }

    /// Writes what the hits of a page lead to, together with the cursor after it, and returns what is to be acted upon.
    async fn commit_page(
        &self,
        hits: Vec<Hit>,
        reached: Reached,
    ) -> Result<Vec<Pending>, ServiceError> {
        let now_ms = now_ms();
        let folded = if let Some(folded) = Folded::of_plain(&hits, now_ms) {
            folded
        } else {
            let fold = move |tx: &ReadTx<'_>| Folded::of(tx, &hits, now_ms);
            self.store().read(fold).await?
        };
        self.commit_folded(folded, Some(reached)).await
    }

    async fn commit_folded(
        &self,
        folded: Folded,
        reached: Option<Reached>,
    ) -> Result<Vec<Pending>, ServiceError> {
        let folded = Arc::new(folded);
        let writing = folded.clone();
        let write = move |tx: &mut Tx<'_>| -> Result<Vec<Option<u64>>, ServiceError> {
            writing.windows.write(tx)?;
            let mut numbers = Vec::with_capacity(writing.found.len());
            for new in &writing.found {
                numbers.push(rule_matches::insert(tx, new)?);
            }
            if let Some(reached) = &reached {
                dispatch::reach(tx, reached)?;
            }
            Ok(numbers)
        };
        let numbers = self.store().try_write(write).await?;
        if !folded.windows.is_empty() {
            // A window may be due earlier than anything before.
            self.triggers().look();
        }
        let found = folded.found.iter().zip(numbers);
        found.filter_map(|(new, seq)| pending(new, seq?).transpose()).collect()
    }

    /// Looks at the windows whose time is over. Returns whether there may be more of them.
    async fn expire_windows(
        &self,
        on: &Dispatching,
        rules: &Arc<RuleSet>,
        now_ms: u64,
    ) -> Result<bool, ServiceError> {
        let rules = rules.clone();
        let expire = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            let due = rule_windows::due(tx, now_ms, DUE_MAX)?;
            let is_more = due.len() == DUE_MAX as usize;
            let mut folded = Folded::default();
            for row in due {
                folded.expire(tx, &rules, &row, now_ms)?;
            }
            Ok((folded, is_more))
        };
        let (folded, is_more) = self.store().read(expire).await?;
        if folded.is_empty() {
            return Ok(is_more);
        }
        for pending in self.commit_folded(folded, None).await? {
            self.begin_delivery(on, pending).await;
        }
        Ok(is_more)
    }

    /// Acts upon matches that are due: those that failed, and those that an earlier process has left. Returns whether there may be more.
    async fn deliver_due(&self, on: &Dispatching, now_ms: u64) -> Result<bool, ServiceError> {
        let due = move |tx: &ReadTx<'_>| rule_matches::due(tx, now_ms, DUE_MAX);
        let due: Vec<MatchRow> = self.store().read(due).await?;
        let mut has_begun = false;
        for row in due {
            if on.is_under_way(row.seq) {
                continue;
            }
            if let Some(pending) = Pending::of(row)? {
                has_begun = true;
                self.begin_delivery(on, pending).await;
            }
        }
        Ok(has_begun)
    }

    /// Acts upon a match, beside others; waits as long as too many are acted upon.
    async fn begin_delivery(&self, on: &Dispatching, pending: Pending) {
        on.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(pending.seq);
        let Ok(place) = on.places.clone().acquire_owned().await else { return };
        let (services, under_way) = (self.clone(), on.under_way.clone());
        tokio::spawn(async move {
            let led = services.act_upon(&pending).await;
            if let Some(event_id) = &pending.caused_by {
                services.triggers().waiting.led(event_id, led);
            }
            under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&pending.seq);
            drop(place);
        });
    }

    async fn stored_cursor(&self) -> Result<String, ServiceError> {
        if let Some(reached) = self.store().read(dispatch::reached).await? {
            return Ok(reached.cursor);
        }
        self.events_from_now(None).await
    }

    async fn write_cursor(
        &self,
        on: &mut Dispatching,
        reads_runs: bool,
    ) -> Result<(), ServiceError> {
        let is_old = on.unwritten_since.is_some_and(|since| since.elapsed() >= UNWRITTEN_MAX);
        if let Some(cursor) = on.cursor.clone().filter(|_| is_old) {
            let reached = Reached { cursor, reads_runs };
            let write = move |tx: &mut Tx<'_>| dispatch::reach(tx, &reached);
            self.store().write(write).await?;
            on.unwritten_since = None;
        }
        Ok(())
    }

    /// Returns how long nothing is due.
    async fn until_due(&self, on: &Dispatching) -> Result<Duration, ServiceError> {
        let next = |tx: &ReadTx<'_>| -> Result<Option<u64>, ServiceError> {
            let next = [
                rule_windows::next_due(tx)?,
                schedules::next_due(tx)?,
                rule_matches::next_due(tx)?,
            ];
            Ok(next.into_iter().flatten().min())
        };
        let next_ms = self.store().read(next).await?;
        let until = next_ms
            .map_or(LOOK_EACH, |next_ms| Duration::from_millis(next_ms.saturating_sub(now_ms())));
        let unwritten = on.unwritten_since.map_or(LOOK_EACH, |_| UNWRITTEN_MAX);
        Ok(until.min(unwritten).clamp(PAUSE_MIN, LOOK_EACH))
    }

    /// Has the store ready for rules before events are held against them: where they begin, and when schedules come.
    pub(super) async fn prepare_for(&self, rules: &RuleSet) -> Result<(), ServiceError> {
        let now = self.events_from_now(None).await?;
        let before = self.store().read(dispatch::reached).await?;
        let begins = begins(rules, before.as_ref(), &now)?;
        let known: BTreeSet<(String, String)> =
            rules.rules().map(|rule| (rule.key.clone(), rule.digest.clone())).collect();
        let prepare = move |tx: &mut Tx<'_>| -> Result<(), ServiceError> {
            match &begins {
                Begins::There => {}
                Begins::At(reached) => dispatch::reach(tx, reached)?,
                // Rules that come later are not about what happens until then.
                Begins::Nowhere => dispatch::forget_cursor(tx)?,
            }
            for (rule, digest) in rule_windows::rules(tx)? {
                if !known.contains(&(rule.clone(), digest.clone())) {
                    rule_windows::delete_all(tx, &rule, &digest)?;
                }
            }
            Ok(())
        };
        self.store().try_write(prepare).await?;
        self.prepare_schedules(rules).await
    }
}

/// Where the reading of events begins when rules are put in place.
enum Begins {
    /// Where it is.
    There,
    At(Reached),
    Nowhere,
}

/// Returns where rules begin to read: what happened before they were there is not theirs.
fn begins(rules: &RuleSet, before: Option<&Reached>, now: &str) -> Result<Begins, ServiceError> {
    let reads_runs = rules.reads_runs();
    let at = |cursor: String| Begins::At(Reached { cursor, reads_runs });
    Ok(match before {
        _ if rules.is_idle() => Begins::Nowhere,
        None => at(now.to_owned()),
        Some(before) if before.reads_runs == reads_runs => Begins::There,
        // Journals that nobody read until now are read from now on.
        Some(before) if reads_runs => at(events::beside(&before.cursor, now)?),
        Some(before) => at(before.cursor.clone()),
    })
}

impl Dispatching {
    fn is_under_way(&self, seq: u64) -> bool {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).contains(&seq)
    }
}

/// Returns what is to be acted upon of a match that was written; nothing for one that is stopped.
fn pending(new: &NewMatch, seq: u64) -> Result<Option<Pending>, ServiceError> {
    if let Some(reason) = &new.stopped {
        tracing::warn!(rule = new.key.rule, reason, "a match of a rule is stopped");
        return Ok(None);
    }
    let event = serde_json::from_str(&new.event)
        .map_err(|error| ServiceError::internal(format!("an event cannot be read: {error}")))?;
    Ok(Some(Pending {
        seq,
        key: new.key.clone(),
        attempts: 0,
        time_ms: new.time_ms,
        event,
        caused_by: new.caused_by.clone(),
    }))
}
