//! A call of the binary that is left running and listened to.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use nix::libc::{ENXIO, O_NONBLOCK};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::scene::{Called, HANGS, Scene, pid_of, wait};

/// A running call; its lines on standard error are read as they come.
pub(super) struct Follow {
    child: Child,
    lines: Receiver<String>,
}

impl Follow {
    pub(super) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            // Read to the end whoever listens, so that the call is never blocked.
            errors.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Self { child, lines }
    }

    /// Returns when the call has said a line with this text.
    #[track_caller]
    pub(super) fn until(&self, text: &str) {
        let mut said = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(HANGS) {
            if line.contains(text) {
                return;
            }
            said.push(line);
        }
        panic!("it never says {text:?}: {said:#?}");
    }

    #[track_caller]
    pub(super) fn kill(self) {
        kill(pid_of(&self.child), Signal::SIGKILL).unwrap();
        assert!(matches!(self.end(), Called::Killed), "it ended before it could be killed");
    }

    /// Kills it when it has said a line with this text.
    #[track_caller]
    pub(super) fn kill_when(self, text: &str) {
        self.until(text);
        self.kill();
    }

    #[track_caller]
    pub(super) fn end(self) -> Called {
        wait(self.child)
    }
}

/// The two pipes of a gated command: by one it says that it began, at the other it waits.
pub(super) struct Gate {
    began: PathBuf,
    gate: PathBuf,
}

impl Gate {
    pub(super) fn new(scene: &Scene) -> Self {
        let pipe = |name: &str| {
            let path = scene.effects().with_extension(name);
            mkfifo(&path, Mode::S_IRWXU).unwrap();
            path
        };
        Self { began: pipe("began"), gate: pipe("gate") }
    }

    /// Returns when a command has begun.
    #[track_caller]
    pub(super) fn until_began(&self) {
        assert_eq!(
            within(&self.began, |mut pipe| {
                let mut text = String::new();
                pipe.read_to_string(&mut text).unwrap();
                text
            }),
            "began\n"
        );
    }

    /// Checks that no command waits any more: what a killed shim leaves is killed too.
    #[track_caller]
    pub(super) fn is_left(&self) {
        let opened = OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(&self.gate);
        let error = opened.expect_err("the command still waits");
        assert_eq!(error.raw_os_error(), Some(ENXIO), "{error}");
    }

    /// Lets the command that waits end.
    #[track_caller]
    pub(super) fn open(&self) {
        within(&self.gate, |mut pipe| pipe.write_all(b"opened\n").unwrap());
    }
}

/// Opens a pipe, which blocks until the other side does, and uses it.
#[track_caller]
fn within<T: Send + 'static>(
    pipe: &Path,
    using: impl FnOnce(std::fs::File) -> T + Send + 'static,
) -> T {
    let (sender, done) = mpsc::channel();
    let (path, reads) = (pipe.to_owned(), pipe.extension().is_some_and(|name| name == "began"));
    thread::spawn(move || {
        let opened = OpenOptions::new().read(reads).write(!reads).open(path).unwrap();
        drop(sender.send(using(opened)));
    });
    done.recv_timeout(HANGS).unwrap_or_else(|_| panic!("nobody opens {}", pipe.display()))
}
