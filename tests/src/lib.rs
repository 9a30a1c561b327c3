//! What the end-to-end tests share: scratch directories and calls of the binary.

pub mod python;
pub mod subset;
mod watched;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub use watched::Watched;

/// A scratch directory with a data directory in it, and the binary to use on it.
#[derive(Debug)]
pub struct Scratch {
    directory: tempfile::TempDir,
    binary: PathBuf,
}

/// What a finished call of the binary said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Scratch {
    /// Makes a scratch directory for the binary at `binary`.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let directory = tempfile::tempdir().expect("a scratch directory");
        Self { directory, binary: binary.into() }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file into the scratch directory and returns its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// Returns a call of the binary on this data directory, with a clean environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.path())
            .env("RUNWRIGHT_DATA_DIR", self.data())
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Calls the binary and waits.
    pub fn call<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Said {
        Said::of(self.command(arguments).output().expect("the binary starts"))
    }

    /// Calls the binary with `--output json`, expects the exit code, and returns the document it printed.
    #[track_caller]
    pub fn json<S: AsRef<OsStr>>(
        &self,
        code: i32,
        arguments: impl IntoIterator<Item = S>,
    ) -> Value {
        let output =
            self.command(arguments).args(["--output", "json"]).output().expect("the binary starts");
        Said::of(output).json(code)
    }

    /// Calls the binary, expects the exit code, and returns what it said.
    #[track_caller]
    pub fn says<S: AsRef<OsStr>>(&self, code: i32, arguments: impl IntoIterator<Item = S>) -> Said {
        let said = self.call(arguments);
        assert_eq!(said.code, Some(code), "stdout: {}\nstderr: {}", said.stdout, said.stderr);
        said
    }

    /// Starts the binary and reads its progress while it runs.
    pub fn watch<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Watched {
        Watched::start(self.command(arguments))
    }

    /// Starts the binary and leaves it running, its output kept.
    pub fn spawn<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }
}

impl Said {
    #[expect(clippy::needless_pass_by_value, reason = "what a finished process left becomes this")]
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Expects every one of these texts in what was said.
    #[track_caller]
    pub fn with(&self, texts: &[&str]) -> &Self {
        for text in texts {
            let is_said = self.stdout.contains(text) || self.stderr.contains(text);
            assert!(
                is_said,
                "`{text}` is missing\nstdout: {}\nstderr: {}",
                self.stdout, self.stderr
            );
        }
        self
    }

    /// Returns the JSON document on standard output, after checking the exit code.
    #[track_caller]
    pub fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}
