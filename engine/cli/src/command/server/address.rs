//! Where a running server is reached, noted in its data directory.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

const FILE: &str = "server.json";

/// Where a server is reached.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) region: String,
    pub(crate) process: u32,
}

impl Address {
    /// Writes the address down for other processes of this machine.
    pub(super) fn note(&self, directory: &Path) -> Result<()> {
        fs::write(directory.join(FILE), serde_json::to_vec(self)?)
            .context("cannot note where the server listens")
    }

    /// Removes the address of a server that has ended.
    pub(super) fn forget(directory: &Path) -> Result<()> {
        fs::remove_file(directory.join(FILE)).context("cannot remove the server's address")
    }

    /// Returns the address of the server that runs on the directory; a server that was killed leaves one, and nobody behind it.
    pub(crate) fn read(directory: &Path) -> Option<Self> {
        let text = fs::read(directory.join(FILE)).ok()?;
        let address: Self = serde_json::from_slice(&text).ok()?;
        let process = i32::try_from(address.process).ok()?;
        let lives = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None);
        (lives != Err(nix::errno::Errno::ESRCH)).then_some(address)
    }
}
