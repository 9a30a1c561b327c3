//! One run in memory: receive, decide, commit once, perform.

mod perform;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use host_api::effect::{Activation, StepPath, StepPathError};
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::RunId;
use host_api::invocation::Ended;
use machine::Transition;
use machine::effect::Effect;
use machine::event::Entry;
use machine::input::{Input, Message};
use machine::status::RunStatus;
use store::host_calls::Encoded;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};

use crate::activation::Ended as ActivationEnded;
use crate::commit::{Batch, View};
use crate::dispatch::Bell;
use crate::driver::{Progress, Shared};
use crate::load::{Fixed, LoadError, Loaded};
use crate::secrets::RunSecrets;
use crate::withheld;
use perform::{Inline, Spawned};

/// Inbox rows taken in one transaction.
const INBOX_ROWS_MAX: u32 = 64;
/// Activations whose ends share one commit.
const ENDED_MAX: usize = 64;

/// Returns milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A run's loop, with what it has under way.
struct Loop {
    shared: Arc<Shared>,
    run: RunId,
    bell: Arc<Bell>,
    loaded: Loaded,
    status: RunStatus,
    /// The activation that runs in this very task, which saves a change of threads.
    inline: FuturesUnordered<Inline>,
    inline_path: Option<StepPath>,
    tasks: JoinSet<ActivationEnded>,
    spawned: BTreeMap<Id, Spawned>,
    /// The tasks of stopped activations, until what they began is settled.
    interrupted: BTreeMap<StepPath, oneshot::Receiver<()>>,
    settling: usize,
    sender: mpsc::UnboundedSender<(StepPath, u32)>,
    receiver: mpsc::UnboundedReceiver<(StepPath, u32)>,
}

/// What one commit is made of.
#[derive(Default)]
struct Gathered {
    transition: Transition,
    /// Inbox rows that were taken in.
    taken: Vec<i64>,
    calls: Vec<(Activation, Encoded)>,
    logs: Vec<(Activation, String)>,
}

impl Gathered {
    fn add(&mut self, next: Transition) {
        self.transition.entries.extend(next.entries);
        self.transition.effects.extend(next.effects);
    }
}

/// How long a run that waits for something stays in memory.
const LINGER: std::time::Duration = std::time::Duration::from_secs(1);

/// Why a run leaves memory.
enum Leave {
    Idle,
    Draining,
}

