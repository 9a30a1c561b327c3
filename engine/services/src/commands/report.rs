//! What nodes report, and what time decides.

use std::collections::BTreeSet;

use host_api::identifier::{CommandId, NodeId};
use host_api::invocation::WaitKind;
use host_api::node::{JobReport, JobStatus};
use machine::rate::RateControl;
use store::commands::{self, CommandRow};
use store::{ReadTx, Tx, completions, invocations};

use super::outcome::{self, Counts};
use super::{SendCommandRequest, send, shown};
use crate::Services;
use crate::actor::now_ms;
use crate::error::ServiceError;

/// Commands that one pass looks at for their expiry.
const EXPIRED_MAX: u32 = 100;
/// A time by which every command expires; the largest that the store can compare with.
const END_OF_TIME_MS: u64 = i64::MAX as u64;

impl Services {
    /// Takes a node's report that a job has ended. One whose end was known before changes nothing.
    ///
    /// When it is the last of its command, the command ends and whoever waits for it is woken, in the same transaction.
    pub async fn report(&self, report: JobReport) -> Result<(), ServiceError> {
        let text = serde_json::to_string(&report)
            .map_err(|error| ServiceError::internal(format!("a report cannot be kept: {error}")))?;
        let now = now_ms();
        let status = outcome::of_job(report.status, now);
        let take = move |tx: &mut Tx<'_>| -> Result<(), ServiceError> {
            let Some(invocation) = invocations::find(tx, &report.id)? else {
                return Err(ServiceError::request(
                    "InvocationDoesNotExist",
                    format!("no job {} was ever sent", report.id),
                ));
            };
            if invocations::set_report(tx, &report.id, &status, Some(&text))? {
                settle(tx, &invocation.command, now)?;
            }
            Ok(())
        };
        self.store().try_write(take).await?;
        self.wake_dispatcher();
        Ok(())
    }

    /// Ends what was not delivered, or did not end, within its command's time. Returns the jobs that nodes have, with the nodes, which
    /// are to be told.
    pub(super) async fn expire_commands(&self) -> Result<Vec<(String, NodeId)>, ServiceError> {
        let now = now_ms();
        let expired = self.store().read(move |tx| commands::expired(tx, now, EXPIRED_MAX)).await?;
        let mut overdue = Vec::new();
        for command in expired {
            let id = command.id.clone();
            let expire = move |tx: &mut Tx<'_>| -> Result<Vec<(String, NodeId)>, ServiceError> {
                let mut overdue = Vec::new();
                for invocation in invocations::of_command(tx, &command.id)? {
                    let status = outcome::expired(now);
                    let has_ended = invocations::set_report(tx, &invocation.job_id, &status, None)?;
                    if has_ended && invocation.delivered_ms.is_some() {
                        overdue.push((invocation.job_id, invocation.node));
                    }
                }
                settle(tx, &command.id, now)?;
                Ok(overdue)
            };
            match self.store().try_write(expire).await {
                Ok(jobs) => overdue.extend(jobs),
                Err(error) if error.is_store_closed() => return Err(error),
                Err(error) => tracing::error!(command = %id, %error, "a command cannot expire"),
            }
        }
        Ok(overdue)
    }

    /// Ends every open invocation whose node is not `present` as one of which nobody knows what became of it, and returns how many
    /// there were. For a store that was restored elsewhere: its nodes may never report again.
    pub async fn lose_jobs_of(&self, present: &[NodeId]) -> Result<usize, ServiceError> {
        let present: BTreeSet<NodeId> = present.iter().cloned().collect();
        let open = |tx: &ReadTx<'_>| commands::expired(tx, END_OF_TIME_MS, u32::MAX);
        let mut lost_count = 0;
        for command in self.store().read(open).await? {
            let present = present.clone();
            let end = move |tx: &mut Tx<'_>| -> Result<usize, ServiceError> {
                let now = now_ms();
                let mut lost = 0;
                for invocation in invocations::of_command(tx, &command.id)? {
                    if !present.contains(&invocation.node) {
                        let status = outcome::of_job(JobStatus::Unknown, now);
                        let has_ended =
                            invocations::set_report(tx, &invocation.job_id, &status, None)?;
                        lost += usize::from(has_ended);
                    }
                }
                if lost > 0 {
                    settle(tx, &command.id, now)?;
                }
                Ok(lost)
            };
            lost_count += self.store().try_write(end).await?;
        }
        if lost_count > 0 {
            self.wake_dispatcher();
        }
        Ok(lost_count)
    }
}

/// Brings a command up to date with its invocations; one that has ended by it is completed.
pub(super) fn settle(tx: &mut Tx<'_>, id: &CommandId, now: u64) -> Result<(), ServiceError> {
    let Some(mut command) = commands::find(tx, id)? else { return Ok(()) };
    if command.status.ended_ms.is_some() {
        return Ok(());
    }
    let mut jobs = invocations::of_command(tx, id)?;
    let rate = rate_of(&command, &jobs)?;
    if rate.is_exceeded(Counts::of(&jobs).errors) {
        for job in &mut jobs {
            if job.delivered_ms.is_none() && job.status.ended_ms.is_none() {
                job.status = outcome::terminated(now);
                invocations::set_report(tx, &job.job_id, &job.status, None)?;
            }
        }
    }
    let Some(status) = outcome::of_command(Counts::of(&jobs), &rate, &command.status, now) else {
        return Ok(());
    };
    commands::set_status(tx, id, &status)?;
    command.status = status;
    if command.status.ended_ms.is_some() {
        let result = shown::result_text(&command, &jobs)?;
        completions::record(tx, WaitKind::Command, id.as_str(), &result, now)?;
    }
    Ok(())
}

/// Returns the limits of a command's fan-out.
pub(super) fn rate_of(
    command: &CommandRow,
    jobs: &[store::invocations::InvocationRow],
) -> Result<RateControl, ServiceError> {
    let request: SendCommandRequest = shown::request_of(command)?;
    let targets = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    Ok(RateControl::new(targets, send::concurrency(&request)?, send::errors(&request)?))
}
