//! One script, from its start to the end of all that it started.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::capture::Capture;
use super::log;
use crate::folder::{JobFolder, SPOOLS};
use crate::leftovers;
use crate::plan::{Plan, Script};
use crate::processes::{descendants, signal_all};

/// How often killed processes are looked for again: new ones may have been born meanwhile.
const KILL_ROUND: Duration = Duration::from_millis(20);
/// After this a process that does not die (it sits in the kernel) is left.
const KILL_GIVE_UP: Duration = Duration::from_secs(10);

/// What wakes the shim beside output.
pub(super) struct Watch {
    children: SignalFd,
    cancel: File,
}

impl Watch {
    pub(super) fn new(folder: &JobFolder) -> io::Result<Self> {
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGCHLD);
        // Children begin with an empty mask: `Command` sees to it.
        mask.thread_block()?;
        let children = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { children, cancel: folder.open_cancel_pipe()? })
    }
}

pub(super) struct Execution<'a> {
    pub(super) folder: &'a JobFolder,
    pub(super) plan: &'a Plan,
    pub(super) watch: &'a Watch,
    pub(super) index: usize,
    pub(super) script: &'a Script,
}

pub(super) struct Finished {
    pub(super) end: End,
    pub(super) standard_output: String,
    pub(super) standard_error: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Code(i32),
    Signal,
    TimedOut,
    Cancelled,
}

enum Phase {
    Running {
        deadline: Instant,
    },
    /// Asked to end.
    Ending {
        cause: End,
        kill_at: Instant,
    },
    Killing {
        cause: End,
        give_up_at: Instant,
    },
}

impl Execution<'_> {
    pub(super) fn run(&self) -> io::Result<Finished> {
        let directory = self.folder.step(self.index)?;
        let path = directory.join("_script.sh");
        write_script(&path, &self.script.text)?;
        let (output, output_writer) = pipe()?;
        let (error, error_writer) = pipe()?;
        let bounds = &self.plan.bounds;
        let capture = |pipe, name: &str, characters_max| {
            Capture::new(pipe, directory.join(name), characters_max, bounds.spool_bytes_max)
        };
        let [output_spool, error_spool] = SPOOLS;
        let output = capture(output, output_spool, bounds.standard_output_characters_max);
        let error = capture(error, error_spool, bounds.standard_error_characters_max);
        // Processes that an earlier step left behind on purpose are no part of this one.
        let spared = if has_children()? { descendants()? } else { BTreeSet::new() };
        let mut command = self.command(&directory, &path)?;
        let child =
            command.stdin(Stdio::null()).stdout(output_writer).stderr(error_writer).spawn()?;
        // The writing ends must not stay open here.
        drop(command);
        let main = i32::try_from(child.id()).map_err(io::Error::other)?;
        if let Err(error) = leftovers::record(self.folder, main) {
            // The script carries a mark too; the record is for those of its processes that shed it.
            log(format_args!("the script's group cannot be recorded: {error}"));
        }
        let timeout_ms = self.script.timeout_ms.min(bounds.step_timeout_ms_max);
        let mut running = Running {
            main: Pid::from_raw(main),
            status: None,
            output,
            error,
            spared,
            phase: Phase::Running { deadline: Instant::now() + Duration::from_millis(timeout_ms) },
        };
        let end = match running.until_end(self) {
            Ok(end) => end,
            Err(error) => {
                // Nothing may go on under a step that is reported as failed.
                running.signal(Signal::SIGKILL)?;
                return Err(error);
            }
        };
        let (standard_output, output_problem) = running.output.finish();
        let (mut standard_error, error_problem) = running.error.finish();
        for problem in output_problem.into_iter().chain(error_problem) {
            standard_error.push_str("\nthe spool of the output is not complete: ");
            standard_error.push_str(&problem);
        }
        Ok(Finished { end, standard_output, standard_error })
    }

    /// `sh -c <path>` in effect: a script that names its interpreter is executed, any other is read by `sh`.
    fn command(&self, directory: &Path, path: &Path) -> io::Result<Command> {
        let mut command = if self.script.text.starts_with("#!") {
            Command::new(path)
        } else {
            let mut command = Command::new("/bin/sh");
            command.arg(path);
            command
        };
        let working_directory = self
            .script
            .working_directory
            .as_ref()
            .map_or_else(|| directory.to_owned(), PathBuf::from);
        command
            .env_clear()
            .envs(&self.plan.environment)
            .envs(&self.script.environment)
            .env(leftovers::MARK, self.folder.mark()?)
            .current_dir(working_directory)
            .process_group(0);
        Ok(command)
    }
}