/// Why a run's loop cannot go on; the run is dropped from memory and read again later.
#[derive(Debug, thiserror::Error)]
enum LoopError {
    #[error("the run cannot be loaded")]
    Load(#[from] LoadError),
    #[error("the commit failed")]
    Commit(#[from] store::WriteError),
    #[error("an entry cannot be written as JSON")]
    Entry(#[from] serde_json::Error),
    #[error("the state machine refused an input")]
    Machine(#[from] machine::ReceiveError),
    /// The row stays where it is.
    #[error("the message `{kind}` in the run's inbox cannot be taken")]
    Message { kind: String, source: Failure },
}

impl LoopError {
    /// Returns whether reading the run again cannot help.
    fn is_lasting(&self) -> bool {
        match self {
            Self::Load(error) => error.is_lasting(),
            Self::Message { source, .. } => source.kind != FailureKind::Internal,
            Self::Entry(_) | Self::Machine(_) => true,
            Self::Commit(_) => false,
        }
    }
}

/// How long a run whose store failed rests before it is read again.
const PAUSE_AFTER_FAILURE: std::time::Duration = std::time::Duration::from_millis(500);

/// Drives a run until it is idle or has ended.
pub(crate) async fn drive(shared: Arc<Shared>, run: RunId, bell: Arc<Bell>) {
    let Ok(_permit) = shared.runs.acquire().await else { return };
    let mut draining = shared.draining.subscribe();
    loop {
        match drive_once(&shared, &run, &bell).await {
            Ok(Leave::Idle) if shared.registry.leave(&run, &bell) => return,
            Ok(Leave::Idle) => {}
            Ok(Leave::Draining) => break,
            Err(error) if error.is_lasting() => {
                let reason = reason(&error);
                tracing::error!(%run, reason, "the run is put aside");
                return shared.put_aside(&run, reason);
            }
            Err(error) => {
                tracing::error!(%run, reason = reason(&error), "the run is read again");
                // What rang before the failure was perhaps not taken in.
                bell.ring();
                tokio::select! {
                    () = tokio::time::sleep(PAUSE_AFTER_FAILURE) => {}
                    _ = draining.wait_for(|draining| *draining) => break,
                }
            }
        }
    }
    shared.registry.drop_run(&run);
}

/// Returns an error with its causes.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

async fn drive_once(
    shared: &Arc<Shared>,
    run: &RunId,
    bell: &Arc<Bell>,
) -> Result<Leave, LoopError> {
    let loaded = crate::load::load(shared, run).await?;
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut this = Loop {
        status: loaded.state.status(),
        shared: shared.clone(),
        run: run.clone(),
        bell: bell.clone(),
        loaded,
        inline: FuturesUnordered::new(),
        inline_path: None,
        tasks: JoinSet::new(),
        spawned: BTreeMap::new(),
        interrupted: BTreeMap::new(),
        settling: 0,
        sender,
        receiver,
    };
    let left = this.turn().await;
    if left.is_err() {
        // The run is read again: nothing of this reading may go on beside the next.
        this.tasks.shutdown().await;
    }
    left
}

impl Loop {
    async fn turn(&mut self) -> Result<Leave, LoopError> {
        if self.loaded.fixed.is_some() && !self.status.is_terminal() {
            let transition = self.loaded.state.recover(now_ms())?;
            self.write(Gathered { transition, ..Gathered::default() }, true).await?;
        }
        let mut draining = self.shared.draining.subscribe();
        loop {
            if *draining.borrow_and_update() && !self.busy() {
                return Ok(Leave::Draining);
            }
            tokio::select! {
                biased;
                Some(ended) = self.inline.next(), if !self.inline.is_empty() => {
                    self.inline_path = None;
                    let mut gathered = Gathered::default();
                    self.ended(ended, &mut gathered)?;
                    self.write(gathered, false).await?;
                }
                Some(joined) = self.tasks.join_next_with_id() => self.joined(joined).await?,
                Some((path, attempt)) = self.receiver.recv() => self.settled(path, attempt).await?,
                () = self.bell.rung() => self.take_inbox().await?,
                _ = draining.changed() => {}
                () = tokio::time::sleep(LINGER), if !self.busy() => return Ok(Leave::Idle),
            }
            if !self.busy() && self.nothing_to_take().await? && !self.may_linger() {
                return Ok(Leave::Idle);
            }
        }
    }

    /// A run that waits stays in memory for a moment, for most commands end soon, unless the places there are scarce.
    fn may_linger(&self) -> bool {
        let places = self.shared.runs.available_permits();
        !self.status.is_terminal() && places > self.shared.settings.runs_max / 2
    }

    fn busy(&self) -> bool {
        !self.inline.is_empty() || !self.spawned.is_empty() || self.settling > 0
    }

    /// A run with nothing under way leaves memory; `Registry::leave` sees a bell that rings meanwhile.
    async fn nothing_to_take(&mut self) -> Result<bool, LoopError> {
        if self.bell.take() {
            self.take_inbox().await?;
            return Ok(!self.busy());
        }
        Ok(true)
    }

    /// What ended during the last commit shares the next one.
    async fn joined(
        &mut self,
        first: Result<(Id, ActivationEnded), JoinError>,
    ) -> Result<(), LoopError> {
        let mut gathered = Gathered::default();
        self.join(first, &mut gathered)?;
        for _ in 1..ENDED_MAX {
            let Some(next) = self.tasks.try_join_next_with_id() else { break };
            self.join(next, &mut gathered)?;
        }
        self.write(gathered, false).await
    }

    fn join(
        &mut self,
        joined: Result<(Id, ActivationEnded), JoinError>,
        gathered: &mut Gathered,
    ) -> Result<(), LoopError> {
        let (id, ended) = match joined {
            Ok((id, ended)) => (id, Some(ended)),
            Err(error) => (error.id(), None),
        };
        let Some(spawned) = self.spawned.remove(&id) else { return Ok(()) };
        let ended = ended.unwrap_or_else(|| {
            crate::activation::broken(&spawned.path, spawned.attempt, spawned.activation)
        });
        self.ended(ended, gathered)
    }

    async fn settled(&mut self, path: StepPath, attempt: u32) -> Result<(), LoopError> {
        self.settling -= 1;
        let transition = self.loaded.state.receive(Input::Settled { path, attempt }, now_ms())?;
        self.write(Gathered { transition, ..Gathered::default() }, false).await
    }

    fn ended(&mut self, ended: ActivationEnded, gathered: &mut Gathered) -> Result<(), LoopError> {
        let ActivationEnded { path, attempt, activation, result, calls, log } = ended;
        if !calls.is_empty() || !log.is_empty() {
            let (run, path) = (self.run.clone(), path.clone());
            let identity = Activation { run, path, attempt, activation };
            if !log.is_empty() {
                gathered.logs.push((identity.clone(), crate::activation::log_text(&log)));
            }
            if !calls.is_empty() {
                gathered.calls.push((identity, Encoded::new(&calls)?));
            }
        }
        let outcome = Input::Outcome { path, attempt, activation, result };
        gathered.add(self.loaded.state.receive(outcome, now_ms())?);
        Ok(())
    }

    async fn take_inbox(&mut self) -> Result<(), LoopError> {
        loop {
            let run = &self.run;
            // A few rows by their key: cheaper than a change of threads.
            let rows = self
                .shared
                .store
                .read_blocking(|tx| store::inbox::peek(tx, run, INBOX_ROWS_MAX))
                .map_err(LoadError::Read)?;
            let last = rows.len() < INBOX_ROWS_MAX as usize;
            if rows.is_empty() {
                return Ok(());
            }
            let mut gathered = Gathered::default();
            for row in rows {
                gathered.taken.push(row.id);
                let input = self
                    .input(&row.kind, &row.payload)
                    .await
                    .map_err(|source| LoopError::Message { kind: row.kind, source })?;
                gathered.add(self.loaded.state.receive(input, now_ms())?);
            }
            self.write(gathered, false).await?;
            if last {
                return Ok(());
            }
        }
    }

    async fn input(&mut self, kind: &str, payload: &str) -> Result<Input, Failure> {
        let broken = |error: serde_json::Error| Failure::new(FailureKind::Load, error.to_string());
        if kind == "start" {
            let started: machine::event::RunStarted =
                serde_json::from_str(payload).map_err(broken)?;
            let (plan, secrets) = (self.loaded.plan.clone(), RunSecrets::default());
            let fixed = Fixed::new(plan, started.clone(), self.shared.seeds.as_ref(), secrets)?;
            self.loaded.fixed = Some(Arc::new(fixed));
            return Ok(Input::Start(Box::new(started)));
        }
        if kind == "wake" {
            let wake: store::waits::Wake = serde_json::from_str(payload).map_err(broken)?;
            let path = wake.path.parse().map_err(|error: StepPathError| {
                Failure::new(FailureKind::Load, error.to_string())
            })?;
            let (attempt, activation) = (wake.attempt, wake.activation);
            let secrets = self.loaded.fixed.as_ref().map(|fixed| fixed.secrets.references());
            let ended = scrubbed(&self.shared, secrets.unwrap_or_default(), wake.ended).await?;
            return Ok(Input::Message(Message::Wake { path, attempt, activation, ended }));
        }
        let message: Message = serde_json::from_str(payload).map_err(broken)?;
        Ok(Input::Message(message))
    }

    /// One commit, then the effects. A failed commit leaves memory and store apart: the error makes the run be read again.
    async fn write(&mut self, gathered: Gathered, repeated: bool) -> Result<(), LoopError> {
        let Gathered { transition: Transition { entries, effects }, taken, calls, logs } = gathered;
        let (durable, to_perform): (Vec<Effect>, Vec<Effect>) =
            effects.into_iter().partition(|effect| {
                matches!(
                    effect,
                    Effect::Await { .. } | Effect::SetTimer { .. } | Effect::ClearWaits { .. }
                )
            });
        let batch = Batch {
            run: self.run.clone(),
            expected_seq: self.loaded.next_seq,
            epoch: self.loaded.epoch,
            entries: crate::commit::texts(&entries)?,
            effects: durable,
            taken,
            calls,
            logs,
            view: self.view(),
        };
        if !batch.is_empty() || !batch.effects.is_empty() {
            pass_crash_points("before", &entries);
            self.loaded.next_seq =
                self.shared.store.write(move |tx| crate::commit::write(tx, &batch)).await?;
            pass_crash_points("after", &entries);
        }
        self.status = self.loaded.state.status();
        if !entries.is_empty() {
            let run = &self.run;
            let first_seq = self.loaded.next_seq - entries.len() as u64;
            self.shared.subscribers.tell(run, || Progress {
                run: run.clone(),
                first_seq,
                entries: Arc::new(entries),
            });
        }
        self.perform(to_perform, repeated);
        Ok(())
    }

    fn view(&self) -> Option<View> {
        let state = &self.loaded.state;
        let status = state.status();
        if status == self.status {
            return None;
        }
        let ended = status.is_terminal();
        let row = store::runs::View {
            status: status.as_str().to_owned(),
            started_ms: state.started_ms(),
            ended_ms: if ended { state.ended_ms() } else { None },
            summary: ended.then(|| {
                serde_json::json!({ "outputs": state.outputs(), "failure": state.failure() })
                    .to_string()
            }),
        };
        let result = ended.then(|| state.execution_result(&self.run).to_string());
        Some(View { row, result, now_ms: now_ms() })
    }
}

/// What a command or a child run ended with may hold the text of a secret that the run gave it.
async fn scrubbed(
    shared: &Shared,
    references: BTreeSet<String>,
    ended: Ended,
) -> Result<Ended, Failure> {
    if references.is_empty() {
        return Ok(ended);
    }
    match shared.capabilities.scrub(&references, ended.result).await {
        Ok(result) => Ok(Ended { result, ..ended }),
        // It may do better when it is asked again.
        Err(failure) if failure.kind == FailureKind::Internal => Err(failure),
        // A secret of the run is gone, so nobody can say where its text stands: the step fails, the run goes on.
        Err(failure) => Ok(Ended { result: withheld::mark(&failure), ..ended }),
    }
}

/// The crash points that a commit passes.
#[cfg(debug_assertions)]
fn pass_crash_points(when: &str, entries: &[Entry]) {
    crate::crash::point(&format!("{when}-commit"));
    for entry in entries {
        let mark = match entry.event.name() {
            "StepSuspended" => "suspend",
            "StepWoken" => "wake",
            "StepStarted" => "start",
            "StepSucceeded" => "success",
            _ => continue,
        };
        crate::crash::point(&format!("{when}-{mark}"));
    }
}

#[cfg(not(debug_assertions))]
#[inline]
fn pass_crash_points(_when: &str, _entries: &[Entry]) {}
