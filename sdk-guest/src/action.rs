//! An action, and how it suspends and goes on.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::host::automation::{ExecutionId, ExecutionResult};
use crate::host::commands::{CommandId, CommandResult};
use crate::schema::Schema;

/// What an action does to the world; the strongest of what its host calls do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing at all.
    Pure,
    /// Reads only.
    Read,
    /// Changes Runwright's own store: parameters, commands, child runs, tags, state.
    Store,
    /// Changes something outside, such as by HTTP.
    External,
}

/// An action of a runbook.
///
/// Each call is made in a fresh instance: nothing but [`Action::State`] outlives it. A call may be made again with the
/// same inputs after a crash of the host, which then answers its host calls as it did before; so what an action does
/// must follow from its inputs and the host's answers alone.
pub trait Action {
    /// As a runbook writes it: `vendor:name`.
    const NAME: &'static str;
    /// One sentence.
    const SUMMARY: &'static str;
    const EFFECT: Effect;
    /// The grants it needs, with inputs in braces: `parameters:read:{Name}`, `http:{Method}:{Url}`.
    const NEEDS: &'static [&'static str] = &[];

    type Inputs: DeserializeOwned + Schema;
    type Outputs: Serialize + Schema;
    /// What is kept while the action waits; `()` when it never does.
    type State: Serialize + DeserializeOwned;

    /// Begins.
    fn run(inputs: Self::Inputs, call: &Call) -> Result<Step<Self::Outputs, Self::State>, Failure>;

    /// Goes on after what the action waited for has ended. Fails with `NotResumable` unless an action that waits
    /// provides it.
    fn resume(
        inputs: Self::Inputs,
        state: Self::State,
        ended: Ended,
        call: &Call,
    ) -> Result<Step<Self::Outputs, Self::State>, Failure> {
        drop((inputs, state, call));
        Err(Failure::new(
            "NotResumable",
            format!("{} does not wait, but {ended:?} ended", Self::NAME),
        ))
    }
}

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub run_id: String,
    /// The step's path: `Backup`, `Backup[3]`, `Loop#2/Body`.
    pub step: String,
    /// Counts from 1.
    pub attempt: u32,
}

/// What a call comes to, when it does not fail.
#[derive(Debug)]
pub enum Step<Outputs, State> {
    /// The action is done.
    Done(Outputs),
    /// The action is called again, with the state, when what it waits for has ended.
    Wait(Pending<State>),
}

/// What a suspended action keeps and waits for.
#[derive(Debug)]
pub struct Pending<State> {
    pub state: State,
    /// The first of these to end wakes the action; at most 1,000.
    pub on: Vec<Wait>,
    /// Milliseconds since the Unix epoch. At most 30 days ahead.
    pub until_ms: Option<u64>,
}

/// A thing to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    Command(CommandId),
    Automation(ExecutionId),
}

/// What ended while the action was suspended.
#[derive(Debug)]
pub enum Ended {
    Command {
        id: CommandId,
        result: CommandResult,
    },
    Automation {
        id: ExecutionId,
        result: ExecutionResult,
    },
    Signal {
        id: String,
        result: Value,
    },
    /// The time it waited for has come.
    Time,
}

impl<Outputs, State> Step<Outputs, State> {
    /// Returns a suspension with nothing to wait for yet.
    pub fn wait(state: State) -> Self {
        Self::Wait(Pending { state, on: Vec::new(), until_ms: None })
    }

    /// Adds a thing to wait for. Nothing changes for an action that is done.
    #[must_use]
    pub fn on(mut self, wait: Wait) -> Self {
        if let Self::Wait(pending) = &mut self {
            pending.on.push(wait);
        }
        self
    }

    /// Wakes the action at `until_ms`, in milliseconds since the Unix epoch, if nothing has before.
    #[must_use]
    pub fn until(mut self, until_ms: u64) -> Self {
        if let Self::Wait(pending) = &mut self {
            pending.until_ms = Some(until_ms);
        }
        self
    }
}

impl Wait {
    /// Waits for a command that this step has sent.
    pub fn command(id: &CommandId) -> Self {
        Self::Command(id.clone())
    }

    /// Waits for a child run that this step has started.
    pub fn automation(id: &ExecutionId) -> Self {
        Self::Automation(id.clone())
    }
}

impl Ended {
    /// Returns the result of a command.
    ///
    /// # Errors
    /// Fails with `UnexpectedWake` when it was something else that ended.
    pub fn command(self) -> Result<CommandResult, Failure> {
        match self {
            Self::Command { result, .. } => Ok(result),
            Self::Automation { .. } | Self::Signal { .. } | Self::Time => Err(self.unexpected()),
        }
    }

    /// Returns the result of a child run.
    ///
    /// # Errors
    /// Fails with `UnexpectedWake` when it was something else that ended.
    pub fn automation(self) -> Result<ExecutionResult, Failure> {
        match self {
            Self::Automation { result, .. } => Ok(result),
            Self::Command { .. } | Self::Signal { .. } | Self::Time => Err(self.unexpected()),
        }
    }

    fn unexpected(&self) -> Failure {
        Failure::new("UnexpectedWake", format!("woken by {self:?}, which was not waited for"))
    }
}
