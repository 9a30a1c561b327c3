//! A store from a copy.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Report, check, create_private, io_error};
use crate::connection::{open_file_for_reading, open_partial};
use crate::directory::{self, OwnedDirectory, beside};
use crate::error::{BackupError, OpenError, ReadError};
use crate::transaction::{ReadTx, Tx};
use crate::{events, parameters, schema};

/// Puts a copy in place as the store of a new data directory, which must be absent, empty, or as an interrupted restore leaves it.
/// Nobody else can open it meanwhile. Blocks.
///
/// # Errors
/// The copy is checked first; nothing is in place unless it is whole, ours and not newer than this release.
pub fn restore(copy: &Path, directory: &Path) -> Result<Report, BackupError> {
    refuse_live(copy)?;
    let report = check_copy(copy)?;
    // Before a lock is made in what may be anybody's directory; and again when nobody else can fill it any more.
    refuse_inhabited(directory)?;
    let _owned = OwnedDirectory::claim(directory)?;
    refuse_inhabited(directory)?;
    let partial = directory::partial_file(directory);
    match put(copy, directory, &partial) {
        Ok(()) => Ok(report),
        Err(error) => {
            if let Err(leftover) = remove_if_there(&partial) {
                tracing::warn!(%leftover, "cannot remove a partial restore");
            }
            Err(io_error(&partial)(error))
        }
    }
}

fn refuse_inhabited(directory: &Path) -> Result<(), BackupError> {
    match directory::is_free(directory) {
        Ok(true) => Ok(()),
        Ok(false) => Err(BackupError::DirectoryNotEmpty(directory.to_owned())),
        Err(error) => Err(io_error(directory)(error)),
    }
}

fn put(copy: &Path, directory: &Path, partial: &Path) -> io::Result<()> {
    remove_if_there(partial)?;
    let mut target = create_private(partial)?;
    io::copy(&mut File::open(copy)?, &mut target)?;
    target.sync_all()?;
    begin_anew(partial)?;
    // A hard link, unlike a rename, never replaces a database that is there.
    fs::hard_link(partial, directory::database_file(directory))?;
    fs::remove_file(partial)?;
    directory::sync(directory)
}

/// Whoever has read events of the store that went on after the copy was made will miss nothing of this one.
fn begin_anew(file: &Path) -> io::Result<()> {
    let mut connection = open_partial(file).map_err(io::Error::other)?;
    // In what an earlier release wrote there are no events.
    if schema::is_newest(&connection, file).map_err(io::Error::other)? {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let transaction = connection.transaction().map_err(io::Error::other)?;
        events::begin_anew(&mut Tx::new(&transaction), now_ms).map_err(io::Error::other)?;
        transaction.commit().map_err(io::Error::other)?;
    }
    // What is linked into place is the one file.
    connection.close().map_err(|(_, error)| io::Error::other(error))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
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

/// A log beside the file holds commits that a copy of the file alone would lose.
fn refuse_live(copy: &Path) -> Result<(), BackupError> {
    match fs::metadata(beside(copy, "-wal")) {
        Ok(log) if log.len() > 0 => Err(BackupError::Live(copy.to_owned())),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(copy)(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}
