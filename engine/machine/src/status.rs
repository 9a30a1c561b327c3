//! Statuses, spelt as SSM spells them.

use serde::{Deserialize, Serialize};

/// The status of a run (SSM: `AutomationExecutionStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RunStatus {
    Pending,
    InProgress,
    /// A step waits for a person or for time.
    Waiting,
    Cancelling,
    Success,
    Failed,
    TimedOut,
    Cancelled,
}

impl RunStatus {
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::TimedOut | Self::Cancelled)
    }
}

/// The status of a step. `Skipped` and `NotReached` are ours; on SSM's wire `NotReached` is shown as Pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StepStatus {
    Pending,
    InProgress,
    Waiting,
    Success,
    Failed,
    TimedOut,
    Cancelled,
    /// Its `when` was false.
    Skipped,
    /// Graph only: it cannot run any more.
    NotReached,
}

impl StepStatus {
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress | Self::Waiting)
    }

    /// Returns whether the step ran to an end: it is settled, and was not left out.
    pub fn has_run(self) -> bool {
        self.is_settled() && !matches!(self, Self::Skipped | Self::NotReached)
    }
}

macro_rules! spelt {
    ($name:ident: $($variant:ident)*) => {
        impl $name {
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

spelt!(RunStatus: Pending InProgress Waiting Cancelling Success Failed TimedOut Cancelled);
spelt!(StepStatus: Pending InProgress Waiting Success Failed TimedOut Cancelled Skipped NotReached);