struct Running {
    main: Pid,
    status: Option<End>,
    output: Capture,
    error: Capture,
    spared: BTreeSet<i32>,
    phase: Phase,
}

impl Running {
    fn until_end(&mut self, execution: &Execution<'_>) -> io::Result<End> {
        loop {
            self.output.drain();
            self.error.drain();
            self.reap()?;
            if let Some(end) = self.ended()? {
                self.output.drain();
                self.error.drain();
                return Ok(end);
            }
            self.advance(execution)?;
            self.sleep(execution.watch)?;
        }
    }

    fn ended(&self) -> io::Result<Option<End>> {
        match self.phase {
            Phase::Running { .. } => Ok(self.status),
            Phase::Ending { cause, .. } => Ok(self.targets()?.is_empty().then_some(cause)),
            Phase::Killing { cause, give_up_at } => {
                let over = self.targets()?.is_empty() || Instant::now() >= give_up_at;
                Ok(over.then_some(cause))
            }
        }
    }

    /// Goes on to the next phase when it is time.
    fn advance(&mut self, execution: &Execution<'_>) -> io::Result<()> {
        let now = Instant::now();
        match self.phase {
            Phase::Running { deadline } => {
                let cause = if execution.folder.cancel_requested()? {
                    // What earlier steps left behind goes with the job.
                    self.spared.clear();
                    End::Cancelled
                } else if now >= deadline {
                    End::TimedOut
                } else {
                    return Ok(());
                };
                let grace = Duration::from_millis(execution.plan.bounds.kill_grace_ms);
                self.phase = Phase::Ending { cause, kill_at: now + grace };
                self.signal(Signal::SIGTERM)
            }
            Phase::Ending { cause, kill_at } if now >= kill_at => {
                self.phase = Phase::Killing { cause, give_up_at: now + KILL_GIVE_UP };
                self.signal(Signal::SIGKILL)
            }
            Phase::Ending { .. } => Ok(()),
            Phase::Killing { .. } => self.signal(Signal::SIGKILL),
        }
    }

    /// The group at once, so that none of it sees another die first; then whoever left the group.
    fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.status.is_none() {
            match killpg(self.main, signal) {
                Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => {}
                Err(error) => return Err(error.into()),
            }
        }
        signal_all(&self.targets()?, signal)?;
        Ok(())
    }

    fn targets(&self) -> io::Result<BTreeSet<i32>> {
        Ok(descendants()?.difference(&self.spared).copied().collect())
    }

    fn reap(&mut self) -> io::Result<()> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(()),
                Ok(WaitStatus::Exited(process, code)) if process == self.main => {
                    self.status = Some(End::Code(code));
                }
                Ok(WaitStatus::Signaled(process, _, _)) if process == self.main => {
                    self.status = Some(End::Signal);
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn sleep(&self, watch: &Watch) -> io::Result<()> {
        let timeout = match self.phase {
            Phase::Running { deadline: until } | Phase::Ending { kill_at: until, .. } => {
                until.saturating_duration_since(Instant::now()) + Duration::from_millis(1)
            }
            Phase::Killing { .. } => KILL_ROUND,
        };
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        let mut waited = vec![PollFd::new(watch.children.as_fd(), PollFlags::POLLIN)];
        if matches!(self.phase, Phase::Running { .. }) {
            waited.push(PollFd::new(watch.cancel.as_fd(), PollFlags::POLLIN));
        }
        for pipe in [&self.output.pipe, &self.error.pipe].into_iter().flatten() {
            waited.push(PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut waited, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        while watch.children.read_signal()?.is_some() {}
        let mut buffer = [0; 64];
        match (&watch.cancel).read(&mut buffer) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

fn has_children() -> io::Result<bool> {
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn write_script(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o700).open(path)?;
    file.write_all(text.as_bytes())
}

fn pipe() -> io::Result<(PipeReader, std::io::PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((reader, writer))
}
