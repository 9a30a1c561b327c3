//! What most tests begin with.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use host_api::effect::{Activation, StepPath};
use host_api::identifier::{Digest, Principal, RunId};
use store::runs::{NewRun, View};
use store::{OpenOptions, Store, runs};
use tempfile::TempDir;

/// A store in a directory that goes when the test ends.
pub(crate) struct Scene {
    pub(crate) scratch: TempDir,
    pub(crate) store: Store,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(&OpenOptions::default())
    }

    pub(crate) fn with(options: &OpenOptions) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::open(&scratch.path().join("data"), options).unwrap();
        Self { scratch, store }
    }

    /// Inserts a run.
    pub(crate) fn run(&self, id: &str) -> RunId {
        let new = new_run(id);
        self.store.write_blocking(move |tx| runs::insert(tx, &new)).unwrap();
        RunId::new(id)
    }

    pub(crate) fn end(&self, run: &RunId, ended_ms: u64) {
        let run = run.clone();
        let view = View {
            status: "Success".to_owned(),
            started_ms: Some(1),
            ended_ms: Some(ended_ms),
            summary: Some("{}".to_owned()),
        };
        self.store.write_blocking(move |tx| runs::set_view(tx, &run, &view)).unwrap();
    }
}

pub(crate) fn new_run(id: &str) -> NewRun {
    NewRun {
        id: RunId::new(id),
        document_name: "Deploy".to_owned(),
        document_version: "1".to_owned(),
        plan_digest: Digest::of(b"plan"),
        status: "Pending".to_owned(),
        principal: Principal::new("os:1000"),
        parent: None,
        depth: 0,
        created_ms: 1_000,
        sealed_seed: None,
    }
}

pub(crate) fn activation(run: &RunId, step: &str) -> Activation {
    Activation { run: run.clone(), path: StepPath::top(step), attempt: 1, activation: 1 }
}

/// Makes a directory that nobody else can enter, with a name of its own.
pub(crate) fn private_directory(parent: &Path) -> PathBuf {
    let directory = tempfile::tempdir_in(parent).unwrap().keep();
    fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
    directory
}
