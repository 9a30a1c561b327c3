//! The removal of folders and of what is in them.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{JobFolder, SPOOLS, STEP};

/// Begins the name of a folder that is being removed; no job's id begins so.
const LEAVING: &str = ".leaving-";

impl JobFolder {
    /// Removes the folder: at once for whoever looks, for one that is half gone would look like a job not yet begun.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let (Some(parent), Some(name)) = (self.0.parent(), self.0.file_name()) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let mut leaving = OsString::from(LEAVING);
        leaving.push(name);
        let leaving = parent.join(leaving);
        match fs::rename(&self.0, &leaving).and_then(|()| fs::remove_dir_all(leaving)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the spooled output of all steps; the report has its beginning.
    pub(crate) fn remove_spools(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(STEP.as_bytes()) {
                continue;
            }
            for spool in SPOOLS {
                match fs::remove_file(entry.path().join(spool)) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// Removes the folders whose removal was interrupted. One that cannot be removed is in nobody's way.
pub(crate) fn remove_leavings(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(LEAVING.as_bytes()) {
            match fs::remove_dir_all(entry.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, folder = %entry.path().display(), "a job's folder cannot be removed");
                }
                _ => {}
            }
        }
    }
    Ok(())
}
