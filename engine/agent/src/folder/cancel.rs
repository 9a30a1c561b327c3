//! How a shim is asked to end its job.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use nix::libc::{ENXIO, O_NONBLOCK};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::JobFolder;

const CANCEL: &str = "cancel";
/// A byte in it wakes the shim to look at [`CANCEL`].
const CANCEL_PIPE: &str = "cancel.pipe";

impl JobFolder {
    pub(super) fn make_cancel_pipe(&self) -> io::Result<()> {
        match mkfifo(&self.0.join(CANCEL_PIPE), Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(()) | Err(nix::errno::Errno::EEXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
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
}
