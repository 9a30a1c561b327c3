//! A world that performs effects at once or when told, and holds what must be true after every transition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use host_api::effect::StepPath;
use host_api::failure::Failure;
use host_api::identifier::{Digest, Principal, RunId};
use host_api::invocation::{Ended, Outcome, Wait, WaitKind};
use machine::effect::{Effect, Invoke};
use machine::event::{Entry, Event, RunStarted, Signal};
use machine::input::{Input, Message};
use machine::rate::RateControl;
use machine::status::StepStatus;
use machine::{State, Transition};
use runbook::plan::Plan;
use serde_json::{Value, json};

pub(crate) const EPOCH_MS: u64 = 1_700_000_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Timer {
    pub(crate) attempt: u32,
    pub(crate) activation: u32,
    pub(crate) due_ms: u64,
    pub(crate) on: Vec<Wait>,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Arc<Plan>,
    pub(crate) state: State,
    folded: State,
    pub(crate) journal: Vec<Entry>,
    pub(crate) now_ms: u64,
    pub(crate) invoked: Vec<Invoke>,
    pub(crate) dues: BTreeMap<StepPath, Timer>,
    pub(crate) settling: Vec<(StepPath, u32)>,
    pub(crate) finished: bool,
    settled: BTreeSet<StepPath>,
    running_items: BTreeMap<StepPath, BTreeSet<StepPath>>,
}

impl World {
    pub(crate) fn new(plan: &Arc<Plan>) -> Self {
        Self {
            plan: Arc::clone(plan),
            state: State::new(Arc::clone(plan)),
            folded: State::new(Arc::clone(plan)),
            journal: Vec::new(),
            now_ms: EPOCH_MS,
            invoked: Vec::new(),
            dues: BTreeMap::new(),
            settling: Vec::new(),
            finished: false,
            settled: BTreeSet::new(),
            running_items: BTreeMap::new(),
        }
    }

    /// A world after a crash: nothing but the journal is left.
    pub(crate) fn recovered(plan: &Arc<Plan>, journal: &[Entry], now_ms: u64) -> Self {
        let mut world = Self::new(plan);
        for entry in journal {
            world.note(entry);
            world.state.apply(entry).unwrap();
            world.folded.apply(entry).unwrap();
        }
        world.journal = journal.to_vec();
        world.now_ms = now_ms;
        world.finished =
            journal.iter().any(|entry| matches!(entry.event, Event::RunFinished { .. }));
        let transition = world.state.recover(now_ms).unwrap();
        world.take(transition);
        world
    }

    /// Starts a run whose steps each wait for a person's word.
    pub(crate) fn start_interactive(&mut self) {
        let Input::Start(started) = started(BTreeMap::new()) else { return };
        self.receive(Input::Start(Box::new(RunStarted { interactive: true, ..*started })));
    }

    pub(crate) fn complete(&mut self) {
        let by = Principal::new("os:1000");
        self.receive(Input::Message(Message::Complete { by }));
    }

    pub(crate) fn start(&mut self, parameters: BTreeMap<String, Value>) {
        self.receive(started(parameters));
    }

    /// Gives an input; returns whether it changed anything.
    pub(crate) fn receive(&mut self, input: Input) -> bool {
        let transition = self.state.receive(input, self.now_ms).unwrap();
        let changed = !transition.entries.is_empty();
        self.take(transition);
        changed
    }

    fn take(&mut self, transition: Transition) {
        assert!(!self.finished || transition.is_empty(), "a finished run does nothing");
        for entry in transition.entries {
            let text = serde_json::to_string(&entry).unwrap();
            let read: Entry = serde_json::from_str(&text).unwrap();
            assert_eq!(read, entry, "an entry is read as it was written");
            self.note(&entry);
            self.folded.apply(&entry).unwrap();
            self.journal.push(entry);
        }
        assert!(self.state == self.folded, "the state is the fold of the journal");
        assert_eq!(self.state.next_seq(), self.journal.len() as u64);
        for effect in transition.effects {
            self.perform(effect);
        }
        let idle = self.invoked.is_empty() && self.is_nothing_between_attempts();
        assert_eq!(self.state.idle(), idle || self.finished, "idle is what the world sees");
    }

    fn is_nothing_between_attempts(&self) -> bool {
        self.settling.iter().all(|(path, _)| self.settled.contains(path))
    }

