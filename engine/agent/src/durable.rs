//! Files that survive a loss of power once written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Makes the entries of a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Writes a file that only its owner reads, whole or not at all; durable on return.
pub(crate) fn replace(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    put(directory, name, content)?;
    sync_directory(directory)
}

/// As [`replace`], but a loss of power right after it may leave things as they were before.
pub(crate) fn put(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = directory.join(format!("{name}.new"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, directory.join(name))
}

/// Creates a file, whole and durable on return; fails with `AlreadyExists` if it is there.
pub(crate) fn create_new(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(name))?;
    file.write_all(content)?;
    file.sync_all()?;
    sync_directory(directory)
}

/// Creates a file whose being there is durable on return, with the directory's own; its content may be lost with the power.
pub(crate) fn mark(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(name))?;
    file.write_all(content)?;
    sync_directory(directory)?;
    directory.parent().map_or(Ok(()), sync_directory)
}
