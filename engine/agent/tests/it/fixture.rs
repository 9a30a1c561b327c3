//! A node in a temporary directory, and pipes by which scripts and tests wait for each other.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use agent::{Agent, AgentError, JobState, Settings};
use host_api::identifier::CommandId;
use host_api::node::{Job, JobReport};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_runwright-node");

pub(crate) struct Node {
    pub(crate) directory: TempDir,
    pub(crate) agent: Agent,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = settings();
        change(&mut settings);
        let agent = Agent::open(&directory.path().join("agent"), settings).unwrap();
        Self { directory, agent }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn job_folder(&self, id: &str) -> PathBuf {
        self.path("agent").join("jobs").join(id)
    }

    /// A second agent on the same directory, as after a restart.
    pub(crate) fn reopened(&self) -> Agent {
        Agent::open(&self.path("agent"), settings()).unwrap()
    }

    pub(crate) async fn run(&self, job: Job) -> JobReport {
        self.agent.run(job).unwrap().report().await.unwrap()
    }

    pub(crate) async fn shell(&self, script: &str) -> JobReport {
        self.run(shell("job", script)).await
    }

    pub(crate) fn pipe(&self, name: &str) -> Pipe {
        let path = self.path(name);
        nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
        Pipe(path)
    }
}

pub(crate) fn settings() -> Settings {
    Settings::new(PathBuf::from(EXECUTABLE))
}

/// A named pipe.
pub(crate) struct Pipe(PathBuf);

impl Pipe {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Blocks until somebody opened it for writing and everybody who did has closed it or died.
    pub(crate) fn read_to_end(&self) -> String {
        let mut text = String::new();
        OpenOptions::new().read(true).open(&self.0).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// Blocks until somebody reads.
    pub(crate) fn write(&self, text: &str) {
        OpenOptions::new().write(true).open(&self.0).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Begins to read without waiting for a writer.
    pub(crate) fn reader(&self) -> fs::File {
        let flags = nix::libc::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&self.0).unwrap();
        nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty()))
            .unwrap();
        file
    }
}

pub(crate) fn job(id: &str, document: Value, parameters: Value) -> Job {
    let parameters: BTreeMap<String, Value> = serde_json::from_value(parameters).unwrap();
    Job {
        id: id.to_owned(),
        command: CommandId::new("11111111-2222-3333-4444-555555555555"),
        document_name: "Test".to_owned(),
        document,
        parameters,
    }
}

/// A job of one step.
pub(crate) fn shell(id: &str, script: &str) -> Job {
    let step = json!({ "name": "one", "action": "aws:runShellScript", "inputs": { "runCommand": [script] } });
    job(id, json!({ "schemaVersion": "2.2", "mainSteps": [step] }), json!({}))
}

/// Leaves a job that is recorded and never begun.
pub(crate) async fn recorded(node: &Node, script: &str) {
    let mut broken = settings();
    broken.executable = PathBuf::from("/bin/true");
    let agent = Agent::open(&node.path("agent"), broken).unwrap();
    let error = agent.run(shell("job", script)).unwrap().report().await.unwrap_err();
    assert!(matches!(&*error, AgentError::ShimFailed { .. }), "{error}");
    assert_eq!(agent.status("job").unwrap(), JobState::Recorded);
}

/// Kills the shim of the job `job`.
pub(crate) fn kill_shim(node: &Node) {
    let shim = fs::read_to_string(node.job_folder("job").join("started")).unwrap();
    kill(Pid::from_raw(shim.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
}
