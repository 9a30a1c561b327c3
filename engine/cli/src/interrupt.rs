//! Ctrl-C and SIGTERM for commands that stay with a run.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a person or the system asks of a command that stays with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C: the first cancels the run, the second leaves it.
    Cancel,
    /// SIGTERM, and a terminal that closes: the run is left to whoever resumes it.
    Leave,
}

/// Listens from when it is made, so that nothing is lost while nobody asks.
#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Interrupts {
    /// Begins to listen. From then on the signals do not end the process by themselves.
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Returns the next one.
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.interrupt.recv() => Interrupt::Cancel,
            _ = self.terminate.recv() => Interrupt::Leave,
            _ = self.hang_up.recv() => Interrupt::Leave,
        }
    }
}
