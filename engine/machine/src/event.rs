//! What happened in a run: the entries of its journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use host_api::effect::StepPath;
use host_api::failure::Failure;
use host_api::grant::Grants;
use host_api::identifier::{Digest, Principal, RunId};
use host_api::invocation::{Ended, Suspension};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::status::{RunStatus, StepStatus};

/// A journal entry. Entries of earlier versions are read for ever: fields are only added, with a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since the Unix epoch.
    #[serde(rename = "at")]
    pub at_ms: u64,
    #[serde(flatten)]
    pub event: Event,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum Event {
    RunStarted(Box<RunStarted>),
    /// A step of an interactive run is next, and waits for a person's word to start.
    StepHeld {
        path: StepPath,
        deadline_ms: u64,
    },
    /// An attempt begins; its first activation is 1. For machine-run actions too.
    StepStarted {
        path: StepPath,
        attempt: u32,
        inputs: Value,
        deadline_ms: Option<u64>,
    },
    /// The component ended its activation and waits.
    StepSuspended {
        path: StepPath,
        attempt: u32,
        activation: u32,
        suspension: Suspension,
    },
    /// A wait ended: the activation of that number begins.
    StepWoken {
        path: StepPath,
        attempt: u32,
        activation: u32,
        ended: Ended,
    },
    /// The process that ran the activation is gone; the same activation is called again.
    StepRestarted {
        path: StepPath,
        attempt: u32,
        activation: u32,
    },
    /// A machine-run action waits: sleep, pause, approve, or a person's word on an unknown outcome.
    StepWaiting {
        path: StepPath,
        attempt: u32,
        wait: MachineWait,
        deadline_ms: Option<u64>,
    },
    /// The attempt failed and another follows, not before `retry_at_ms` and not before all it began is settled.
    AttemptFailed {
        path: StepPath,
        attempt: u32,
        failure: Failure,
        retry_at_ms: u64,
    },
    /// All that the failed attempt began (commands, child runs) has ended or was cancelled. Also after the last attempt.
    AttemptSettled {
        path: StepPath,
        attempt: u32,
    },
    /// `chosen` is the step that a branch goes to; absent, it goes on in order.
    StepSucceeded {
        path: StepPath,
        attempt: u32,
        outputs: BTreeMap<String, Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chosen: Option<String>,
    },
    /// `status` is `Failed`, `TimedOut` or `Cancelled`. A step that fails in its input validation may not have started.
    /// The outputs are what is known all the same: an approval's decisions, a `forEach`'s items.
    StepFailed {
        path: StepPath,
        attempt: u32,
        status: StepStatus,
        failure: Failure,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, Value>,
    },
    StepSkipped {
        path: StepPath,
    },
    StepNotReached {
        path: StepPath,
    },
    /// The items of a `forEach` are fixed. Shared, for there may be many.
    ItemsExpanded {
        path: StepPath,
        items: Arc<Vec<Value>>,
    },
    /// A pass of a loop begins; counts from 1.
    PassStarted {
        path: StepPath,
        iteration: u32,
        value: Option<Value>,
    },
    VariableUpdated {
        name: String,
        value: Value,
    },
    /// A person's or program's word to a waiting step.
    SignalReceived {
        path: StepPath,
        signal: Signal,
        by: Principal,
    },
    CancelRequested {
        by: Principal,
    },
    /// The run is to end well as soon as what runs has ended: no further step starts.
    CompleteRequested {
        by: Principal,
    },
    /// The `finally` part begins.
    FinallyStarted {
        deadline_ms: Option<u64>,
    },
    RunFinished {
        status: RunStatus,
        outputs: BTreeMap<String, Value>,
        failure: Option<Failure>,
    },
}

