//! Files that are there whole or not at all: written beside their place, made durable, then put into it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::exit::Refusal;

/// Writes a file that only this user can read, and never over another.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = with_draft(path, bytes, 0o600, |draft| match fs::hard_link(draft, path) {
        Ok(()) => fs::remove_file(draft),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no hard links.
        Err(_) if path.symlink_metadata().is_err() => fs::rename(draft, path),
        Err(_) => Err(ErrorKind::AlreadyExists.into()),
    });
    Ok(written.map_err(|error| refused("create", path, &error))?)
}

/// Writes a file that everybody can read, in the place of what is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    // A link is followed, so that the file it leads to is the one that changes.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let written = with_draft(&target, bytes, 0o644, |draft| fs::rename(draft, &target));
    Ok(written.map_err(|error| refused("write", path, &error))?)
}

fn refused(verb: &str, path: &Path, error: &io::Error) -> Refusal {
    Refusal::bad_input(format!("cannot {verb} {}: {error}", path.display()))
}

/// Writes a draft in the same folder and has it put into place; what went wrong leaves nothing.
fn with_draft(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    put: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?;
    let draft = draft_of(folder, name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| put(&draft));
    if written.is_err()
        && let Err(error) = fs::remove_file(&draft)
    {
        tracing::debug!(%error, "a draft stays");
    }
    written?;
    File::open(folder)?.sync_all()
}

fn draft_of(folder: &Path, name: &std::ffi::OsStr) -> PathBuf {
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    draft.push(format!(".{}.draft", std::process::id()));
    folder.join(draft)
}
