//! Those who wait until what they told of was acted upon.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::rule_matches::MatchStatus;
use tokio::sync::oneshot;

/// What a match has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led {
    /// `<kind>/<name>` of the rule.
    pub rule: String,
    pub status: MatchStatus,
    /// The id of what it led to.
    pub result: Option<String>,
    /// Whether that is a run.
    pub is_run: bool,
}

/// Who waits, by the ids of events.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    by_event: Mutex<BTreeMap<String, Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    sender: oneshot::Sender<Vec<Led>>,
    /// How many matches are still to be acted upon; unknown until the event was held against the rules.
    open: Option<usize>,
    led: Vec<Led>,
}

impl Waiting {
    /// Waits for an event that is not stored yet.
    pub(crate) fn wait(&self, event_id: &str) -> oneshot::Receiver<Vec<Led>> {
        let (sender, receiver) = oneshot::channel();
        let waiter = Waiter { sender, open: None, led: Vec::new() };
        self.lock().insert(event_id.to_owned(), waiter);
        receiver
    }

    /// Says to how many matches an event has led.
    pub(super) fn matched(&self, event_id: &str, count: usize) {
        let mut waiting = self.lock();
        if let Some(waiter) = waiting.get_mut(event_id) {
            waiter.open = Some(count);
        }
        answer(&mut waiting, event_id);
    }

    /// Says what one of its matches has led to.
    pub(super) fn led(&self, event_id: &str, led: Led) {
        let mut waiting = self.lock();
        if let Some(waiter) = waiting.get_mut(event_id) {
            waiter.led.push(led);
        }
        answer(&mut waiting, event_id);
    }

    /// Forgets a waiter that waits no more.
    pub(crate) fn forget(&self, event_id: &str) {
        self.lock().remove(event_id);
    }

    /// Answers all: nothing is held against rules now.
    pub(super) fn release(&self) {
        for waiter in std::mem::take(&mut *self.lock()).into_values() {
            drop(waiter.sender.send(waiter.led));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Waiter>> {
        self.by_event.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(waiting: &mut BTreeMap<String, Waiter>, event_id: &str) {
    let is_over = waiting
        .get(event_id)
        .is_some_and(|waiter| waiter.open.is_some_and(|open| waiter.led.len() >= open));
    if is_over && let Some(waiter) = waiting.remove(event_id) {
        drop(waiter.sender.send(waiter.led));
    }
}
