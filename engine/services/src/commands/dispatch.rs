//! Hands jobs to their nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use host_api::identifier::NodeId;
use host_api::node::{Job, JobStatus};
use store::commands::{self, CommandRow};
use store::invocations::{self, InvocationRow};
use store::{Notice, Tx};
use tokio::sync::mpsc::UnboundedReceiver;

use super::outcome::{self, Counts};
use super::{report, status};
use crate::Services;
use crate::actor::now_ms;
use crate::error::ServiceError;

/// How often expiry is looked at, and a node asked again that did not take a job.
const PERIOD: Duration = Duration::from_secs(5);
/// Jobs of one node that one pass looks at.
const JOBS_MAX: u32 = 200;
/// Jobs that are still to be ended on nodes which cannot be told.
const OVERDUE_MAX: usize = 10_000;

/// What the dispatcher has told nodes since it began.
#[derive(Default)]
struct Told {
    delivered: BTreeSet<String>,
    cancelled: BTreeSet<String>,
    /// Jobs that ended for us while their node had them, perhaps waiting for a slot there, and that it is still to be told to end.
    overdue: BTreeMap<String, NodeId>,
}

impl Services {
    /// Delivers jobs until the store closes: those that wait now, those that come, and once more those that a node had taken
    /// over before this process began, so that it reports their end.
    ///
    /// `notices` comes from [`store::Store::subscribe`]. Dropping the future stops it; nothing is lost by that.
    pub async fn dispatch(&self, mut notices: UnboundedReceiver<Notice>) {
        let mut told = Told::default();
        let mut period = tokio::time::interval(PERIOD);
        loop {
            let pass = self.dispatch_once(&mut told).await;
            match pass {
                Ok(()) => {}
                Err(error) if error.is_store_closed() => {
                    tracing::debug!(%error, "jobs are not dispatched any more: the store is closed");
                    return;
                }
                Err(error) => tracing::error!(%error, "jobs could not be dispatched"),
            }
            loop {
                tokio::select! {
                    notice = notices.recv() => match notice {
                        Some(Notice::Job(_)) => break,
                        Some(_) => {}
                        None => return,
                    },
                    () = self.dispatcher_woken() => break,
                    _ = period.tick() => break,
                }
            }
        }
    }

    async fn dispatch_once(&self, told: &mut Told) -> Result<(), ServiceError> {
        told.overdue.extend(self.expire_commands().await?);
        let mut known = BTreeSet::new();
        for node in self.nodes().list().await {
            let id = node.id.clone();
            let (pending, open) = self
                .store()
                .read(move |tx| -> Result<_, ServiceError> {
                    let pending = invocations::jobs_pending(tx, &id, JOBS_MAX)?;
                    Ok((pending, invocations::jobs_open(tx, &id, JOBS_MAX)?))
                })
                .await?;
            known.extend(open.iter().chain(&pending).map(|job| job.job_id.clone()));
            for job in open {
                let id = job.job_id.clone();
                let attended = self.attend(&node.id, job, told).await;
                go_on(&id, attended)?;
            }
            for job in pending {
                let delivered = self.deliver(&node.id, &job, told).await;
                go_on(&job.job_id, delivered)?;
            }
        }
        self.end_overdue(told).await;
        told.delivered.retain(|job| known.contains(job));
        told.cancelled.retain(|job| known.contains(job));
        Ok(())
    }

    /// Tells nodes to end jobs that have ended for us; one that cannot be told is told again in the next pass.
    async fn end_overdue(&self, told: &mut Told) {
        for (job, node) in std::mem::take(&mut told.overdue) {
            if let Err(error) = self.nodes().cancel(&node, &job).await {
                tracing::warn!(%node, job, %error, "a job whose command has expired could not be cancelled");
                if told.overdue.len() < OVERDUE_MAX {
                    told.overdue.insert(job, node);
                }
            }
        }
    }

    /// A job that the node has: told once more after a restart, and told to end when its command is cancelled.
    async fn attend(
        &self,
        node: &NodeId,
        job: InvocationRow,
        told: &mut Told,
    ) -> Result<(), ServiceError> {
        if !told.delivered.contains(&job.job_id) {
            self.hand_over(node, &job, told).await?;
        }
        if job.status.status == "Cancelling" && !told.cancelled.contains(&job.job_id) {
            match self.nodes().cancel(node, &job.job_id).await {
                Ok(()) => {
                    told.cancelled.insert(job.job_id);
                }
                Err(error) => {
                    tracing::warn!(%node, job = job.job_id, %error, "a job could not be cancelled");
                }
            }
        }
        Ok(())
    }

