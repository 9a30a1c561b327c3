//! When the write-ahead log is copied back into the database.

use std::cell::Cell;
use std::ffi::c_int;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use crate::connection::BUSY_TIMEOUT;

/// Without a request for this long the writer is idle.
const IDLE: Duration = Duration::from_millis(50);
/// The log is copied at this length even under load: 16 MiB.
const COPY_PAGES: u32 = 4_096;
/// At this length a reader has kept the log from starting anew, and the writer waits for it a little: 64 MiB.
const TRUNCATE_PAGES: u32 = 16_384;
const TRUNCATE_PATIENCE: Duration = Duration::from_millis(100);

thread_local! {
    /// Length of the log in pages after the last commit of this thread.
    static LOG_PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Decides on the writer's thread, which alone checkpoints.
pub(crate) struct Checkpoints {
    /// Length of the log at the last checkpoint. While a reader needs the log, it goes on growing from there.
    seen_pages: u32,
    /// Whether the log holds anything that is not in the database yet.
    pending: bool,
}

impl Checkpoints {
    /// Watches the log of a connection; called on the thread that will write.
    pub(crate) fn watch(connection: &Connection) -> Self {
        connection.wal_hook(Some(record));
        Self { seen_pages: 0, pending: true }
    }

    /// Returns how long the writer should wait for requests before it counts as idle.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.pending.then_some(IDLE)
    }

    pub(crate) fn after_commit(&mut self, connection: &Connection) {
        self.pending = true;
        let pages = LOG_PAGES.get();
        if pages < self.seen_pages {
            self.seen_pages = 0;
        }
        if pages.saturating_sub(self.seen_pages) < COPY_PAGES {
            return;
        }
        self.run(connection, "PRAGMA wal_checkpoint(PASSIVE)");
        if self.seen_pages >= TRUNCATE_PAGES {
            self.truncate(connection);
        }
    }

    pub(crate) fn when_idle(&mut self, connection: &Connection) {
        self.run(connection, "PRAGMA wal_checkpoint(PASSIVE)");
        self.pending = false;
    }

    fn truncate(&mut self, connection: &Connection) {
        wait_at_most(connection, TRUNCATE_PATIENCE);
        self.run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        wait_at_most(connection, BUSY_TIMEOUT);
    }

    /// A checkpoint that fails loses nothing: the log keeps what it holds.
    fn run(&mut self, connection: &Connection, pragma: &str) {
        let result = connection.query_row(pragma, [], |row| row.get::<_, i64>("log"));
        match result {
            Ok(log) => self.seen_pages = u32::try_from(log).unwrap_or_else(|_| LOG_PAGES.get()),
            Err(error) => {
                tracing::warn!(%error, "checkpoint failed");
                self.seen_pages = LOG_PAGES.get();
            }
        }
    }
}

/// Copies what another process left in the log, so that ours begins anew: a log that is cut off twice at different places cannot be
/// told from a damaged one. Failing, it loses nothing.
pub(crate) fn empty_log(connection: &Connection) {
    let busy = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>("busy"));
    match busy {
        Ok(false) => {}
        Ok(true) => tracing::warn!("somebody else reads the log that was left"),
        Err(error) => tracing::warn!(%error, "the log that was left cannot be copied"),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the hook's signature")]
fn record(_log: &Wal, pages: c_int) -> rusqlite::Result<()> {
    LOG_PAGES.set(u32::try_from(pages).unwrap_or(0));
    Ok(())
}

fn wait_at_most(connection: &Connection, patience: Duration) {
    if let Err(error) = connection.busy_timeout(patience) {
        tracing::warn!(%error, "cannot set the time to wait for readers");
    }
}
