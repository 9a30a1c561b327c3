//! What is to be done after the events that decided it are committed, in order. After a recovery, or a cancel in `finally`, an effect may
//! come a second time: a wait or timer of a path replaces the one before.

use host_api::effect::StepPath;
use host_api::invocation::{Resumption, Wait};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Call the component; for a crashed activation, again with the same input.
    Invoke(Box<Invoke>),
    /// Wait for what a component suspended on. Written in the same transaction as the events.
    Await { path: StepPath, attempt: u32, activation: u32, on: Vec<Wait>, due_ms: u64 },
    /// Wake the step at that time: retry, sleep, a deadline; when it comes too early, the timer is set again. Written in the same transaction as the events.
    SetTimer { path: StepPath, attempt: u32, activation: u32, due_ms: u64 },
    /// The step's waits and timers are over. Written in the same transaction as the events.
    ClearWaits { path: StepPath },
    /// Stop the running activation of the step, if any.
    Interrupt { path: StepPath },
    /// Cancel the commands and child runs that the attempt began and answer `Settled` when they ended, or after a deadline.
    Settle { path: StepPath, attempt: u32 },
    /// The run is over.
    Finish,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Invoke {
    pub path: StepPath,
    pub attempt: u32,
    pub activation: u32,
    /// `aws:runCommand`, `acme:disk-usage`.
    pub action: String,
    /// Secrets are `{ "secret": NAME }`.
    pub inputs: Value,
    pub resume: Option<Resumption>,
    /// When the attempt times out.
    pub deadline_ms: Option<u64>,
}
