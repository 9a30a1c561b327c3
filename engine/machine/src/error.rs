//! What can go wrong in a run's machine itself; a step's failure is an event, not an error.

/// An entry that cannot follow the entries before it: the journal is damaged, or the engine has a bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} is not possible at {place}: {reason}")]
pub struct IllegalEvent {
    /// The event's name.
    pub event: &'static str,
    /// The displayed path of the step, or `run`.
    pub place: String,
    pub reason: &'static str,
}

/// Why an input was not received. After `Illegal` the state is not to be used any more: load the run again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    #[error("the run has not started")]
    NotStarted,
    #[error("the run has started already")]
    AlreadyStarted,
    #[error(transparent)]
    Illegal(#[from] IllegalEvent),
}

/// Why a signal does not reach a step (SSM: `InvalidAutomationSignalException`, for an unknown step
/// `AutomationStepNotFoundException`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalRefused {
    #[error("the run has ended")]
    RunEnded,
    #[error("the run has no step `{0}`")]
    NoSuchStep(String),
    #[error("step `{0}` does not wait for a signal")]
    NotWaiting(String),
    #[error("step `{0}` does not run")]
    NotRunning(String),
    #[error("no step waits for a signal")]
    NothingWaits,
    #[error("more than one step waits: name one of {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    #[error("step `{step}` waits for {expected}")]
    WrongSignal { step: String, expected: &'static str },
    #[error("`{by}` is not an approver of step `{step}`")]
    NotAnApprover { step: String, by: String },
    #[error("`{by}` has approved step `{step}` already")]
    AlreadyApproved { step: String, by: String },
}
