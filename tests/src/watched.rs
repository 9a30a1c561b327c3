//! A call of the binary that is left running, its progress read as it comes.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Said;

/// No step of a test takes that long; one that does hangs.
const HANGS: Duration = Duration::from_mins(2);

/// A call that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Watched {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Watched {
    /// Starts the call.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let errors = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        // Read to the end whoever listens, so that the call is never blocked.
        thread::spawn(move || {
            errors.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Self { child, lines, said: String::new() }
    }

    /// Waits for a line on standard error with this text, and returns it.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(HANGS) {
                Ok(line) => {
                    self.said.push_str(&line);
                    self.said.push('\n');
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("{error} before `{text}`: {}", self.said),
            }
        }
    }

    /// Waits for the line that names the run, and returns its id.
    #[track_caller]
    pub fn run(&mut self) -> String {
        self.until("run ").strip_prefix("run ").expect("the run's line").to_owned()
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        kill(self.pid(), Signal::SIGINT).expect("the call still runs");
    }

    /// Sends a signal to the call.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the call still runs");
    }

    /// Kills the call at once and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("the call still runs");
        self.child.wait().expect("it has ended");
    }

    /// Waits for the end.
    pub fn end(mut self) -> Said {
        let mut stdout = String::new();
        let mut pipe = self.child.stdout.take().expect("a pipe");
        pipe.read_to_string(&mut stdout).expect("text");
        let status = self.child.wait().expect("it ends");
        let mut stderr = std::mem::take(&mut self.said);
        stderr.extend(self.lines.iter().map(|line| line + "\n"));
        Said { code: status.code(), stdout, stderr }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // A call that has ended cannot be killed, which is as good.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
