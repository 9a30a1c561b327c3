//! The process that owns one job: it executes the steps and leaves their end on disk, whoever else dies.
//!
//! It is one thread without a runtime: it must start in a millisecond.

mod capture;
mod execute;
mod exit;

use std::ffi::{CStr, OsString};
use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use host_api::node::{JobStep, JobStepStatus};
use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::unistd::setsid;

use crate::folder::JobFolder;
use crate::plan::{self, OnFailure, Plan, PlannedStep, Work};
use execute::{End, Execution, Watch};

const NAME: &CStr = c"runwright-shim";
/// Exit codes by which a script ends its document.
const EXIT_WITH_SUCCESS: i32 = 168;
const EXIT_WITH_FAILURE: i32 = 169;
const EXIT_FOR_REBOOT: i32 = 194;

/// Runs the job whose folder is the only argument; standard input is the folder's lock, already held.
///
/// This is what `executable shim <folder>` does. Only an [`Agent`](crate::Agent) calls it that way.
pub fn shim_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        log("one argument is needed, the folder of a job");
        return ExitCode::from(2);
    };
    match run(&JobFolder::at(PathBuf::from(folder))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(error);
            ExitCode::FAILURE
        }
    }
}

/// Standard error is the shim's log file. It may be on the disk that is full, and there is nobody else to tell.
fn log(what: impl Display) {
    writeln!(io::stderr(), "shim: {what}").ok();
}

fn run(folder: &JobFolder) -> io::Result<()> {
    withhold_descriptors()?;
    // It was executed by the number of a descriptor, which is no name to be known by.
    prctl::set_name(NAME)?;
    match setsid() {
        // The leader of a session or group already: no terminal can reach it either way.
        Ok(_) | Err(Errno::EPERM) => {}
        Err(error) => return Err(error.into()),
    }
    prctl::set_child_subreaper(true)?;
    let plan = folder.plan()?;
    let watch = Watch::new(folder)?;
    if folder.cancel_requested()? {
        return exit::leave(folder, &plan.report_all(JobStepStatus::Cancelled));
    }
    match folder.write_started() {
        // Another shim has begun this job; it is not ours to tell the end.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        other => other?,
    }
    let steps = execute_all(folder, &plan, &watch);
    exit::leave(folder, &plan::report(&plan.job, steps))
}

/// Descriptors that the server inherited from whoever started it must not reach a script.
fn withhold_descriptors() -> io::Result<()> {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let descriptor = name.to_str().and_then(|name| name.parse::<RawFd>().ok());
        let Some(descriptor) = descriptor.filter(|descriptor| *descriptor > 2) else { continue };
        #[expect(unsafe_code, reason = "nobody in this process owns what it inherited")]
        // SAFETY: the call only sets a flag; a number that is not open, or is our own, takes no harm.
        let result = unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
        match Errno::result(result) {
            Ok(_) | Err(Errno::EBADF) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn execute_all(folder: &JobFolder, plan: &Plan, watch: &Watch) -> Vec<JobStep> {
    let mut reports = Vec::with_capacity(plan.steps.len());
    let mut cancelled = false;
    let mut exited = false;
    for (index, step) in plan.steps.iter().enumerate() {
        let report = if cancelled {
            step.report(JobStepStatus::Cancelled, "")
        } else if exited && !step.is_final {
            step.report(JobStepStatus::Skipped, "an earlier step ended the document")
        } else {
            let (report, exits) = execute(folder, plan, watch, index, step);
            cancelled = report.status == JobStepStatus::Cancelled;
            exited |= exits;
            report
        };
        reports.push(report);
    }
    reports
}

/// Returns the step's report, and whether it ends the document.
fn execute(
    folder: &JobFolder,
    plan: &Plan,
    watch: &Watch,
    index: usize,
    step: &PlannedStep,
) -> (JobStep, bool) {
    let started = now_ms();
    let mut exits = false;
    let mut report = match &step.work {
        Work::Settled { status, message } => step.report(*status, message),
        Work::Script(script) => {
            let execution = Execution { folder, plan, watch, index, script };
            match execution.run() {
                Ok(finished) => {
                    let (status, response_code, note) = judge(finished.end, &mut exits);
                    let mut error = finished.standard_error;
                    if let Some(note) = note {
                        error.push_str(note);
                    }
                    JobStep {
                        status,
                        response_code,
                        standard_output: finished.standard_output,
                        standard_error: error,
                        ..step.report(status, "")
                    }
                }
                Err(error) => {
                    let message = format!("the step could not be executed: {error}");
                    step.report(JobStepStatus::Failed, &message)
                }
            }
        }
    };
    if report.status != JobStepStatus::Skipped {
        report.started = Some(started);
        report.ended = Some(now_ms());
    }
    if matches!(report.status, JobStepStatus::Failed | JobStepStatus::TimedOut) {
        exits |= step.on_failure != OnFailure::Continue;
        if step.on_failure == OnFailure::SuccessAndExit {
            report.status = JobStepStatus::Success;
        }
    }
    exits |= report.status == JobStepStatus::Success && step.exit_on_success;
    (report, exits)
}

/// The code that SSM's agent reports for a script it had to stop.
const STOPPED: i32 = 137;

fn judge(end: End, exits: &mut bool) -> (JobStepStatus, i32, Option<&'static str>) {
    *exits = matches!(end, End::Code(EXIT_WITH_SUCCESS | EXIT_WITH_FAILURE | EXIT_FOR_REBOOT));
    match end {
        End::Code(code @ (0 | EXIT_WITH_SUCCESS)) => (JobStepStatus::Success, code, None),
        End::Code(EXIT_FOR_REBOOT) => {
            let note = "\nexit code 194 asks for a reboot, which this agent does not do\n";
            (JobStepStatus::Failed, EXIT_FOR_REBOOT, Some(note))
        }
        End::Code(code) => (JobStepStatus::Failed, code, None),
        End::Signal => (JobStepStatus::Failed, -1, None),
        End::TimedOut => (JobStepStatus::TimedOut, STOPPED, None),
        End::Cancelled => (JobStepStatus::Cancelled, STOPPED, None),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
