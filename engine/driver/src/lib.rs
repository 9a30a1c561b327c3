//! The run loop: takes what reaches a run, lets `machine` decide, commits once, then performs.
//!
//! Nothing is decided here and no SQL is written here; `machine` decides and `store` keeps.

mod activation;
mod commit;
pub mod crash;
mod dispatch;
pub mod export;
mod handle;
mod host;
mod load;
mod log;
pub mod replay;
mod run;
mod secrets;
pub mod settings;
mod settle;
mod withheld;

mod driver;

pub use driver::{Driver, Progress, WaitError};
pub use settings::{Scope, Seeds, Settings};
