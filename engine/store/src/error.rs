//! What can go wrong, as values that a caller can tell apart.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// An error of the database itself that no other variant names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("database error {code}: {message}")]
pub struct DatabaseError {
    /// SQLite's extended result code; 0 when the error did not come from SQLite.
    pub code: i32,
    pub message: String,
}

/// Why a store could not be opened. Nothing was changed, except that an absent directory may now exist.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("data directory {} is in use by {}", directory.display(), owner(*pid))]
    Owned {
        /// Absent while the owner is still starting.
        pid: Option<u32>,
        directory: PathBuf,
    },
    #[error(
        "data directory {} has mode {mode:04o}: it must be closed to group and others (chmod 700)",
        directory.display()
    )]
    Permissions { directory: PathBuf, mode: u32 },
    #[error(
        "data directory {} belongs to the user {owner}: only that user may open it",
        directory.display()
    )]
    OtherOwner { directory: PathBuf, owner: u32 },
    #[error("data directory {} is not a directory", directory.display())]
    NotADirectory { directory: PathBuf },
    #[error("data directory {} cannot be written", directory.display())]
    NotWritable { directory: PathBuf, source: io::Error },
    #[error("cannot use data directory {}", directory.display())]
    Io { directory: PathBuf, source: io::Error },
    #[error("{} is not a Runwright database", file.display())]
    Foreign { file: PathBuf },
    #[error("{} is damaged: {message}", file.display())]
    Corrupt { file: PathBuf, message: String },
    #[error(
        "{} is empty or gone although {} is there: this is no new store, but one whose content is lost; restore a backup to another \
         directory",
        file.display(),
        beside.display()
    )]
    Emptied { file: PathBuf, beside: PathBuf },
    #[error("a restore to {} was interrupted: run restore again", directory.display())]
    RestoreInterrupted { directory: PathBuf },
    #[error(
        "{} has schema version {found}, written by a newer release; this one knows versions up to {supported}",
        file.display()
    )]
    Newer { file: PathBuf, found: u32, supported: u32 },
    #[error("no space left for {}", file.display())]
    DiskFull { file: PathBuf },
    #[error("cannot open {}", file.display())]
    Database { file: PathBuf, source: DatabaseError },
    #[error("cannot start the writer thread")]
    Thread(#[source] io::Error),
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("{what} {id:?} does not exist")]
    NotFound { what: &'static str, id: String },
    #[error("the cursor is not one that this list returned")]
    Cursor,
    /// A row, or the file, does not hold what this release wrote there.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    #[error(transparent)]
    Database(DatabaseError),
    /// The reader panicked: a bug.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Why a write failed. Nothing of its transaction remains.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Somebody else changed it since the caller looked.
    #[error("{what} {id:?} is at {found}, not at {expected}")]
    Conflict { what: &'static str, id: String, expected: u64, found: u64 },
    #[error("{what} {id:?} exists already")]
    Exists { what: &'static str, id: String },
    #[error("{what} {id:?} is in use by {by}")]
    InUse { what: &'static str, id: String, by: String },
    #[error("{what} of {id:?} is full: at most {max}")]
    LimitExceeded { what: &'static str, id: String, max: u64 },
    #[error("invalid {what}: {message}")]
    Invalid { what: &'static str, message: String },
    #[error("no space left on the disk of the data directory")]
    DiskFull,
    #[error("the data directory cannot be written any more")]
    NotWritable,
    /// The request panicked, or an invariant of the store does not hold: a bug.
    #[error("internal error: {0}")]
    Internal(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

/// Why a backup or a restore failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} exists already", .0.display())]
    TargetExists(PathBuf),
    #[error("{} is not empty", .0.display())]
    DirectoryNotEmpty(PathBuf),
    #[error("{} has a write-ahead log beside it: it is a live database, not a backup", .0.display())]
    Live(PathBuf),
    #[error("cannot use {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The backup to restore is damaged, foreign or newer, or the directory cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl WriteError {
    pub(crate) fn not_found(what: &'static str, id: &str) -> Self {
        Self::Read(ReadError::not_found(what, id))
    }
}

impl ReadError {
    pub(crate) fn not_found(what: &'static str, id: &str) -> Self {
        Self::NotFound { what, id: id.to_owned() }
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map_or(0, |error| error.extended_code);
        Self { code, message: error.to_string() }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt(error.to_string())
            }
            _ if matches!(
                error,
                rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::InvalidColumnType(..)
            ) =>
            {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Database(error.into()),
        }
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly) => Self::NotWritable,
            _ => Self::Read(error.into()),
        }
    }
}

impl From<serde_json::Error> for WriteError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("cannot encode as JSON: {error}"))
    }
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(format!("not the JSON expected: {error}"))
    }
}
