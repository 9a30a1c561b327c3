//! The agent: jobs by their id, each in a thread that waits for its shim.

mod program;
mod recovery;
mod settings;
mod supervise;

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use host_api::identifier::NodeId;
use host_api::node::{Job, JobReport};
use tokio::sync::watch;

use crate::facts::Facts;
use crate::folder::{self, Found, JobFolder};
use crate::identity;
use program::Program;
pub use recovery::Recovered;
pub use settings::Settings;

/// The length of a job's id, in bytes.
const JOB_ID_BYTES_MAX: usize = 128;
/// The threads of the agent do nothing but wait.
const STACK_BYTES: usize = 256 << 10;

/// Why the agent could not do what was asked of it. What a job's own steps do wrong stands in its report.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error(
        "job id `{0}` must be 1 to {JOB_ID_BYTES_MAX} letters, digits, `.`, `_` or `-`, and not begin with `.`"
    )]
    JobId(String),
    #[error("the agent has {0} jobs already, the most it takes")]
    Busy(usize),
    #[error("job `{job}`: cannot {doing}: {source}")]
    Job { job: String, doing: &'static str, source: io::Error },
    #[error("agent directory {}: {source}", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("shim {} cannot be opened: {source}", path.display())]
    Executable { path: PathBuf, source: io::Error },
    #[error("job `{0}` is still running")]
    StillRunning(String),
    #[error("job `{0}` is not known here")]
    NeverSeen(String),
    #[error("shim {} of job `{job}` cannot be started: {source}", executable.display())]
    Shim { job: String, executable: PathBuf, source: io::Error },
    #[error("shim of job `{job}` ended before it began the job ({status}): {log}")]
    ShimFailed { job: String, status: String, log: String },
    #[error("the thread that waited for job `{0}` is gone")]
    Lost(String),
}

/// How a job ended, shared by all who wait for it.
pub type JobOutcome = Result<JobReport, Arc<AgentError>>;

/// The executor of one node. Clones share it.
#[derive(Debug, Clone)]
pub struct Agent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    jobs_directory: PathBuf,
    node: NodeId,
    settings: Settings,
    program: Program,
    /// The environment every script begins with.
    environment: BTreeMap<String, String>,
    table: Mutex<Table>,
    /// A slot became free, or a job that waits for one was cancelled.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    jobs: BTreeMap<String, Entry>,
    running: usize,
}

#[derive(Debug)]
struct Entry {
    outcome: watch::Receiver<Option<JobOutcome>>,
    cancelled: Arc<AtomicBool>,
}

/// A job that is under way.
#[derive(Debug, Clone)]
pub struct JobHandle {
    id: String,
    outcome: watch::Receiver<Option<JobOutcome>>,
}

/// What the agent knows of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobState {
    NeverSeen,
    /// Recorded and not begun; [`Agent::recover`] begins it.
    Recorded,
    Running,
    Ended(JobReport),
}

/// What a cancellation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// Asked for; the report tells what became of it.
    Requested,
    AlreadyEnded,
    NeverSeen,
}

impl Agent {
    /// Opens the agent's directory, made with mode 0700 if it is not there. Starts nothing: see [`Agent::recover`].
    pub fn open(directory: &Path, settings: Settings) -> Result<Self, AgentError> {
        let fail = |source| AgentError::Directory { path: directory.to_owned(), source };
        let directory = std::path::absolute(directory).map_err(fail)?;
        let jobs_directory = directory.join("jobs");
        DirBuilder::new().recursive(true).mode(0o700).create(&jobs_directory).map_err(fail)?;
        folder::remove_leavings(&jobs_directory).map_err(fail)?;
        let node = identity::node_id(&directory).map_err(fail)?;
        let environment = settings::base_environment(&node);
        let program = Program::open(&settings.executable).map_err(|source| {
            AgentError::Executable { path: settings.executable.clone(), source }
        })?;
        Ok(Self(Arc::new(Inner {
            jobs_directory,
            node,
            settings,
            program,
            environment,
            table: Mutex::default(),
            changed: Condvar::new(),
        })))
    }

    /// Returns the node's id, the same for ever in this directory.
    pub fn node_id(&self) -> &NodeId {
        &self.0.node
    }

    /// Returns the facts of this node.
    pub fn facts(&self) -> Facts {
        Facts::of(self.0.node.clone())
    }

