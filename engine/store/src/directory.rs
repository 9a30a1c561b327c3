//! The data directory: closed to others, owned by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

const DATABASE_FILE: &str = "runwright.db";
const PARTIAL_FILE: &str = "runwright.partial";
const LOCK_FILE: &str = "lock";
/// Where the keys of a store are. There are none before there is a store.
const KEYS_DIRECTORY: &str = "keys";
const KEY_EXTENSION: &str = "key";

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

    /// Returns the path of the database file, which exists with mode 0600 afterwards. Refuses to make one where one was lost.
    pub(crate) fn database_file(&self) -> Result<PathBuf, OpenError> {
        let fail = |error| not_usable(&self.path, error);
        let file = database_file(&self.path);
        let partial = partial_file(&self.path);
        let bytes = length(&file).map_err(fail)?;
        if partial.try_exists().map_err(fail)? {
            if bytes.is_none() {
                return Err(OpenError::RestoreInterrupted { directory: self.path.clone() });
            }
            // It was put in place before the interruption.
            fs::remove_file(&partial).map_err(fail)?;
        }
        let log = beside(&file, "-wal");
        if bytes.unwrap_or(0) == 0 && length(&log).map_err(fail)?.is_some_and(|bytes| bytes > 0) {
            return Err(OpenError::Emptied { file, beside: log });
        }
        if bytes == Some(0)
            && let Some(key) = first_key(&self.path).map_err(fail)?
        {
            return Err(OpenError::Emptied { file, beside: key });
        }
        private_file(&file).map_err(fail)?;
        Ok(file)
    }
}

/// Returns the path of the database within a data directory.
pub(crate) fn database_file(directory: &Path) -> PathBuf {
    directory.join(DATABASE_FILE)
}

/// Returns the path of a database that is not in place yet.
pub(crate) fn partial_file(directory: &Path) -> PathBuf {
    directory.join(PARTIAL_FILE)
}

/// Returns whether there is nothing in the directory but what an interrupted restore leaves, or no directory.
pub(crate) fn is_free(directory: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        if name != LOCK_FILE && name != PARTIAL_FILE {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the path of a file that has the name of `file` and more.
pub(crate) fn beside(file: &Path, more: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(more);
    PathBuf::from(path)
}

/// Makes the entries of a directory durable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Returns the directory that a path's last name is in.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates the directory and its parents, durably; the directory itself with mode 0700.
fn create(path: &Path) -> Result<(), OpenError> {
    make(path, 0o700).map_err(|error| not_usable(path, error))
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    let parent = parent(path);
    let created = match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && parent != path => {
            make(parent, 0o777)?;
            DirBuilder::new().mode(mode).create(path)
        }
        created => created,
    };
    match created {
        Ok(()) => sync(parent),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn first_key(directory: &Path) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(directory.join(KEYS_DIRECTORY)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == KEY_EXTENSION) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Refuses a directory that is another user's, or that group or others can enter.
fn check_mode(path: &Path) -> Result<(), OpenError> {
    let metadata = fs::metadata(path).map_err(|error| not_usable(path, error))?;
    if !metadata.is_dir() {
        return Err(OpenError::NotADirectory { directory: path.to_owned() });
    }
    let owner = metadata.uid();
    if owner != nix::unistd::geteuid().as_raw() {
        return Err(OpenError::OtherOwner { directory: path.to_owned(), owner });
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
