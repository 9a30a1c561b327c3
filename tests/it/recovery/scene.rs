//! One run in a scratch directory: started, killed, gone on with, and looked at in the end.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use e2e::{Said, Scratch};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::server::Server;

/// No call of the binary takes that long; one that does hangs.
pub(super) const HANGS: Duration = Duration::from_mins(2);

/// A scenario of `data/` in a scratch directory.
pub(super) struct Scene {
    pub(super) scratch: Scratch,
    pub(super) server: Server,
    pub(super) scenario: &'static str,
}

/// How a call of the binary ended.
pub(super) enum Called {
    Killed,
    Said(Said),
}

impl Scene {
    /// Copies the scenario's files; what the engine compiles was compiled once for all scenes.
    pub(super) fn new(scenario: &'static str) -> Self {
        let scene = Self::cold(scenario);
        let cache = scene.scratch.data().join("cache");
        DirBuilder::new().mode(0o700).recursive(true).create(&cache).unwrap();
        copy_files(warm_cache(), &cache);
        scene
    }

    fn cold(scenario: &'static str) -> Self {
        let scratch = Scratch::new(env!("CARGO_BIN_EXE_runwright-e2e"));
        copy_files(&folder(scenario), scratch.path());
        DirBuilder::new().mode(0o700).create(scratch.data()).unwrap();
        Self { scratch, server: Server::start(), scenario }
    }

    /// The file to which every command of the scenarios appends a line when it runs.
    pub(super) fn effects(&self) -> PathBuf {
        self.scratch.path().join("effects")
    }

    /// Returns the call that starts the scenario's run.
    pub(super) fn run(&self) -> Command {
        let effects = format!("Effects={}", self.effects().display());
        let mut command = self.scratch.command(["run", "run.yaml", "--param", &effects]);
        let text = fs::read_to_string(self.scratch.path().join("run.yaml")).unwrap();
        if text.contains("Server:") {
            command.args(["--param", &format!("Server={}", self.server.url())]);
        }
        command
    }

    /// Returns the call that goes on with what was interrupted. Where nothing was begun yet, that is a new start.
    pub(super) fn go_on(&self) -> Command {
        self.next_call(self.root().as_ref())
    }

    fn next_call(&self, root: Option<&Value>) -> Command {
        match root {
            Some(_) => self.scratch.command(["runs", "resume", "--all"]),
            None => self.run(),
        }
    }

    /// Goes on without any more kills until the run has ended.
    #[track_caller]
    pub(super) fn finish(&self) {
        match self.root() {
            Some(root) if root["ended"].is_u64() => {}
            root => self.finish_by(self.next_call(root.as_ref())),
        }
    }

    #[track_caller]
    fn finish_by(&self, command: Command) {
        match call(command) {
            Called::Said(said) => assert!(matches!(said.code, Some(0 | 1)), "{said:?}"),
            Called::Killed => panic!("nobody kills here: {:?}", self.runs()),
        }
    }

    /// Returns all runs, newest first.
    #[track_caller]
    pub(super) fn runs(&self) -> Vec<Value> {
        self.scratch.json(0, ["runs", "list"]).as_array().unwrap().clone()
    }

    /// Returns the line of the run that no other run began.
    #[track_caller]
    pub(super) fn root(&self) -> Option<Value> {
        root_of(&self.runs()).cloned()
    }

    #[track_caller]
    pub(super) fn root_id(&self) -> String {
        self.root().expect("a run")["id"].as_str().unwrap().to_owned()
    }

    /// Returns the root run with its steps.
    #[track_caller]
    pub(super) fn show(&self) -> Value {
        self.show_of(&self.runs())
    }

    #[track_caller]
    pub(super) fn show_of(&self, runs: &[Value]) -> Value {
        let root = root_of(runs).expect("a run");
        self.scratch.json(0, ["runs", "show", root["id"].as_str().unwrap()])
    }

    /// Returns a step of the root run.
    #[track_caller]
    pub(super) fn step(&self, name: &str) -> Value {
        step_of(&self.show(), name).clone()
    }

    /// Returns how often each line is among the effects.
    pub(super) fn lines(&self) -> BTreeMap<String, u64> {
        let mut lines = BTreeMap::new();
        if let Ok(text) = fs::read_to_string(self.effects()) {
            for line in text.lines() {
                *lines.entry(line.to_owned()).or_default() += 1;
            }
        }
        lines
    }

    /// What holds of every store when its runs have ended: journals fold and agree with their rows, and a replay finds what was
    /// recorded. Returns the runs.
    #[track_caller]
    pub(super) fn check_sound(&self) -> Vec<Value> {
        let verified = self.scratch.json(0, ["runs", "verify", "--all"]);
        assert_eq!(verified["ok"], true, "{verified:#}");
        let runs = self.runs();
        let jobs: Vec<_> = fs::read_dir(self.scratch.data().join("agent/jobs")).unwrap().collect();
        assert!(jobs.is_empty(), "jobs are left behind: {jobs:?}");
        for run in &runs {
            assert!(run["ended"].is_u64(), "{run:#}");
            let replayed = self.scratch.json(0, ["runs", "replay", run["id"].as_str().unwrap()]);
            assert_eq!(replayed["equal"], true, "{replayed:#}");
        }
        runs
    }
}

#[track_caller]
fn root_of(runs: &[Value]) -> Option<&Value> {
    let roots: Vec<_> = runs.iter().filter(|run| run["parent"].is_null()).collect();
    assert!(roots.len() <= 1, "begun twice: {roots:?}");
    roots.into_iter().next()
}

/// Returns the step of a run that has this name.
#[track_caller]
pub(super) fn step_of<'v>(view: &'v Value, name: &str) -> &'v Value {
    let steps = view["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == name);
    step.unwrap_or_else(|| panic!("no step {name}: {view}"))
}

/// The folder of a scenario's files.
pub(super) fn folder(scenario: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("it/recovery/data").join(scenario)
}

/// Compiles every component that the scenarios use, once for this and later test processes.
fn warm_cache() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recovery-cache");
        fs::create_dir_all(&cache).unwrap();
        for scenario in ["graph", "child", "http", "sequence"] {
            let scene = Scene::cold(scenario);
            let data = scene.scratch.data();
            DirBuilder::new().mode(0o700).recursive(true).create(data.join("cache")).unwrap();
            copy_files(&cache, &data.join("cache"));
            let Called::Said(said) = call(scene.run()) else { panic!("nobody kills here") };
            assert_eq!(said.code, Some(0), "{said:?}");
            copy_files(&data.join("cache"), &cache);
        }
        cache
    })
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Starts a call with its output kept.
pub(super) fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

/// Makes a call and waits for its end.
#[track_caller]
pub(super) fn call(command: Command) -> Called {
    wait(spawn(command))
}

/// Waits for a call's end.
#[track_caller]
pub(super) fn wait(child: Child) -> Called {
    let pid = pid_of(&child);
    let (sender, ended) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let hangs = ended.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout);
        if hangs {
            kill(pid, Signal::SIGKILL).unwrap();
        }
        hangs
    });
    let output: Output = child.wait_with_output().unwrap();
    drop(sender);
    let killed = output.status.signal() == Some(Signal::SIGKILL as i32);
    let said = Said::of(output);
    assert!(!watch.join().unwrap(), "the call hangs: {said:?}");
    if killed { Called::Killed } else { Called::Said(said) }
}

pub(super) fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}
