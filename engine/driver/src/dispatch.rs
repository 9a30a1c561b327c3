//! Which runs are in memory, who wants news of them, and when timers are due.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use host_api::identifier::RunId;
use store::{Notice, ReadError};
use tokio::sync::{Notify, mpsc};

use crate::driver::{Progress, Shared};
use crate::settings::Scope;

/// Timers claimed in one transaction.
const TIMERS_MAX: u32 = 256;
/// How long a timer sleeps at most before the time of day is looked at again.
const CLOCK_LOOKED_AT_EVERY: Duration = Duration::from_secs(30);
/// How long to wait before the store is asked again after it failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// The runs in memory, each with the bell that says its inbox has something.
///
/// A run leaves only under the lock and only when its bell was not rung since it last looked, so no ring is lost.
pub(crate) struct Registry {
    runs: Mutex<BTreeMap<RunId, Arc<Bell>>>,
    left: Notify,
    /// The runs that are driven; `None` for all.
    adopted: Mutex<Option<BTreeSet<RunId>>>,
}

/// Rung when a run's inbox has something.
#[derive(Default)]
pub(crate) struct Bell {
    notify: Notify,
    rung: Mutex<bool>,
}

impl Bell {
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.notify.notify_one();
    }

    /// Returns when it was rung since the last return.
    pub(crate) async fn rung(&self) {
        loop {
            if std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner)) {
                return;
            }
            self.notify.notified().await;
        }
    }

    /// Returns whether it was rung since the last look, and forgets it.
    pub(crate) fn take(&self) -> bool {
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Registry {
    /// Returns a registry of all runs, or of those that are adopted.
    pub(crate) fn new(scope: Scope) -> Self {
        let adopted = match scope {
            Scope::All => None,
            Scope::Started => Some(BTreeSet::new()),
        };
        Self { runs: Mutex::default(), left: Notify::default(), adopted: Mutex::new(adopted) }
    }

    pub(crate) fn adopt(&self, run: &RunId) {
        if let Some(adopted) = &mut *self.adopted.lock().unwrap_or_else(PoisonError::into_inner) {
            adopted.insert(run.clone());
        }
    }

    pub(crate) fn is_adopted(&self, run: &RunId) -> bool {
        let adopted = self.adopted.lock().unwrap_or_else(PoisonError::into_inner);
        adopted.as_ref().is_none_or(|adopted| adopted.contains(run))
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<RunId, Arc<Bell>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings the run's bell, bringing the run into memory first where it is not.
    pub(crate) fn ring(&self, shared: &Arc<Shared>, run: &RunId) {
        let mut runs = self.runs();
        if let Some(bell) = runs.get(run) {
            bell.ring();
            return;
        }
        if *shared.draining.borrow() {
            return;
        }
        let bell = Arc::new(Bell::default());
        bell.ring();
        runs.insert(run.clone(), bell.clone());
        drop(runs);
        shared.trouble.forget(run);
        let (shared, run) = (shared.clone(), run.clone());
        tokio::spawn(async move {
            let driven = crate::run::drive(shared.clone(), run.clone(), bell);
            // A panic is our bug; nobody may wait for the run for ever.
            if AssertUnwindSafe(driven).catch_unwind().await.is_err() {
                shared.put_aside(&run, "the engine broke while it drove the run".to_owned());
            }
        });
    }

    /// Takes the run out of memory, unless its bell was rung meanwhile.
    pub(crate) fn leave(&self, run: &RunId, bell: &Bell) -> bool {
        let mut runs = self.runs();
        if bell.take() {
            bell.ring();
            return false;
        }
        runs.remove(run);
        drop(runs);
        self.left.notify_waiters();
        true
    }

    /// Takes the run out of memory whatever its bell says.
    pub(crate) fn drop_run(&self, run: &RunId) {
        self.runs().remove(run);
        self.left.notify_waiters();
    }

    /// Returns when no run is in memory.
    pub(crate) async fn empty(&self) {
        loop {
            let left = self.left.notified();
            if self.runs().is_empty() {
                return;
            }
            left.await;
        }
    }
}

/// Why runs are not driven although they have not ended: reading them again cannot help.
#[derive(Default)]
pub(crate) struct Trouble {
    reasons: Mutex<BTreeMap<RunId, String>>,
}

impl Trouble {
    fn reasons(&self) -> MutexGuard<'_, BTreeMap<RunId, String>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of(&self, run: &RunId) -> Option<String> {
        self.reasons().get(run).cloned()
    }

    fn forget(&self, run: &RunId) {
        self.reasons().remove(run);
    }
}

impl Shared {
    /// Takes the run out of memory until somebody asks for it again, and tells those who follow it.
    pub(crate) fn put_aside(&self, run: &RunId, reason: String) {
        self.trouble.reasons().insert(run.clone(), reason);
        self.registry.drop_run(run);
        self.subscribers.close(run);
    }
}

/// Who wants news of which run.
#[derive(Default)]
pub(crate) struct Subscribers {
    senders: Mutex<BTreeMap<RunId, Vec<mpsc::UnboundedSender<Progress>>>>,
}

impl Subscribers {
    pub(crate) fn subscribe(&self, run: &RunId) -> mpsc::UnboundedReceiver<Progress> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.entry(run.clone()).or_default().push(sender);
        receiver
    }

    /// Ends the news of a run.
    fn close(&self, run: &RunId) {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner).remove(run);
    }

    /// Tells whoever wants to know; `news` is asked only then.
    pub(crate) fn tell(&self, run: &RunId, news: impl FnOnce() -> Progress) {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(listeners) = senders.get_mut(run) else { return };
        let news = news();
        listeners.retain(|listener| listener.send(news.clone()).is_ok());
        if listeners.is_empty() {
            senders.remove(run);
        }
    }
}

