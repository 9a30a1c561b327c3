//! Why a step or a host call failed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of thing went wrong; decides how the engine treats a failure, where `code` only names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FailureKind {
    /// The action itself, or a capability it called, said no.
    Action,
    /// The inputs could not be resolved or are of the wrong type.
    InputValidation,
    /// A call was outside the step's grants.
    Denied,
    /// The processor budget is used up.
    Fuel,
    /// The memory budget is used up.
    Memory,
    /// The wall-clock limit passed.
    Timeout,
    /// The guest trapped: a bug of the plugin.
    Trap,
    /// The budget of host calls or of their bytes is used up.
    HostBudget,
    /// The guest's answer is not what the contract asks for.
    BadOutput,
    /// A call differs from the one in the log. Never retried.
    Nondeterminism,
    /// The component cannot be loaded or linked.
    Load,
    /// An effect was begun and its outcome cannot be known.
    Unknown,
    /// The run was cancelled.
    Cancelled,
    /// Our bug, or the store failed.
    Internal,
}

/// A failure as it is journaled, shown and sent to a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    pub kind: FailureKind,
    /// A stable word, each part of it capitalised.
    pub code: String,
    pub message: String,
    pub retryable: bool,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl Failure {
    /// Returns a failure that no retry helps, with `kind`'s own name as its code.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: format!("{kind:?}"),
            message: message.into(),
            retryable: false,
            details: Value::Null,
        }
    }

    /// Returns a failure of kind [`FailureKind::Action`] with the given code.
    pub fn action(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), ..Self::new(FailureKind::Action, message) }
    }

    /// Says that a new attempt may do better.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// Attaches details for a program to read.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}
