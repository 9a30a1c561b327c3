//! The data directory: closed to others, owned by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

const DATABASE_FILE: &str = "runwright.db";
const LOCK_FILE: &str = "lock";

/// A data directory of which this process is the owner, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct OwnedDirectory {
    path: PathBuf,
    /// Locked by `flock`; the system releases it however the process ends.
    _lock: File,
}

impl OwnedDirectory {
    /// Creates the directory if it is absent, checks that nobody else can look into it, and takes its lock.
    pub(crate) fn claim(path: &Path) -> Result<Self, OpenError> {
        create(path)?;
        check_mode(path)?;
        let lock = lock(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the database file, which exists with mode 0600 afterwards.
    pub(crate) fn database_file(&self) -> Result<PathBuf, OpenError> {
        let file = database_file(&self.path);
        private_file(&file).map_err(|error| not_usable(&self.path, error))?;
        Ok(file)
    }
}

/// Returns the path of the database within a data directory.
pub(crate) fn database_file(directory: &Path) -> PathBuf {
    directory.join(DATABASE_FILE)
}

/// Creates the directory and its parents; the directory itself with mode 0700.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| not_usable(path, error))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(not_usable(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Refuses a directory that group or others can enter.
pub(crate) fn check_mode(path: &Path) -> Result<(), OpenError> {
    let metadata = fs::metadata(path).map_err(|error| not_usable(path, error))?;
    if !metadata.is_dir() {
        return Err(OpenError::NotADirectory { directory: path.to_owned() });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(OpenError::Permissions { directory: path.to_owned(), mode });
    }
    Ok(())
}

fn lock(directory: &Path) -> Result<File, OpenError> {
    let mut file =
        private_file(&directory.join(LOCK_FILE)).map_err(|error| not_usable(directory, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(|error| not_usable(directory, error))?;
            let pid = text.trim().parse().ok();
            return Err(OpenError::Owned { pid, directory: directory.to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(not_usable(directory, error)),
    }
    write_pid(&mut file).map_err(|error| not_usable(directory, error))?;
    Ok(file)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn not_usable(directory: &Path, source: io::Error) -> OpenError {
    use io::ErrorKind as Kind;
    let kind = source.kind();
    let directory = directory.to_owned();
    if matches!(kind, Kind::PermissionDenied | Kind::ReadOnlyFilesystem) {
        OpenError::NotWritable { directory, source }
    } else if matches!(kind, Kind::StorageFull | Kind::QuotaExceeded) {
        OpenError::DiskFull { file: directory }
    } else if matches!(kind, Kind::NotADirectory | Kind::AlreadyExists) {
        OpenError::NotADirectory { directory }
    } else {
        OpenError::Io { directory, source }
    }
}
