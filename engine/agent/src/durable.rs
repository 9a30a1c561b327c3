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

/// Creates a file, whole and durable on return or not there at all; fails with `AlreadyExists` if it is there.
pub(crate) fn create_new(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = directory.join(format!("{name}.{}.new", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    // A hard link, unlike a rename, never replaces a file that is there.
    let linked = std::fs::hard_link(&temporary, directory.join(name));
    remove_if_there(&temporary)?;
    linked?;
    sync_directory(directory)
}

/// Removes what a [`create_new`] of this name left when it was killed. Only once the file is there: until then somebody may be at it.
pub(crate) fn remove_leavings(directory: &Path, name: &str) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let rest = file_name.to_str().and_then(|file_name| file_name.strip_prefix(name));
        let process = rest.and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".new"));
        if process.is_some_and(|process| process.bytes().all(|digit| digit.is_ascii_digit())) {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Creates a file whose being there is durable on return, with the directory's own, or which is not there at all; its content
/// may be lost with the power. Fails with `AlreadyExists` if it is there.
pub(crate) fn mark(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let path = directory.join(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let marked = file
        .write_all(content)
        .and_then(|()| sync_directory(directory))
        .and_then(|()| directory.parent().map_or(Ok(()), sync_directory));
    if marked.is_err() {
        remove_if_there(&path)?;
    }
    marked
}
