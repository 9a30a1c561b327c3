//! The program of the shims.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::libc::O_PATH;

const THIS_PROGRAM: &str = "/proc/self/exe";

/// A program that is held open: an upgrade that replaces or removes its file does not matter to jobs that still wait.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    file: File,
}

impl Program {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // The file of this very program may be another by now, or none.
        let is_this = std::env::current_exe().is_ok_and(|own| own == path);
        let source = if is_this { Path::new(THIS_PROGRAM) } else { path };
        let file = OpenOptions::new().read(true).custom_flags(O_PATH).open(source)?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the command that executes it; the descriptor is closed with the execution and reaches no script.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        command.arg0(&self.path);
        command
    }
}