    fn perform(&mut self, effect: Effect) {
        assert!(!self.finished, "the end is the last effect");
        match effect {
            Effect::Invoke(invoke) => {
                assert!(!self.settled.contains(&invoke.path), "{} is over", invoke.path);
                let again = self.invoked.iter().any(|other| other.path == invoke.path);
                assert!(!again, "{} is invoked already", invoke.path);
                self.invoked.push(*invoke);
            }
            Effect::Await { path, attempt, activation, on, due_ms } => {
                self.dues.insert(path, Timer { attempt, activation, due_ms, on });
            }
            Effect::SetTimer { path, attempt, activation, due_ms } => {
                self.dues.insert(path, Timer { attempt, activation, due_ms, on: Vec::new() });
            }
            Effect::ClearWaits { path } => {
                self.dues.remove(&path);
            }
            Effect::Interrupt { path } => self.invoked.retain(|invoke| invoke.path != path),
            Effect::Settle { path, attempt } => {
                // A stopped attempt may have been on its way to a retry, and then it is asked for twice.
                if !self.settling.contains(&(path.clone(), attempt)) {
                    self.settling.push((path, attempt));
                }
            }
            Effect::Finish => {
                self.finished = true;
                assert!(self.invoked.is_empty(), "nothing runs at the end");
                assert!(self.settling.is_empty(), "what was begun is ended at the end");
                assert!(self.dues.is_empty(), "nothing waits at the end: {:?}", self.dues);
            }
        }
    }

    /// Holds what the journal alone can show.
    fn note(&mut self, entry: &Entry) {
        match &entry.event {
            Event::StepStarted { path, .. } => {
                assert!(!self.settled.contains(path), "{path} is over and starts again");
                self.note_item(path);
            }
            Event::StepSucceeded { path, .. }
            | Event::StepFailed { path, .. }
            | Event::StepSkipped { path }
            | Event::StepNotReached { path } => {
                assert!(self.settled.insert(path.clone()), "{path} is over twice");
                if let Some(running) = self.running_items.get_mut(&whole(path)) {
                    running.remove(path);
                }
            }
            _ => {}
        }
    }

    fn note_item(&mut self, path: &StepPath) {
        if path.item.is_none() {
            return;
        }
        let running = self.running_items.entry(whole(path)).or_default();
        running.insert(path.clone());
        let step = self.plan.step(self.plan.step_named(&path.step).unwrap());
        let each = step.for_each.as_ref().unwrap();
        let rate = RateControl::new(100, each.max_concurrency, each.max_errors);
        assert!(running.len() <= rate.concurrency_max as usize, "too many items run");
    }

    pub(crate) fn end(&mut self, position: usize, result: Result<Outcome, Failure>) {
        let Invoke { path, attempt, activation, .. } = self.invoked.remove(position);
        self.receive(Input::Outcome { path, attempt, activation, result });
    }

    pub(crate) fn settle(&mut self, position: usize) {
        let (path, attempt) = self.settling.remove(position);
        self.receive(Input::Settled { path, attempt });
    }

    /// Moves time to what is due next and wakes it; returns whether anything was due.
    pub(crate) fn fire_next(&mut self) -> bool {
        let Some((path, due)) = self.dues.iter().min_by_key(|(_, due)| due.due_ms) else {
            return false;
        };
        let (path, due) = (path.clone(), due.clone());
        self.dues.remove(&path);
        self.now_ms = self.now_ms.max(due.due_ms);
        let ended = Ended { kind: WaitKind::Time, id: String::new(), result: Value::Null };
        self.wake(path, &due, ended);
        true
    }

    pub(crate) fn end_awaited(&mut self, path: &StepPath) {
        let due = self.dues[path].clone();
        if let Some(wait) = due.on.first() {
            let result = json!({ "Status": "Success" });
            self.wake(path.clone(), &due, Ended { kind: wait.kind, id: wait.id.clone(), result });
        }
    }

    fn wake(&mut self, path: StepPath, due: &Timer, ended: Ended) {
        let (attempt, activation) = (due.attempt, due.activation);
        self.receive(Input::Message(Message::Wake { path, attempt, activation, ended }));
    }

    pub(crate) fn signal(&mut self, step: Option<&str>, signal: Signal, by: &str) -> bool {
        let (step, by) = (step.map(str::to_owned), Principal::new(by));
        let message = Message::Signal { step, signal, by };
        let accepted = self.state.check_signal(&message).is_ok();
        let changed = self.receive(Input::Message(message));
        assert_eq!(accepted, changed, "a signal changes something if and only if it is accepted");
        changed
    }

    pub(crate) fn cancel(&mut self) {
        let by = Principal::new("os:1000");
        self.receive(Input::Message(Message::Cancel { by }));
    }

    pub(crate) fn waiting(&self) -> Vec<String> {
        let steps = self.state.steps().filter(|step| step.status == StepStatus::Waiting);
        let items = self.state.steps().flat_map(|step| {
            let items = self.state.items(&step.path).collect::<Vec<_>>();
            items.into_iter().filter(|item| item.status == StepStatus::Waiting)
        });
        steps.chain(items).map(|step| step.path.to_string()).collect()
    }
}

pub(crate) fn started(parameters: BTreeMap<String, Value>) -> Input {
    Input::Start(Box::new(RunStarted {
        run: RunId::new("7c1f5c3e-0000-4000-8000-000000000000"),
        plan: Digest::of(b"plan"),
        principal: Principal::new("os:1000"),
        parameters,
        grants: BTreeMap::new(),
        components: BTreeMap::new(),
        event: Value::Null,
        parent: None,
        sealed_seed: String::new(),
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        interactive: false,
    }))
}

fn whole(path: &StepPath) -> StepPath {
    StepPath { item: None, ..path.clone() }
}
