//! Key files.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{KEY_BYTES, Key, KeyId, KeyringError};

const EXTENSION: &str = "key";
const WRAPPED_EXTENSION: &str = "wrapped";
/// More than any file of keys that is meant as one.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Reads a file that an operator provides: one raw key, which is `k1`, or lines `k<n>:<hexadecimal>`.
pub(super) fn read(path: &Path) -> Result<Vec<(KeyId, Key)>, KeyringError> {
    let bytes = contents(path)?;
    if bytes.len() == KEY_BYTES {
        return Ok(vec![(KeyId(1), raw(path, &bytes)?)]);
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| KeyringError::Malformed { path: path.to_owned() })?;
    parse(path, text)
}

/// Reads lines `k<n>:<hexadecimal>`; errors name `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<(KeyId, Key)>, KeyringError> {
    let malformed = || KeyringError::Malformed { path: path.to_owned() };
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (id, digits) = line.split_once(':').ok_or_else(malformed)?;
        keys.push((id.trim().parse()?, hexadecimal(digits.trim()).ok_or_else(malformed)?));
    }
    if keys.is_empty() { Err(malformed()) } else { Ok(keys) }
}

/// Reads a file of the data directory: one raw key.
pub(super) fn read_one(path: &Path) -> Result<Key, KeyringError> {
    raw(path, &contents(path)?)
}

/// Returns the key files of a directory, which may be absent, and removes what a killed [`create`] left of a key there.
pub(super) fn list(directory: &Path) -> Result<Vec<(PathBuf, KeyId)>, KeyringError> {
    list_with(directory, EXTENSION)
}

/// Returns the files of wrapped keys, as [`list`] does those of keys.
pub(super) fn list_wrapped(directory: &Path) -> Result<Vec<(PathBuf, KeyId)>, KeyringError> {
    list_with(directory, WRAPPED_EXTENSION)
}

fn list_with(directory: &Path, extension: &str) -> Result<Vec<(PathBuf, KeyId)>, KeyringError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unusable(directory, error)),
    };
    check_mode(directory)?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unusable(directory, error))?.path();
        if is_leaving(&path) {
            // Nothing is sealed with it: a key is used only when it has its name.
            remove_if_there(&path).map_err(|error| unusable(&path, error))?;
        } else if path.extension().is_some_and(|found| found == extension) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let id = stem.parse()?;
            files.push((path, id));
        }
    }
    files.sort();
    Ok(files)
}

/// Makes a key; it is on the disk before this returns.
pub(super) fn create(directory: &Path, id: KeyId) -> Result<Key, KeyringError> {
    let key = random()?;
    put(directory, id, EXTENSION, &*key)?;
    Ok(key)
}

/// Returns a new key.
pub(super) fn random() -> Result<Key, KeyringError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut *key).map_err(|error| KeyringError::Random(error.to_string()))?;
    Ok(key)
}

/// Reads a wrapped key: the text by which the engine that wrapped it knows it.
pub(super) fn read_wrapped(path: &Path) -> Result<String, KeyringError> {
    let bytes = contents(path)?;
    let text = std::str::from_utf8(&bytes).ok().map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| KeyringError::Malformed { path: path.to_owned() })
}

/// Keeps a wrapped key; it is on the disk before this returns.
pub(super) fn keep_wrapped(directory: &Path, id: KeyId, text: &str) -> Result<(), KeyringError> {
    put(directory, id, WRAPPED_EXTENSION, text.as_bytes())
}

fn put(directory: &Path, id: KeyId, extension: &str, bytes: &[u8]) -> Result<(), KeyringError> {
    make_directory(directory).map_err(|error| unusable(directory, error))?;
    check_mode(directory)?;
    let path = directory.join(format!("{id}.{extension}"));
    let temporary = directory.join(format!(".{id}.{}", std::process::id()));
    // A killed process that had our number may have left one.
    let written = remove_if_there(&temporary).and_then(|()| write_new(&temporary, bytes));
    // A hard link, unlike a rename, never replaces a key that is there.
    let linked = written.is_ok().then(|| fs::hard_link(&temporary, &path));
    remove_if_there(&temporary).map_err(|error| unusable(&temporary, error))?;
    written.map_err(|error| unusable(&temporary, error))?;
    linked.transpose().map_err(|error| unusable(&path, error))?;
    sync(directory).map_err(|error| unusable(directory, error))
}

/// Makes the directory, durably: what is sealed with its keys will be.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.try_exists()? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    directory.parent().map_or(Ok(()), sync)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Whether a file is one that [`create`] writes first: `.k<n>.<process>`.
fn is_leaving(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_prefix('.'));
    name.and_then(|name| name.split_once('.')).is_some_and(|(id, process)| {
        id.parse::<KeyId>().is_ok() && process.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn contents(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let metadata = check_mode(path)?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(KeyringError::Malformed { path: path.to_owned() });
    }
    fs::read(path).map(Zeroizing::new).map_err(|error| unusable(path, error))
}

fn check_mode(path: &Path) -> Result<fs::Metadata, KeyringError> {
    let metadata = fs::metadata(path).map_err(|error| unusable(path, error))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::Permissions { path: path.to_owned(), mode });
    }
    Ok(metadata)
}

fn raw(path: &Path, bytes: &[u8]) -> Result<Key, KeyringError> {
    bytes
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| KeyringError::Malformed { path: path.to_owned() })
}

fn hexadecimal(digits: &str) -> Option<Key> {
    if digits.len() != KEY_BYTES * 2 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(key)
}

fn unusable(path: &Path, source: io::Error) -> KeyringError {
    KeyringError::Io { path: path.to_owned(), source }
}
