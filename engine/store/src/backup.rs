//! Copies of a store, and a store from a copy. Keys are never in a copy: they are not in the database.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::connection::{open_file_for_reading, open_reader};
use crate::directory;
use crate::error::{BackupError, OpenError, ReadError};
use crate::store::Store;
use crate::transaction::ReadTx;
use crate::{parameters, schema};

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
    /// # Errors
    /// [`BackupError::TargetExists`] rather than overwriting. A copy that failed is removed.
    pub fn backup(&self, target: &Path) -> Result<Report, BackupError> {
        new_file(target)?;
        let source = open_reader(self.file())?;
        match copy(&source, target) {
            Ok(report) => Ok(report),
            Err(error) => {
                if let Err(leftover) = fs::remove_file(target) {
                    tracing::warn!(%leftover, target = %target.display(), "cannot remove a failed backup");
                }
                Err(error)
            }
        }
    }

    /// Checks every page of the database. Blocks.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] with what SQLite found.
    pub fn integrity_check(&self) -> Result<(), ReadError> {
        self.read_blocking(|tx| check(tx, "PRAGMA integrity_check(100)"))
    }
}

/// Puts a copy in place as the store of a new data directory, which must be absent or empty. Blocks.
///
/// # Errors
/// The copy is checked first; nothing is in place unless it is whole, ours and not newer than this release.
pub fn restore(copy: &Path, directory: &Path) -> Result<Report, BackupError> {
    refuse_live(copy)?;
    let report = check_copy(copy)?;
    directory::create(directory)?;
    let mut entries = fs::read_dir(directory).map_err(io_error(directory))?;
    if entries.next().is_some() {
        return Err(BackupError::DirectoryNotEmpty(directory.to_owned()));
    }
    directory::check_mode(directory)?;
    let file = directory::database_file(directory);
    let partial = file.with_extension("partial");
    let put = || -> io::Result<()> {
        let mut target = create_private(&partial)?;
        io::copy(&mut File::open(copy)?, &mut target)?;
        target.sync_all()?;
        fs::rename(&partial, &file)?;
        File::open(directory)?.sync_all()
    };
    match put() {
        Ok(()) => Ok(report),
        Err(error) => {
            if let Err(leftover) = fs::remove_file(&partial) {
                tracing::warn!(%leftover, "cannot remove a partial restore");
            }
            Err(io_error(&partial)(error))
        }
    }
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

fn check_copy(copy: &Path) -> Result<Report, BackupError> {
    let bytes = fs::metadata(copy).map_err(io_error(copy))?.len();
    let connection = open_file_for_reading(copy)?;
    schema::check(&connection, copy, false)?;
    let tx = ReadTx::new(&connection);
    let damaged = |error| {
        if let ReadError::Corrupt(message) = error {
            return OpenError::Corrupt { file: copy.to_owned(), message }.into();
        }
        BackupError::Read(error)
    };
    check(&tx, "PRAGMA quick_check(100)").map_err(damaged)?;
    Ok(Report { bytes, key_ids: parameters::key_ids(&tx).map_err(damaged)? })
}

fn check(tx: &ReadTx<'_>, pragma: &str) -> Result<(), ReadError> {
    let findings: Vec<String> = tx.rows(pragma, [], |row| row.get(0))?;
    if findings == ["ok"] { Ok(()) } else { Err(ReadError::Corrupt(findings.join("; "))) }
}

/// A log beside the file holds commits that a copy of the file alone would lose.
fn refuse_live(copy: &Path) -> Result<(), BackupError> {
    let mut log = copy.as_os_str().to_owned();
    log.push("-wal");
    match fs::metadata(PathBuf::from(log)) {
        Ok(log) if log.len() > 0 => Err(BackupError::Live(copy.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(copy)(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn new_file(target: &Path) -> Result<(), BackupError> {
    match create_private(target) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::TargetExists(target.to_owned()))
        }
        Err(error) => Err(io_error(target)(error)),
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::Io { path: path.to_owned(), source }
}