    async fn deliver(
        &self,
        node: &NodeId,
        job: &InvocationRow,
        told: &mut Told,
    ) -> Result<(), ServiceError> {
        let command = job.command.clone();
        let may_start = self.store().read_blocking(|tx| -> Result<bool, ServiceError> {
            let Some(command) = commands::find(tx, &command)? else { return Ok(false) };
            let jobs = invocations::of_command(tx, &command.id)?;
            Ok(is_startable(&command, &jobs))
        })?;
        if !may_start || !self.hand_over(node, job, told).await? {
            return Ok(());
        }
        let (id, command) = (job.job_id.clone(), job.command.clone());
        let delivered = move |tx: &mut Tx<'_>| -> Result<bool, ServiceError> {
            let now = now_ms();
            invocations::mark_delivered(tx, &id, now)?;
            let current = invocations::find(tx, &id)?;
            // The report may be there already.
            if current.as_ref().is_some_and(|current| current.status.status == "Pending") {
                let begun = status("InProgress", "InProgress", None);
                invocations::set_report(tx, &id, &begun, None)?;
            }
            report::settle(tx, &command, now)?;
            Ok(current.is_some_and(|job| job.status.ended_ms.is_some() && job.report.is_none()))
        };
        // Cancelled while it was handed over: for us it has ended, so the node is only told to stop.
        if self.store().try_write(delivered).await?
            && let Err(error) = self.nodes().cancel(node, &job.job_id).await
        {
            tracing::warn!(%node, job = job.job_id, %error, "a job could not be cancelled");
        }
        Ok(())
    }

    /// Returns whether the node took the job.
    async fn hand_over(
        &self,
        node: &NodeId,
        row: &InvocationRow,
        told: &mut Told,
    ) -> Result<bool, ServiceError> {
        let job: Job = match serde_json::from_str(&row.job) {
            Ok(job) => job,
            Err(error) => {
                tracing::error!(%node, job = row.job_id, %error, "a job cannot be read and has failed");
                self.fail_unreadable(row).await?;
                return Ok(false);
            }
        };
        match self.nodes().deliver(node, job).await {
            Ok(()) => {
                told.delivered.insert(row.job_id.clone());
                Ok(true)
            }
            Err(error) => {
                tracing::warn!(%node, job = row.job_id, %error, "a node did not take a job");
                Ok(false)
            }
        }
    }

    /// Ends a job that no node can be given: one that was damaged, or written by a newer release.
    async fn fail_unreadable(&self, row: &InvocationRow) -> Result<(), ServiceError> {
        let (id, command) = (row.job_id.clone(), row.command.clone());
        // A node that has it already may carry it out.
        let end = if row.delivered_ms.is_some() { JobStatus::Unknown } else { JobStatus::Failed };
        let fail = move |tx: &mut Tx<'_>| -> Result<(), ServiceError> {
            let now = now_ms();
            invocations::set_report(tx, &id, &outcome::of_job(end, now), None)?;
            report::settle(tx, &command, now)
        };
        self.store().try_write(fail).await
    }
}

/// What is wrong with one job must not keep the others.
fn go_on(job: &str, result: Result<(), ServiceError>) -> Result<(), ServiceError> {
    match result {
        Err(error) if !error.is_store_closed() => {
            tracing::error!(job, %error, "a job could not be dispatched");
            Ok(())
        }
        result => result,
    }
}

/// Returns whether one more of a command's jobs may start under its rate control. Where that cannot be read, none may; the command
/// expires.
fn is_startable(command: &CommandRow, jobs: &[InvocationRow]) -> bool {
    if command.status.ended_ms.is_some() {
        return false;
    }
    match report::rate_of(command, jobs) {
        Ok(rate) => rate.startable(Counts::of(jobs).progress()) > 0,
        Err(error) => {
            tracing::error!(command = %command.id, %error, "the limits of a command cannot be read");
            false
        }
    }
}
