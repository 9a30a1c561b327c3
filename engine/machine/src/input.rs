//! What reaches a run from outside.

use host_api::effect::StepPath;
use host_api::failure::Failure;
use host_api::identifier::Principal;
use host_api::invocation::{Ended, Outcome};
use serde::{Deserialize, Serialize};

use crate::event::{RunStarted, Signal};

#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    Start(Box<RunStarted>),
    /// A component's activation ended. One for another activation than the current is dropped.
    Outcome {
        path: StepPath,
        attempt: u32,
        activation: u32,
        result: Result<Outcome, Failure>,
    },
    /// Everything the failed attempt began is settled.
    Settled {
        path: StepPath,
        attempt: u32,
    },
    Message(Message),
}

/// A row of a run's inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Message {
    /// A wait ended, or its time came. One for another activation than the current is dropped.
    Wake {
        path: StepPath,
        attempt: u32,
        activation: u32,
        ended: Ended,
    },
    /// `step` is the step's name or its displayed path; absent, the one step that waits.
    Signal {
        step: Option<String>,
        signal: Signal,
        by: Principal,
    },
    Cancel {
        by: Principal,
    },
    /// The run is to end well with what runs now; nothing new starts but `finally`.
    Complete {
        by: Principal,
    },
}
