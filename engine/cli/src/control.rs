//! The control socket: how another process on the same machine reaches the owner of a data directory.
//!
//! Requests and answers are JSON, one a line, over a Unix socket of mode 0600; the peer's uid must be the owner's.

pub(crate) mod client;
pub(crate) mod server;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request or an answer, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// One answer. A request that follows a run has many `News` and then `Done`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Answer {
    News(Value),
    Done(Value),
    Refused { exit: u8, message: String, help: Option<String> },
}

/// Returns where the socket of a data directory is.
pub(crate) fn socket_path(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}
