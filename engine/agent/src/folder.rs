//! The folder of one job: what is on disk, and what follows from it.
//!
//! Invariant: whoever holds the lock on `lock` is the only one that may start the job. The agent takes it and hands it to the
//! shim as standard input, so it is free only when neither lives.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use host_api::node::{JobReport, JobStepStatus};
use nix::libc::{ENXIO, O_NONBLOCK};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::durable;
use crate::plan::Plan;

const LOCK: &str = "lock";
const JOB: &str = "job.json";
const STARTED: &str = "started";
const EXIT: &str = "exit";
const CANCEL: &str = "cancel";
/// A byte in it wakes the shim to look at [`CANCEL`].
const CANCEL_PIPE: &str = "cancel.pipe";
/// Begins the name of a folder that is being removed; no job's id begins so.
const LEAVING: &str = ".leaving-";

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

impl JobFolder {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Records a job and returns its lock. A crash on the way leaves a folder in which nothing is recorded.
    pub(crate) fn record(&self, plan: &Plan) -> io::Result<File> {
        self.create()?;
        let lock = self.open_lock()?;
        lock.lock()?;
        match mkfifo(&self.0.join(CANCEL_PIPE), Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(()) | Err(nix::errno::Errno::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
        // Durable only with `started`: a job that is lost before it began is as one never recorded.
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
        if let Some(report) = self.exit()? {
            return Ok(Found::Ended(report));
        }
        if !self.0.join(JOB).try_exists()? {
            return Ok(Found::Nothing);
        }
        let lock = self.open_lock()?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Found::Held),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The shim may have ended between the two looks.
        if let Some(report) = self.exit()? {
            return Ok(Found::Ended(report));
        }
        if self.0.join(STARTED).try_exists()? {
            return Ok(Found::Lost);
        }
        match self.plan() {
            Ok(_) => Ok(Found::Ready(lock)),
            // A loss of power cut the file: nothing was promised yet.
            Err(error) if error.kind() == ErrorKind::InvalidData => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Blocks until nobody holds the lock.
    pub(crate) fn wait_until_free(&self) -> io::Result<()> {
        self.open_lock()?.lock_shared()
    }

    pub(crate) fn plan(&self) -> io::Result<Plan> {
        serde_json::from_slice(&fs::read(self.0.join(JOB))?)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }

    pub(crate) fn exit(&self) -> io::Result<Option<JobReport>> {
        match fs::read(self.0.join(EXIT)) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| io::Error::new(ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Leaves the end for whoever takes it over. Lost with the power before that, the job is as one whose end nobody can tell.
    pub(crate) fn write_exit(&self, report: &JobReport) -> io::Result<()> {
        durable::put(&self.0, EXIT, &serde_json::to_vec(report)?)
    }

    /// Marks the job as begun, once for ever: fails with `AlreadyExists` the second time.
    pub(crate) fn write_started(&self) -> io::Result<()> {
        durable::mark(&self.0, STARTED, format!("{}\n", std::process::id()).as_bytes())
    }

    /// Returns the report of a job whose end nobody can tell.
    pub(crate) fn unknown(&self) -> io::Result<JobReport> {
        Ok(self.plan()?.report_all(JobStepStatus::Unknown))
    }

    /// Asks the shim to end the job; also one that is not alive yet.
    pub(crate) fn request_cancel(&self) -> io::Result<()> {
        let open = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.0.join(CANCEL));
        drop(open?);
        let pipe =
            OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(self.0.join(CANCEL_PIPE));
        match pipe {
            Ok(mut pipe) => match pipe.write_all(b"c") {
                Err(error)
                    if error.kind() != ErrorKind::WouldBlock
                        && error.kind() != ErrorKind::BrokenPipe =>
                {
                    Err(error)
                }
                _ => Ok(()),
            },
            // Without a reader the shim is gone, or will look at the mark when it opens the pipe.
            Err(error) if error.raw_os_error() == Some(ENXIO) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn cancel_requested(&self) -> io::Result<bool> {
        self.0.join(CANCEL).try_exists()
    }

    /// Opens the reading end; it never reports an end of file.
    pub(crate) fn open_cancel_pipe(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(O_NONBLOCK)
            .open(self.0.join(CANCEL_PIPE))
    }

    /// Returns the folder of one step, made now: its script, and what it put out.
    pub(crate) fn step(&self, index: usize) -> io::Result<PathBuf> {
        let path = self.0.join(format!("step-{}", index + 1));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(path)
    }

    /// Removes the folder: at once for whoever looks, for one that is half gone would look like a job not yet begun.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let (Some(parent), Some(name)) = (self.0.parent(), self.0.file_name()) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let mut leaving = OsString::from(LEAVING);
        leaving.push(name);
        let leaving = parent.join(leaving);
        match fs::rename(&self.0, &leaving).and_then(|()| fs::remove_dir_all(leaving)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Removes the folders whose removal was interrupted.
pub(crate) fn remove_leavings(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(LEAVING.as_bytes()) {
            match fs::remove_dir_all(entry.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}
