//! From reports to statuses (SSM's rules; where its pages contradict each other, the choice is stated).

use host_api::node::JobStatus;
use machine::rate::{Progress, RateControl};
use store::commands::CommandStatus;
use store::invocations::InvocationRow;

use super::status;

/// The detail of an invocation of which nobody can know what became of it. SSM has no word for it.
pub(super) const UNKNOWN: &str = "Unknown";
const DELIVERY_TIMED_OUT: &str = "DeliveryTimedOut";
const EXECUTION_TIMED_OUT: &str = "ExecutionTimedOut";

/// How the invocations of a command stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) targets: u32,
    pub(super) started: u32,
    pub(super) ended: u32,
    pub(super) succeeded: u32,
    pub(super) cancelled: u32,
    /// Failed and `ExecutionTimedOut`: what `MaxErrors` is held against.
    pub(super) errors: u32,
    pub(super) execution_timed_out: u32,
    pub(super) delivery_timed_out: u32,
    pub(super) unknown: u32,
}

impl Counts {
    pub(super) fn of(invocations: &[InvocationRow]) -> Self {
        let mut counts = Self::default();
        for invocation in invocations {
            counts.targets += 1;
            let ended = invocation.status.ended_ms.is_some();
            counts.started += u32::from(invocation.delivered_ms.is_some() || ended);
            if !ended {
                continue;
            }
            counts.ended += 1;
            match invocation.status.details.as_str() {
                "Success" => counts.succeeded += 1,
                "Cancelled" => counts.cancelled += 1,
                "Failed" => counts.errors += 1,
                EXECUTION_TIMED_OUT => {
                    counts.errors += 1;
                    counts.execution_timed_out += 1;
                }
                UNKNOWN => {
                    counts.errors += 1;
                    counts.unknown += 1;
                }
                DELIVERY_TIMED_OUT => counts.delivery_timed_out += 1,
                _ => {}
            }
        }
        counts
    }

    pub(super) fn progress(self) -> Progress {
        Progress { started: self.started, ended: self.ended, errors: self.errors }
    }
}

/// Returns the status of an invocation whose job was reported to have ended.
pub(super) fn of_job(job: JobStatus, now_ms: u64) -> CommandStatus {
    let (name, details) = match job {
        JobStatus::Success => ("Success", "Success"),
        JobStatus::Failed => ("Failed", "Failed"),
        JobStatus::ExecutionTimedOut => ("TimedOut", EXECUTION_TIMED_OUT),
        JobStatus::Cancelled => ("Cancelled", "Cancelled"),
        JobStatus::Unknown => ("Failed", UNKNOWN),
    };
    status(name, details, Some(now_ms))
}

/// Returns the status of an invocation that was not delivered, or did not end, in time.
pub(super) fn expired(now_ms: u64) -> CommandStatus {
    status("TimedOut", DELIVERY_TIMED_OUT, Some(now_ms))
}

/// Returns the status of an invocation that is not sent any more because errors exceeded `MaxErrors`.
pub(super) fn terminated(now_ms: u64) -> CommandStatus {
    status("Failed", "Terminated", Some(now_ms))
}

/// Returns the status of a command from those of its invocations; `None` while it stays as it is.
///
/// More errors than `MaxErrors`: Failed, or `ExecutionTimedOut` when all of them are that. Then delivery timeouts likewise. Not all
/// a success and not enough errors: Incomplete, which is shown as Failed.
pub(super) fn of_command(
    counts: Counts,
    rate: &RateControl,
    current: &CommandStatus,
    now_ms: u64,
) -> Option<CommandStatus> {
    if counts.ended < counts.targets {
        let begun = counts.started > 0 && current.status == "Pending";
        return begun.then(|| status("InProgress", "InProgress", None));
    }
    let ended = Some(now_ms);
    Some(if counts.succeeded == counts.targets {
        status("Success", "Success", ended)
    } else if current.status == "Cancelling" && counts.cancelled > 0 {
        status("Cancelled", "Cancelled", ended)
    } else if rate.is_exceeded(counts.errors) {
        if counts.execution_timed_out == counts.errors {
            status("TimedOut", EXECUTION_TIMED_OUT, ended)
        } else if counts.unknown == counts.errors {
            status("Failed", UNKNOWN, ended)
        } else {
            status("Failed", "Failed", ended)
        }
    } else if rate.is_exceeded(counts.delivery_timed_out) {
        status("TimedOut", DELIVERY_TIMED_OUT, ended)
    } else if counts.cancelled > 0 {
        status("Cancelled", "Cancelled", ended)
    } else {
        status("Failed", "Incomplete", ended)
    })
}
