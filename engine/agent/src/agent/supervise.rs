//! The life of one job as its agent sees it: record, give it a shim, wait, read the end.

use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use host_api::node::{Job, JobReport, JobStep, JobStepStatus};

use super::{AgentError, Inner, job_error, recovery};
use crate::document::Document;
use crate::folder::{Found, JobFolder};
use crate::plan::{self, Plan};

/// Shims that may end before they begin the job, killed by somebody, until the job counts as failed.
const STARTS_MAX: u32 = 3;
const LOG: &str = "shim.log";
const LOG_BYTES_MAX: u64 = 4_096;

pub(super) struct Supervised {
    pub(super) id: String,
    pub(super) folder: JobFolder,
    pub(super) cancelled: Arc<AtomicBool>,
    /// Absent for a job that must be on disk already.
    pub(super) job: Option<Job>,
}

impl Supervised {
    /// Blocks until the job ended.
    pub(super) fn settle(&self, inner: &Inner) -> Result<JobReport, AgentError> {
        let mut starts = 0;
        let mut status = String::new();
        loop {
            match self.folder.look().map_err(|source| job_error(&self.id, "look", source))? {
                Found::Ended(report) => return Ok(report),
                Found::Lost => return Ok(recovery::lost(&self.folder)),
                Found::Held => {
                    let waited = self.folder.wait_until_free();
                    waited.map_err(|source| job_error(&self.id, "wait", source))?;
                }
                Found::Ready(_) if starts == STARTS_MAX => {
                    let (job, log) = (self.id.clone(), self.log());
                    return Err(AgentError::ShimFailed { job, status, log });
                }
                Found::Ready(lock) => {
                    starts += 1;
                    if let Some(ended) = self.execute(inner, lock, &mut status)? {
                        return Ok(ended);
                    }
                }
                Found::Nothing => match self.record(inner)? {
                    Recording::Ended(report) => return Ok(report),
                    Recording::Ready(lock) => {
                        starts += 1;
                        if let Some(ended) = self.execute(inner, lock, &mut status)? {
                            return Ok(ended);
                        }
                    }
                },
            }
        }
    }

    fn record(&self, inner: &Inner) -> Result<Recording, AgentError> {
        let job = self.job.as_ref().ok_or_else(|| AgentError::NeverSeen(self.id.clone()))?;
        let fail = |source| job_error(&self.id, "record", source);
        let planned =
            Document::parse(&job.document).and_then(|document| document.plan(&job.parameters));
        let steps = match planned {
            Ok(steps) => steps,
            Err(error) => {
                let report = refused(job, &error.to_string());
                self.folder.record_ended(&report).map_err(fail)?;
                return Ok(Recording::Ended(report));
            }
        };
        let mut environment = inner.environment.clone();
        environment.insert("SSM_COMMAND_ID".to_owned(), job.command.to_string());
        let bounds = inner.settings.bounds();
        let plan = Plan { job: self.id.clone(), steps, environment, bounds };
        self.folder.record(&plan).map(Recording::Ready).map_err(fail)
    }

    /// Waits for a slot, then for a shim. Returns the report if the job is over without one.
    fn execute(
        &self,
        inner: &Inner,
        lock: File,
        status: &mut String,
    ) -> Result<Option<JobReport>, AgentError> {
        let slot = Slot::take(inner, &self.cancelled);
        if slot.is_none() {
            let fail = |source| job_error(&self.id, "cancel", source);
            let report = self.folder.plan().map_err(fail)?.report_all(JobStepStatus::Cancelled);
            self.folder.write_exit(&report).map_err(fail)?;
            return Ok(Some(report));
        }
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.folder.path().join(LOG))
            .map_err(|source| job_error(&self.id, "open the shim's log", source))?;
        let mut child = inner
            .program
            .command()
            .args(&inner.settings.arguments)
            .arg(self.folder.path())
            .env_clear()
            .stdin(Stdio::from(lock))
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()
            .map_err(|source| AgentError::Shim {
                job: self.id.clone(),
                executable: inner.program.path().to_owned(),
                source,
            })?;
        let ended = child.wait().map_err(|source| job_error(&self.id, "wait", source))?;
        *status = ended.to_string();
        Ok(None)
    }

    fn log(&self) -> String {
        let mut text = Vec::new();
        let opened = fs::File::open(self.folder.path().join(LOG));
        match opened.and_then(|log| log.take(LOG_BYTES_MAX).read_to_end(&mut text)) {
            Ok(_) => String::from_utf8_lossy(&text).trim_end().to_owned(),
            Err(error) => format!("no log: {error}"),
        }
    }
}

enum Recording {
    Ready(File),
    Ended(JobReport),
}

/// A job whose document, or whose parameters, cannot be run at all.
fn refused(job: &Job, message: &str) -> JobReport {
    let step = JobStep {
        name: job.document_name.clone(),
        plugin: String::new(),
        status: JobStepStatus::Failed,
        response_code: 1,
        standard_output: String::new(),
        standard_error: message.to_owned(),
        started: None,
        ended: None,
    };
    plan::report(&job.id, vec![step])
}

/// The right to execute, given back on drop.
struct Slot<'a>(&'a Inner);

impl<'a> Slot<'a> {
    /// Blocks until there is one; `None` if the job is cancelled first.
    fn take(inner: &'a Inner, cancelled: &AtomicBool) -> Option<Self> {
        let full = |running: usize| running >= inner.settings.running_max.max(1);
        let mut table = inner.table();
        while full(table.running) && !cancelled.load(Ordering::SeqCst) {
            table = inner.changed.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        if cancelled.load(Ordering::SeqCst) {
            return None;
        }
        table.running += 1;
        Some(Self(inner))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.table().running -= 1;
        self.0.changed.notify_all();
    }
}