/// Listens to the store, then recovers what is under way: in this order, so that nothing falls between.
pub(crate) async fn start(shared: &Arc<Shared>) -> Result<(), ReadError> {
    let notices = shared.store.subscribe();
    tokio::spawn(serve(shared.clone(), notices));
    if shared.settings.scope == Scope::All {
        resume(shared, None).await?;
    }
    Ok(())
}

/// Takes up the runs that have not ended, or one of them with the runs that its steps began. Returns those that no step began.
pub(crate) async fn resume(
    shared: &Arc<Shared>,
    only: Option<RunId>,
) -> Result<Vec<RunId>, ReadError> {
    let rows = shared
        .store
        .read(|tx| {
            let active = store::runs::active(tx)?;
            active
                .iter()
                .map(|run| store::runs::get(tx, run))
                .collect::<Result<Vec<_>, ReadError>>()
        })
        .await?;
    let mut taken: BTreeSet<RunId> = BTreeSet::new();
    let mut roots = Vec::new();
    // A child is created after its parent, so one pass in order of creation finds all descendants.
    for row in rows {
        let parent = row.parent.map(|parent| parent.run);
        let wanted = match &only {
            None => true,
            Some(only) => {
                *only == row.id || parent.as_ref().is_some_and(|parent| taken.contains(parent))
            }
        };
        if wanted {
            if parent.is_none() || only.as_ref() == Some(&row.id) {
                roots.push(row.id.clone());
            }
            taken.insert(row.id);
        }
    }
    for run in &taken {
        shared.registry.adopt(run);
        shared.registry.ring(shared, run);
    }
    Ok(roots)
}

async fn serve(shared: Arc<Shared>, mut notices: mpsc::UnboundedReceiver<Notice>) {
    let mut draining = shared.draining.subscribe();
    let mut due_ms = next_due(&shared).await;
    loop {
        // Timers are kept in the time of day, which may be set or stand still while the machine sleeps.
        let until_due = due_ms.map(|due_ms| {
            let left = Duration::from_millis(due_ms.saturating_sub(crate::run::now_ms()));
            left.min(CLOCK_LOOKED_AT_EVERY)
        });
        tokio::select! {
            notice = notices.recv() => match notice {
                None => return,
                Some(Notice::Inbox(run)) => called(&shared, &run),
                Some(Notice::Timer { due_ms: new }) => {
                    due_ms = Some(due_ms.map_or(new, |known| known.min(new)));
                }
                Some(Notice::Job(_) | Notice::RunChanged(_) | Notice::Completed(..)) => {}
            },
            () = sleep_or_forever(until_due) => {
                if due_ms.is_some_and(|due_ms| due_ms <= crate::run::now_ms()) {
                    due_ms = fire(&shared).await;
                }
            }
            changed = draining.changed() => {
                if changed.is_err() || *draining.borrow() {
                    return;
                }
            }
        }
    }
}

/// Rings a run whose inbox has something; one that has not begun yet is adopted.
fn called(shared: &Arc<Shared>, run: &RunId) {
    if !shared.registry.is_adopted(run) {
        let row: Result<_, ReadError> = shared.store.read_blocking(|tx| store::runs::find(tx, run));
        match row {
            Ok(Some(row)) if row.next_seq == 0 => shared.registry.adopt(run),
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%run, %error, "a run cannot be read yet");
                let (shared, run) = (shared.clone(), run.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                    called(&shared, &run);
                });
                return;
            }
        }
    }
    shared.registry.ring(shared, run);
}

async fn sleep_or_forever(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// Turns due timers into inbox rows, whose notices come back here; returns when the next is due.
async fn fire(shared: &Shared) -> Option<u64> {
    let now_ms = crate::run::now_ms();
    let claimed =
        shared.store.write(move |tx| store::waits::claim_due(tx, now_ms, TIMERS_MAX)).await;
    if let Err(error) = claimed {
        tracing::error!(%error, "timers could not be claimed");
        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
    }
    next_due(shared).await
}

async fn next_due(shared: &Shared) -> Option<u64> {
    let due: Result<_, ReadError> = shared.store.read(store::waits::next_due).await;
    match due {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(%error, "timers could not be read");
            Some(crate::run::now_ms() + 1_000)
        }
    }
}
