//! Copies of a store, and a store from a copy. Keys are never in a copy: they are not in the database.

mod restore;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::connection::open_reader;
use crate::directory::{self, beside};
use crate::error::{BackupError, ReadError};
use crate::store::Store;
use crate::transaction::ReadTx;
use crate::{parameters, schema};
pub use restore::restore;

/// Two copies to one file would take each other's for a leaving.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What a copy is and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub bytes: u64,
    /// The keys without which sealed values of the copy cannot be opened.
    pub key_ids: Vec<String>,
}

impl Store {
    /// Copies the store, as it is at one moment, to the file `target`, while others go on writing. Blocks.
    ///
    /// While it is not whole the copy has a name of its own, which ends in `.partial`; what a killed backup left there is replaced.
    ///
    /// # Errors
    /// [`BackupError::TargetExists`] rather than overwriting. A copy that failed is removed.
    pub fn backup(&self, target: &Path) -> Result<Report, BackupError> {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        for path in [target.to_owned(), beside(target, "-journal"), beside(target, "-wal")] {
            match fs::symlink_metadata(&path) {
                Ok(_) => return Err(BackupError::TargetExists(path)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(io_error(&path)(error)),
            }
        }
        let partial = beside(target, ".partial");
        remove_partial(&partial).map_err(io_error(&partial))?;
        // It stays open: closing it would take the locks from under `SQLite`.
        let made = create_private(&partial).map_err(io_error(&partial))?;
        let copied = open_reader(self.file()).map_err(BackupError::from).and_then(|source| {
            let report = copy(&source, &partial)?;
            publish(&made, &partial, target)?;
            Ok(report)
        });
        if copied.is_err()
            && let Err(leftover) = remove_partial(&partial)
        {
            tracing::warn!(%leftover, partial = %partial.display(), "cannot remove a failed backup");
        }
        copied
    }

    /// Checks every page of the database. Blocks.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] with what SQLite found.
    pub fn integrity_check(&self) -> Result<(), ReadError> {
        self.read_blocking(|tx| check(tx, "PRAGMA integrity_check(100)"))
    }
}

/// Gives the whole copy its name, which must be free; from then on the copy is durable.
fn publish(made: &File, partial: &Path, target: &Path) -> Result<(), BackupError> {
    let (ours, there) = (made.metadata(), fs::symlink_metadata(partial));
    let (ours, there) = (ours.map_err(io_error(partial))?, there.map_err(io_error(partial))?);
    if (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
        // Another process backs up to the same file and took ours for a leaving.
        return Err(BackupError::TargetExists(partial.to_owned()));
    }
    let named = match fs::hard_link(partial, target) {
        // The file system has no hard links: the name is reserved by an empty file instead, which the copy replaces.
        Err(error)
            if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) =>
        {
            create_private(target).and_then(|_| fs::rename(partial, target))
        }
        linked => linked.and_then(|()| fs::remove_file(partial)),
    };
    match named {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(BackupError::TargetExists(target.to_owned()));
        }
        named => named.map_err(io_error(target))?,
    }
    directory::sync(directory::parent(target)).map_err(io_error(target))
}

/// Removes a copy that is not whole, and the journal that `SQLite` would play back into the next one.
fn remove_partial(partial: &Path) -> io::Result<()> {
    for path in [partial, &beside(partial, "-journal")] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Copies all pages in one step: a snapshot that no writer can make the copy begin again.
fn copy(source: &Connection, target: &Path) -> Result<Report, BackupError> {
    let in_target = |error| BackupError::Open(schema::open_error(target, error));
    let mut copied = Connection::open(target).map_err(in_target)?;
    Backup::new(source, &mut copied)
        .and_then(|backup| backup.run_to_completion(i32::MAX, Duration::ZERO, None))
        .map_err(in_target)?;
    copied.execute_batch("PRAGMA journal_mode=DELETE").map_err(in_target)?;
    let key_ids = parameters::key_ids(&ReadTx::new(&copied))?;
    copied.close().map_err(|(_, error)| in_target(error))?;
    let file = File::open(target).map_err(io_error(target))?;
    file.sync_all().map_err(io_error(target))?;
    let bytes = file.metadata().map_err(io_error(target))?.len();
    Ok(Report { bytes, key_ids })
}

fn check(tx: &ReadTx<'_>, pragma: &str) -> Result<(), ReadError> {
    let findings: Vec<String> = tx.rows(pragma, [], |row| row.get(0))?;
    if findings == ["ok"] { Ok(()) } else { Err(ReadError::Corrupt(findings.join("; "))) }
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::Io { path: path.to_owned(), source }
}