    /// Runs a job, or attaches to what became of the one with its id, whatever it holds now: no id runs twice.
    ///
    /// Does not block. At most `running_max` run at once, the others wait in no promised order; beyond `jobs_max` it is `Busy`.
    pub fn run(&self, job: Job) -> Result<JobHandle, AgentError> {
        let id = job.id.clone();
        let folder = self.0.folder(&id)?;
        let mut table = self.0.table();
        if let Some(entry) = table.jobs.get(&id) {
            return Ok(JobHandle { id, outcome: entry.outcome.clone() });
        }
        if table.jobs.len() >= self.0.settings.jobs_max {
            return Err(AgentError::Busy(table.jobs.len()));
        }
        self.attach(&mut table, id, folder, Some(job))
    }

    /// Returns what is known of a job. What is left of one whose shim is gone is killed before it is said to have ended. Blocks.
    pub fn status(&self, id: &str) -> Result<JobState, AgentError> {
        let folder = self.0.folder(id)?;
        if self.0.table().jobs.contains_key(id) {
            return Ok(JobState::Running);
        }
        Ok(match folder.look().map_err(|source| job_error(id, "look", source))? {
            Found::Nothing => JobState::NeverSeen,
            Found::Ended(report) => JobState::Ended(report),
            Found::Held => JobState::Running,
            Found::Ready(_) => JobState::Recorded,
            Found::Lost => JobState::Ended(recovery::lost(&folder)),
        })
    }

    /// Asks a job to end: its processes get SIGTERM, and SIGKILL after the grace.
    pub fn cancel(&self, id: &str) -> Result<Cancellation, AgentError> {
        let folder = self.0.folder(id)?;
        let known = match self.0.table().jobs.get(id) {
            Some(entry) => {
                entry.cancelled.store(true, Ordering::SeqCst);
                self.0.changed.notify_all();
                true
            }
            None => false,
        };
        // A job that has no folder yet sees the flag before it gets a shim.
        match folder.look().map_err(|source| job_error(id, "look", source))? {
            Found::Ended(_) => Ok(Cancellation::AlreadyEnded),
            Found::Lost => {
                recovery::end_leftovers(&folder);
                Ok(Cancellation::AlreadyEnded)
            }
            Found::Nothing if known => Ok(Cancellation::Requested),
            Found::Nothing => Ok(Cancellation::NeverSeen),
            Found::Held | Found::Ready(_) => {
                folder.request_cancel().map_err(|source| job_error(id, "cancel", source))?;
                Ok(Cancellation::Requested)
            }
        }
    }

    /// Removes all that is kept of a job that ended. Its id must never be used again: it would run again.
    pub fn forget(&self, id: &str) -> Result<(), AgentError> {
        match self.status(id)? {
            JobState::NeverSeen => Err(AgentError::NeverSeen(id.to_owned())),
            JobState::Recorded | JobState::Running => Err(AgentError::StillRunning(id.to_owned())),
            JobState::Ended(_) => {
                let folder = self.0.folder(id)?;
                folder.remove().map_err(|source| job_error(id, "remove", source))
            }
        }
    }

    fn attach(
        &self,
        table: &mut Table,
        id: String,
        folder: JobFolder,
        job: Option<Job>,
    ) -> Result<JobHandle, AgentError> {
        let (sender, outcome) = watch::channel(None);
        let cancelled = Arc::new(AtomicBool::new(false));
        let inner = Arc::clone(&self.0);
        let supervised = supervise::Supervised {
            id: id.clone(),
            folder,
            cancelled: Arc::clone(&cancelled),
            job,
        };
        thread::Builder::new()
            .name("job".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let ended = supervised.settle(&inner).map_err(Arc::new);
                // From here on the folder answers.
                inner.table().jobs.remove(&supervised.id);
                sender.send_replace(Some(ended));
            })
            .map_err(|source| job_error(&id, "start a thread", source))?;
        table.jobs.insert(id.clone(), Entry { outcome: outcome.clone(), cancelled });
        Ok(JobHandle { id, outcome })
    }
}

impl Inner {
    fn folder(&self, id: &str) -> Result<JobFolder, AgentError> {
        if is_job_id(id) {
            Ok(JobFolder::at(self.jobs_directory.join(id)))
        } else {
            Err(AgentError::JobId(id.to_owned()))
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change of the table is one call, so it is whole even after a panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobHandle {
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits for the job's end. Dropping the future does not end the job.
    pub async fn report(mut self) -> JobOutcome {
        match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => match &*outcome {
                Some(outcome) => outcome.clone(),
                None => Err(Arc::new(AgentError::Lost(self.id.clone()))),
            },
            Err(_) => Err(Arc::new(AgentError::Lost(self.id.clone()))),
        }
    }
}

fn is_job_id(id: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=JOB_ID_BYTES_MAX).contains(&id.len()) && !id.starts_with('.') && id.bytes().all(valid)
}

fn job_error(job: &str, doing: &'static str, source: io::Error) -> AgentError {
    AgentError::Job { job: job.to_owned(), doing, source }
}
