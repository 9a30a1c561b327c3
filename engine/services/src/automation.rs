//! Automation: runs are started, told something, and shown. What a run does is the driver's; it is reached by its inbox alone.

mod asked;
mod filter;
mod for_event;
mod list;
mod log;
mod named;
pub(crate) mod page;
mod preview;
mod requested;
mod retention;
mod role;
mod seed;
mod shown;
mod signal;
mod start;
mod steps;
mod stop;
mod targets;
mod view;

pub use for_event::StartForEvent;
pub use log::StepLog;
pub use retention::Pruned;
pub use ssm_model::types::automation::{
    DescribeAutomationExecutionsRequest, DescribeAutomationExecutionsResult,
    SendAutomationSignalRequest, SendAutomationSignalResult, StartAutomationExecutionRequest,
    StartAutomationExecutionResult, StopAutomationExecutionRequest, StopAutomationExecutionResult,
};
pub use ssm_model::types::automation_steps::{
    DescribeAutomationStepExecutionsRequest, DescribeAutomationStepExecutionsResult,
    GetAutomationExecutionRequest, GetAutomationExecutionResult,
};
pub use ssm_model::types::previews::{
    GetExecutionPreviewRequest, GetExecutionPreviewResponse, StartExecutionPreviewRequest,
    StartExecutionPreviewResponse,
};
pub use start::Start;
pub use view::{ItemView, RunSummary, RunView, StepView};

/// Kinds of inbox rows, beside [`store::waits::WAKE`]: a start carries a `RunStarted`, the others a `Message`.
pub const START: &str = "start";
pub const SIGNAL: &str = "signal";
pub const CANCEL: &str = "cancel";
pub const COMPLETE: &str = "complete";
/// How deep runs may start runs.
pub const DEPTH_MAX: u32 = 5;
/// Tags that a run may be started with.
pub const TAGS_MAX: usize = 5;
/// Children that one run with targets may have.
pub const TARGETS_MAX: usize = 10_000;
