//! The state of a run: the fold of its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use host_api::effect::StepPath;
use host_api::failure::Failure;
use host_api::identifier::Principal;
use host_api::invocation::{Resumption, Suspension};
use runbook::plan::{Flow, Plan, Step, StepId};
use runbook::template::Template;
use serde_json::Value;

use crate::event::{MachineWait, RunStarted, Signal};
use crate::index::Index;
use crate::key::{Key, TOP};
use crate::status::{RunStatus, StepStatus};

/// One run, in memory. Two states are equal when their plans and all that was folded are equal.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) plan: Arc<Plan>,
    pub(crate) index: Arc<Index>,
    pub(crate) core: Core,
    /// What is to be looked at: every event marks what it touched. Looking at something twice decides nothing twice.
    pub(crate) agenda: BTreeSet<Task>,
    /// The inputs of a `forEach` as far as they do not depend on the item; only a cache.
    pub(crate) prepared: BTreeMap<Key, Arc<Template>>,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        (Arc::ptr_eq(&self.plan, &other.plan) || self.plan == other.plan) && self.core == other.core
    }
}

/// What is to be looked at, in the order of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    Cancel,
    Unit(Key),
    Items(Key),
    /// Where a pass of a loop, or the top level, goes on.
    Frame(u32),
    /// A graph's step, all of whose dependencies are settled.
    Ready(StepId),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Core {
    /// Entries folded.
    pub(crate) seq: u64,
    pub(crate) last_ms: u64,
    pub(crate) started: Option<Box<RunStarted>>,
    pub(crate) started_ms: u64,
    pub(crate) finished: Option<Finished>,
    pub(crate) finally: Option<Finally>,
    pub(crate) cancel: Option<Cancel>,
    /// Who asked for the run to end well with what runs now.
    pub(crate) complete: Option<Principal>,
    /// Whether an interactive run was told to go on by itself.
    pub(crate) automatic: bool,
    /// Units that a person stopped.
    pub(crate) stopped: BTreeMap<Key, Principal>,
    /// What the first critical step to fail makes of the run.
    pub(crate) verdict: Option<(RunStatus, Failure)>,
    pub(crate) failures: Vec<(String, Failure)>,
    pub(crate) variables: BTreeMap<String, Value>,
    pub(crate) frames: Vec<Frame>,
    /// By step and frame; a pending step has none.
    pub(crate) nodes: BTreeMap<(StepId, u32), Node>,
    /// The frame in which a step settled last.
    pub(crate) latest: BTreeMap<StepId, u32>,
    pub(crate) graph: Option<Graph>,
    /// Units that began and have not settled.
    pub(crate) active: BTreeSet<Key>,
    /// Those of them that wait for a person.
    pub(crate) waiting: BTreeSet<Key>,
    /// How many of them have an activation in the sandbox, or something to settle that the driver sees to.
    pub(crate) invoked: usize,
    /// How many of them run, wait for a thing or time, or wait before the next attempt.
    pub(crate) busy: usize,
    /// Units that failed for good and whose effects are not known to be settled, with the attempt.
    pub(crate) unsettled: BTreeMap<Key, u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finished {
    pub(crate) status: RunStatus,
    pub(crate) outputs: BTreeMap<String, Value>,
    pub(crate) failure: Option<Failure>,
    pub(crate) at_ms: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finally {
    pub(crate) deadline_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cancel {
    pub(crate) by: Principal,
    pub(crate) deadline_ms: u64,
    /// What ran when the cancel came and is still to be stopped.
    pub(crate) stopping: BTreeSet<Key>,
    /// `onCancel` of the step that ran: where its path begins.
    pub(crate) path: Option<CancelPath>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CancelPath {
    pub(crate) frame: u32,
    pub(crate) first: StepId,
    pub(crate) entered: bool,
}

/// The top level, or one pass of a loop.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// `None` for the top level.
    pub(crate) pass: Option<Pass>,
    /// The step of this frame that began last.
    pub(crate) current: Option<StepId>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pass {
    /// The loop.
    pub(crate) of: Key,
    pub(crate) iteration: u32,
    pub(crate) value: Option<Value>,
}

/// A step that began, in one frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) unit: Unit,
    pub(crate) items: Option<Items>,
    /// The frame of a loop's latest pass.
    pub(crate) pass: Option<u32>,
}

/// One thing with attempts: a step, or an item of a `forEach`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unit {
    pub(crate) status: StepStatus,
    pub(crate) attempt: u32,
    pub(crate) activation: u32,
    /// How often the activation was called again because its process was gone.
    pub(crate) restarts: u32,
    pub(crate) phase: Phase,
    pub(crate) inputs: Value,
    pub(crate) outputs: BTreeMap<String, Value>,
    pub(crate) failure: Option<Failure>,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) started_ms: Option<u64>,
    pub(crate) ended_ms: Option<u64>,
    /// The sequence number of the entry with which it began.
    pub(crate) begun_seq: Option<u64>,
    /// Where a branch goes.
    pub(crate) chosen: Option<StepId>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Phase {
    Pending,
    /// Of an interactive run: it is next, and waits for a person's word to start.
    Held {
        deadline_ms: u64,
        released: bool,
    },
    /// The machine itself runs it: a flow action, the items of a `forEach`.
    Begun,
    /// An activation is in the sandbox.
    Running {
        resume: Option<Box<Resumption>>,
    },
    Suspended {
        suspension: Box<Suspension>,
        since_ms: u64,
        due_ms: u64,
    },
    Waiting {
        wait: Box<MachineWait>,
        deadline_ms: Option<u64>,
        words: Vec<Word>,
    },
    /// Between two attempts.
    Backoff {
        retry_at_ms: u64,
        settled: bool,
    },
    Settled,
}

/// A signal that reached a waiting step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    pub(crate) signal: Signal,
    pub(crate) by: Principal,
    pub(crate) at_ms: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Items {
    pub(crate) list: Arc<Vec<Value>>,
    /// Of the items that began, in order; items begin in order.
    pub(crate) units: Vec<Unit>,
    pub(crate) settled: u32,
    pub(crate) failed: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Graph {
    pub(crate) steps: Vec<GraphStep>,
    /// Steps of the main part that are not settled.
    pub(crate) remaining: usize,
    /// A step failed whose `onFailure` is Abort.
    pub(crate) aborted: bool,
}

/// What a step's settled dependencies mean for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GraphStep {
    pub(crate) waits_for: u32,
    /// Some dependency is neither Success, Skipped nor failed with `onFailure: Continue`.
    pub(crate) blocked: bool,
    /// Some ancestor failed.
    pub(crate) failure_upstream: bool,
}

impl Unit {
    pub(crate) fn pending() -> Self {
        Self {
            status: StepStatus::Pending,
            attempt: 0,
            activation: 0,
            restarts: 0,
            phase: Phase::Pending,
            inputs: Value::Null,
            outputs: BTreeMap::new(),
            failure: None,
            deadline_ms: None,
            started_ms: None,
            ended_ms: None,
            begun_seq: None,
            chosen: None,
        }
    }
}

impl State {
    /// Returns the state of a run that has not started.
    pub fn new(plan: Arc<Plan>) -> Self {
        let index = Arc::new(Index::of(&plan));
        let graph = (plan.flow == Flow::Graph).then(|| Graph {
            steps: (index.dependencies.iter())
                .map(|&waits_for| GraphStep { waits_for, ..GraphStep::default() })
                .collect(),
            remaining: plan.main.len(),
            aborted: false,
        });
        let core = Core {
            seq: 0,
            last_ms: 0,
            started: None,
            started_ms: 0,
            finished: None,
            finally: None,
            cancel: None,
            complete: None,
            automatic: false,
            stopped: BTreeMap::new(),
            verdict: None,
            failures: Vec::new(),
            variables: (plan.variables.iter())
                .filter_map(|(name, variable)| Some((name.clone(), variable.default.clone()?)))
                .collect(),
            frames: vec![Frame { pass: None, current: None }],
            nodes: BTreeMap::new(),
            latest: BTreeMap::new(),
            graph,
            active: BTreeSet::new(),
            waiting: BTreeSet::new(),
            invoked: 0,
            busy: 0,
            unsettled: BTreeMap::new(),
        };
        Self { plan, index, core, agenda: BTreeSet::new(), prepared: BTreeMap::new() }
    }

    pub(crate) fn step(&self, key: Key) -> &Step {
        self.plan.step(key.step)
    }

    pub(crate) fn node(&self, key: Key) -> Option<&Node> {
        self.core.nodes.get(&(key.step, key.frame))
    }

    pub(crate) fn unit(&self, key: Key) -> Option<&Unit> {
        let node = self.node(key)?;
        match key.item {
            None => Some(&node.unit),
            Some(item) => node.items.as_ref()?.units.get(item as usize),
        }
    }

    pub(crate) fn frame(&self, frame: u32) -> &Frame {
        &self.core.frames[frame as usize]
    }

    /// Returns where a path stands; `None` when there is no such step, or its pass has not begun.
    pub(crate) fn key_of(&self, path: &StepPath) -> Option<Key> {
        let mut frame = TOP;
        for pass in &path.passes {
            let of = Key::step(frame, *self.index.names.get(&pass.step)?);
            frame = self.frame_of_pass(of, pass.iteration)?;
        }
        let step = *self.index.names.get(&path.step)?;
        let parent = self.frame(frame).pass.as_ref().map(|pass| pass.of.step);
        (self.plan.step(step).parent == parent).then_some(Key { step, frame, item: path.item })
    }

    fn frame_of_pass(&self, of: Key, iteration: u32) -> Option<u32> {
        let latest = self.node(of)?.pass?;
        let is_it = |frame: &u32| {
            let pass = self.frame(*frame).pass.as_ref();
            pass.is_some_and(|pass| pass.of == of && pass.iteration == iteration)
        };
        // The latest pass is nearly always the one that is asked for; earlier ones are at most 100.
        (TOP + 1..=latest).rev().find(is_it)
    }

    pub(crate) fn path_of(&self, key: Key) -> StepPath {
        let mut passes = Vec::new();
        let mut frame = self.frame(key.frame);
        while let Some(pass) = &frame.pass {
            passes.push(host_api::effect::LoopPass {
                step: self.step(pass.of).name.clone(),
                iteration: pass.iteration,
            });
            frame = self.frame(pass.of.frame);
        }
        passes.reverse();
        StepPath { passes, step: self.step(key).name.clone(), item: key.item }
    }

    /// Returns whether the step runs once for each item, and this is not one of the items.
    pub(crate) fn is_for_each(&self, key: Key) -> bool {
        key.item.is_none() && self.step(key).for_each.is_some()
    }

    /// Returns whether the next step of the main part is to wait for a person.
    pub(crate) fn holds_steps(&self) -> bool {
        let core = &self.core;
        core.started.as_ref().is_some_and(|started| started.interactive)
            && !core.automatic
            && core.cancel.is_none()
            && core.complete.is_none()
            && core.finally.is_none()
    }

    /// Returns whether the main part is to end with what runs now.
    pub(crate) fn is_completing(&self) -> bool {
        self.core.complete.is_some() && self.core.finally.is_none()
    }

    /// Returns the time after which the part that runs now starts nothing more: two minutes after a cancel.
    pub(crate) fn part_deadline_ms(&self) -> Option<u64> {
        match (&self.core.finally, &self.core.cancel) {
            (Some(finally), _) => finally.deadline_ms,
            (None, Some(cancel)) => Some(cancel.deadline_ms),
            (None, None) => None,
        }
    }
}
