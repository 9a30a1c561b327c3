//! The control socket: how another process on the same machine reaches the owner of a data directory.
//!
//! Requests and answers are JSON, one a line, over a Unix socket of mode 0600; the peer's uid must be the owner's.

pub(crate) mod client;
pub(crate) mod server;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request or an answer, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// One answer. A request that follows a run has many `News` and then `Done`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Answer {
    /// Said at once: the owner is alive and has read the request.
    Accepted,
    News(Value),
    Done(Value),
    Refused {
        exit: u8,
        message: String,
        help: Option<String>,
    },
}

const SOCKET: &str = "control.sock";
/// What the address of a Unix socket holds, less its terminator.
const ADDRESS_BYTES_MAX: usize = 107;

/// Where the socket of a data directory is reached. A long path goes by way of the open directory, for an address is short.
#[derive(Debug)]
pub(crate) struct SocketPlace {
    pub(crate) address: PathBuf,
    _directory: Option<File>,
}

impl SocketPlace {
    /// Finds the address; valid while the value lives.
    pub(crate) fn of(directory: &Path) -> std::io::Result<Self> {
        let address = directory.join(SOCKET);
        if address.as_os_str().len() <= ADDRESS_BYTES_MAX {
            return Ok(Self { address, _directory: None });
        }
        let directory = File::open(directory)?;
        let address = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()));
        Ok(Self { address, _directory: Some(directory) })
    }
}
