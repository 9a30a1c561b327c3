//! The file with the administrator's key.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// The key of the administrator, in the form of the AWS CLI's credentials file.
pub(crate) const CREDENTIALS_FILE: &str = "administrator.credentials";
const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

/// Writes the administrator's key to a file that nobody else can read.
pub(crate) fn keep(directory: &Path, id: &str, secret: &str) -> Result<PathBuf> {
    let path = directory.join(CREDENTIALS_FILE);
    let text = format!("[default]\n{ID} = {id}\n{SECRET} = {secret}\n");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(path)
}

/// Returns where the administrator's key is kept, if it is.
pub(crate) fn credentials_file(directory: &Path) -> Option<PathBuf> {
    Some(directory.join(CREDENTIALS_FILE)).filter(|path| path.exists())
}

/// Returns the key that is kept, if one is: its id and its secret.
///
/// # Errors
/// The file is there and is none of credentials.
pub(super) fn kept(path: &Path) -> Result<Option<(String, String)>, String> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(None) };
    let member = |name: &str| {
        let value = |line: &str| {
            let (found, value) = line.split_once('=')?;
            (found.trim() == name).then(|| value.trim().to_owned())
        };
        text.lines().find_map(value)
    };
    match (member(ID), member(SECRET)) {
        (Some(id), Some(secret)) => Ok(Some((id, secret))),
        _ => Err(format!("{} is not a credentials file", path.display())),
    }
}
