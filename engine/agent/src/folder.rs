//! The folder of one job: what is on disk, and what follows from it.
//!
//! Invariant: whoever holds the lock on `lock` is the only one that may start the job. The agent takes it and hands it to the
//! shim as standard input, so it is free only when neither lives.

mod cancel;
mod removal;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use host_api::node::{JobReport, JobStatus, JobStepStatus};
use nix::libc::{EMFILE, ENFILE, ENOLCK, ENOMEM};

use crate::durable;
use crate::plan::Plan;
pub(crate) use removal::remove_leavings;

const LOCK: &str = "lock";
const JOB: &str = "job.json";
const STARTED: &str = "started";
const EXIT: &str = "exit";
/// Who leads the processes of the script that was started last.
const GROUP: &str = "group";
/// Begins the name of a step's folder.
const STEP: &str = "step-";
/// The files of a step's folder that hold what it put out.
pub(crate) const SPOOLS: [&str; 2] = ["stdout", "stderr"];

#[derive(Debug, Clone)]
pub(crate) struct JobFolder(PathBuf);

/// What a folder says of its job.
#[derive(Debug)]
pub(crate) enum Found {
    /// The folder is not there, or nothing was recorded in it.
    Nothing,
    Ended(JobReport),
    /// Somebody holds the lock.
    Held,
    /// Recorded and never begun; nobody else can begin it while the lock is kept.
    Ready(File),
    /// Begun, and nobody is left to tell its end.
    Lost,
}

/// What the file of a job's end holds.
enum Exit {
    Absent,
    Report(JobReport),
    /// A loss of power, or somebody's hand, damaged it.
    Damaged,
}

impl JobFolder {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A job's id is the name of its folder, and letters, digits and the like.
    pub(crate) fn id(&self) -> &str {
        self.0.file_name().and_then(OsStr::to_str).unwrap_or_default()
    }

    /// Records a job and returns its lock. A crash on the way leaves a folder in which nothing is recorded.
    pub(crate) fn record(&self, plan: &Plan) -> io::Result<File> {
        self.create()?;
        let lock = self.open_lock()?;
        lock.lock()?;
        self.make_cancel_pipe()?;
        // Durable only just before `started`: a job that is lost before it began is as one never recorded.
        let temporary = self.0.join("job.json.new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&serde_json::to_vec(plan)?)?;
        fs::rename(&temporary, self.0.join(JOB))?;
        Ok(lock)
    }

    /// Records a job that ended without being begun.
    pub(crate) fn record_ended(&self, report: &JobReport) -> io::Result<()> {
        self.create()?;
        durable::replace(&self.0, EXIT, &serde_json::to_vec(report)?)?;
        self.0.parent().map_or(Ok(()), durable::sync_directory)
    }

    fn create(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.0) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    fn open_lock(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.0.join(LOCK))
    }

    pub(crate) fn look(&self) -> io::Result<Found> {
        if let Exit::Report(report) = self.exit()? {
            return Ok(Found::Ended(report));
        }
        if !self.has(JOB)? && !self.has(STARTED)? && !self.has(EXIT)? {
            return Ok(Found::Nothing);
        }
        let lock = self.open_lock()?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Found::Held),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The shim may have ended between the two looks.
        match self.exit()? {
            Exit::Report(report) => return Ok(Found::Ended(report)),
            Exit::Damaged => return Ok(Found::Lost),
            Exit::Absent => {}
        }
        if self.has(STARTED)? {
            return Ok(Found::Lost);
        }
        match self.plan() {
            Ok(_) => Ok(Found::Ready(lock)),
            // A loss of power cut the file: nothing was promised yet.
            Err(error) if error.kind() == ErrorKind::InvalidData => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Returns what to make of a folder that cannot be looked at: a job that may have begun must never run again.
    pub(crate) fn judge_unseen(&self) -> Found {
        let may_have = |name| self.has(name).unwrap_or(true);
        if may_have(STARTED) || may_have(EXIT) {
            Found::Ended(self.unknown())
        } else {
            Found::Nothing
        }
    }

    fn has(&self, name: &str) -> io::Result<bool> {
        self.0.join(name).try_exists()
    }

    /// Blocks until nobody holds the lock.
    pub(crate) fn wait_until_free(&self) -> io::Result<()> {
        self.open_lock()?.lock_shared()
    }

    pub(crate) fn plan(&self) -> io::Result<Plan> {
        serde_json::from_slice(&fs::read(self.0.join(JOB))?)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }

    fn exit(&self) -> io::Result<Exit> {
        match fs::read(self.0.join(EXIT)) {
            Ok(text) => Ok(serde_json::from_slice(&text).map_or_else(
                |error| {
                    tracing::warn!(job = self.id(), %error, "the end of a job is damaged");
                    Exit::Damaged
                },
                Exit::Report,
            )),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Exit::Absent),
            Err(error) => Err(error),
        }
    }

    /// Leaves the end for whoever takes it over. Lost with the power before that, the job is as one whose end nobody can tell.
    pub(crate) fn write_exit(&self, report: &JobReport) -> io::Result<()> {
        durable::put(&self.0, EXIT, &serde_json::to_vec(report)?)
    }

    /// Marks the job as begun, once for ever: fails with `AlreadyExists` the second time. What was to be done may be lost with the power,
    /// the mark may not: then the job is Unknown without its steps.
    pub(crate) fn write_started(&self) -> io::Result<()> {
        durable::mark(&self.0, STARTED, format!("{}\n", std::process::id()).as_bytes())
    }

    /// Returns the report of a job whose end nobody can tell; without its steps if what was recorded is lost too.
    pub(crate) fn unknown(&self) -> JobReport {
        let steps = match self.plan() {
            Ok(plan) => plan.report_all(JobStepStatus::Unknown).steps,
            Err(error) => {
                tracing::warn!(job = self.id(), %error, "what a job was to do is lost");
                Vec::new()
            }
        };
        JobReport { id: self.id().to_owned(), status: JobStatus::Unknown, steps }
    }

    /// Returns whether the shim came to the job's end, readable or not.
    pub(crate) fn is_over(&self) -> io::Result<bool> {
        self.has(EXIT)
    }

    /// Writes who leads the script's processes. It is for the time until the system stops, so it need not be durable.
    pub(crate) fn write_group(&self, line: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(self.0.join(GROUP))?.write_all(line.as_bytes())
    }

    /// Returns what [`write_group`](Self::write_group) wrote, if it did.
    pub(crate) fn group(&self) -> io::Result<Option<String>> {
        match fs::read(self.0.join(GROUP)) {
            Ok(line) => Ok(String::from_utf8(line).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the name of this very folder, by which its processes are known; a copy of it has another.
    pub(crate) fn mark(&self) -> io::Result<String> {
        let metadata = fs::metadata(&self.0)?;
        Ok(format!("{}@{:x}:{:x}", self.id(), metadata.dev(), metadata.ino()))
    }

    /// Returns the folder of one step, made now: its script, and what it put out.
    pub(crate) fn step(&self, index: usize) -> io::Result<PathBuf> {
        let path = self.0.join(format!("{STEP}{}", index + 1));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(path)
    }
}

/// Returns whether it is the whole system that is short of something, and no folder's fault.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(EMFILE | ENFILE | ENOLCK | ENOMEM))
}
