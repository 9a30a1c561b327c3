//! A job as its shim executes it: every decision that needs no process is made.

use std::collections::BTreeMap;

use host_api::node::{JobReport, JobStatus, JobStep, JobStepStatus};
use serde::{Deserialize, Serialize};

/// The content of `job.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) job: String,
    pub(crate) steps: Vec<PlannedStep>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) bounds: Bounds,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) standard_output_characters_max: usize,
    pub(crate) standard_error_characters_max: usize,
    pub(crate) spool_bytes_max: u64,
    pub(crate) kill_grace_ms: u64,
    pub(crate) step_timeout_ms_max: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedStep {
    pub(crate) name: String,
    pub(crate) plugin: String,
    pub(crate) work: Work,
    pub(crate) on_failure: OnFailure,
    pub(crate) exit_on_success: bool,
    /// Runs even after an exit. Only the last step is one.
    pub(crate) is_final: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Work {
    Script(Script),
    /// There is nothing to execute, and this is why.
    Settled {
        status: JobStepStatus,
        message: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) working_directory: Option<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) timeout_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OnFailure {
    Continue,
    Exit,
    /// The failure counts as success, and no further step runs.
    SuccessAndExit,
}

impl PlannedStep {
    /// Returns the step's report where no process tells of it.
    pub(crate) fn report(&self, status: JobStepStatus, message: &str) -> JobStep {
        let failed = status == JobStepStatus::Failed;
        JobStep {
            name: self.name.clone(),
            plugin: self.plugin.clone(),
            status,
            response_code: i32::from(failed),
            standard_output: String::new(),
            standard_error: message.to_owned(),
            started: None,
            ended: None,
        }
    }
}

impl Plan {
    /// Returns the report in which every step has the same end.
    pub(crate) fn report_all(&self, status: JobStepStatus) -> JobReport {
        let steps = self.steps.iter().map(|step| step.report(status, "")).collect();
        report(&self.job, steps)
    }
}

/// Returns the report of a job from its steps.
pub(crate) fn report(job: &str, steps: Vec<JobStep>) -> JobReport {
    JobReport { id: job.to_owned(), status: job_status(&steps), steps }
}

/// SSM's precedence: Failed, `TimedOut`, Cancelled, then Success.
fn job_status(steps: &[JobStep]) -> JobStatus {
    let any = |status| steps.iter().any(|step| step.status == status);
    if any(JobStepStatus::Unknown) {
        JobStatus::Unknown
    } else if any(JobStepStatus::Failed) {
        JobStatus::Failed
    } else if any(JobStepStatus::TimedOut) {
        JobStatus::ExecutionTimedOut
    } else if any(JobStepStatus::Cancelled) {
        JobStatus::Cancelled
    } else {
        JobStatus::Success
    }
}
