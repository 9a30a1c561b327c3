//! Run Command, first cut: documents sent to registered nodes.
//!
//! A command, its invocations and their jobs are written in the sender's transaction; jobs wait in the store until
//! [`Services::dispatch`] has handed them to their nodes. What a node reports ends an invocation, the last of them ends the
//! command, and the transaction that ends it records the completion that waiting runs are woken by.

mod cancel;
mod dispatch;
mod document;
mod outcome;
mod report;
pub mod request;
mod send;
mod shown;
mod targets;

pub use request::*;

use store::commands::CommandStatus;

/// Statuses of SSM that this module sets, as status and status details.
pub(crate) fn status(status: &str, details: &str, ended_ms: Option<u64>) -> CommandStatus {
    CommandStatus { status: status.to_owned(), details: details.to_owned(), ended_ms }
}
