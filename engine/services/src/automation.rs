//! Automation: runs are started, told something, and shown. What a run does is the driver's; it is reached by its inbox alone.

mod cancel;
mod log;
mod named;
pub mod request;
mod retention;
mod seed;
mod signal;
mod start;
mod view;

pub use log::StepLog;
pub use request::*;
pub use retention::Pruned;
pub use start::Start;
pub use view::{ItemView, RunSummary, RunView, StepView};

/// Kinds of inbox rows, beside [`store::waits::WAKE`]: a start carries a `RunStarted`, the others a `Message`.
pub const START: &str = "start";
pub const SIGNAL: &str = "signal";
pub const CANCEL: &str = "cancel";
/// How deep runs may start runs.
pub const DEPTH_MAX: u32 = 5;