impl Event {
    /// Returns the event's name, as in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "RunStarted",
            Self::StepHeld { .. } => "StepHeld",
            Self::StepStarted { .. } => "StepStarted",
            Self::StepSuspended { .. } => "StepSuspended",
            Self::StepWoken { .. } => "StepWoken",
            Self::StepRestarted { .. } => "StepRestarted",
            Self::StepWaiting { .. } => "StepWaiting",
            Self::AttemptFailed { .. } => "AttemptFailed",
            Self::AttemptSettled { .. } => "AttemptSettled",
            Self::StepSucceeded { .. } => "StepSucceeded",
            Self::StepFailed { .. } => "StepFailed",
            Self::StepSkipped { .. } => "StepSkipped",
            Self::StepNotReached { .. } => "StepNotReached",
            Self::ItemsExpanded { .. } => "ItemsExpanded",
            Self::PassStarted { .. } => "PassStarted",
            Self::VariableUpdated { .. } => "VariableUpdated",
            Self::SignalReceived { .. } => "SignalReceived",
            Self::CancelRequested { .. } => "CancelRequested",
            Self::CompleteRequested { .. } => "CompleteRequested",
            Self::FinallyStarted { .. } => "FinallyStarted",
            Self::RunFinished { .. } => "RunFinished",
        }
    }

    /// Returns the path of the step that the event is about; `None` when it is about the run.
    pub fn path(&self) -> Option<&StepPath> {
        match self {
            Self::StepHeld { path, .. }
            | Self::StepStarted { path, .. }
            | Self::StepSuspended { path, .. }
            | Self::StepWoken { path, .. }
            | Self::StepRestarted { path, .. }
            | Self::StepWaiting { path, .. }
            | Self::AttemptFailed { path, .. }
            | Self::AttemptSettled { path, .. }
            | Self::StepSucceeded { path, .. }
            | Self::StepFailed { path, .. }
            | Self::StepSkipped { path }
            | Self::StepNotReached { path }
            | Self::ItemsExpanded { path, .. }
            | Self::PassStarted { path, .. }
            | Self::SignalReceived { path, .. } => Some(path),
            Self::RunStarted(_)
            | Self::VariableUpdated { .. }
            | Self::CancelRequested { .. }
            | Self::CompleteRequested { .. }
            | Self::FinallyStarted { .. }
            | Self::RunFinished { .. } => None,
        }
    }
}

/// All that is fixed when a run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStarted {
    pub run: RunId,
    pub plan: Digest,
    pub principal: Principal,
    /// Bound and checked; a Secret is `{ "secret": NAME }`.
    pub parameters: BTreeMap<String, Value>,
    /// What each component step may do, by step name; it only shrinks.
    pub grants: BTreeMap<String, Grants>,
    /// Component digest of each action in use, built-ins too.
    pub components: BTreeMap<String, Digest>,
    /// The event that started the run; null when it was started by hand.
    /// In the journal `trigger`, for `event` is the entry's name there.
    #[serde(default, rename = "trigger")]
    pub event: Value,
    #[serde(default)]
    pub parent: Option<Parent>,
    /// The random seed, sealed.
    pub sealed_seed: String,
    pub account_id: String,
    pub region: String,
    /// Whether each step of the main part waits for a person's word to start (SSM's mode Interactive).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interactive: bool,
}

/// The step that began a child run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parent {
    pub run: RunId,
    pub step: String,
    /// 1 for a child, 2 for its child.
    pub depth: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MachineWait {
    Sleep {
        until_ms: u64,
    },
    Pause,
    Approve {
        approvers: Vec<String>,
        required: u32,
        message: Option<String>,
    },
    /// `onUnknown: ask`: Approve retries the step, Reject fails it.
    UnknownOutcome {
        failure: Failure,
    },
}

/// SSM's automation signals, as far as they reach a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Signal {
    Approve {
        comment: Option<String>,
    },
    Reject {
        comment: Option<String>,
    },
    /// Ends a pause. A held step starts, and no later one is held.
    Resume,
    /// A held step starts.
    StartStep,
    /// A step that runs or waits is stopped; it ends as Cancelled, and what its `onFailure` says follows.
    StopStep,
}
