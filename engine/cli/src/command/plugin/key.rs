//! Files of keys. A word before the digits says which half of a pair is in the file, so that neither is taken for the other.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use sandbox::signature::{KeyId, PublicKey, SecretKey};

use crate::command::file::write_new;
use crate::exit::Refusal;
use crate::render;
use crate::source;

const PRIVATE: &str = "runwright-private-key";
pub(crate) const PUBLIC: &str = "runwright-public-key";
/// A file of a key or of a signature.
pub(super) const FILE_BYTES_MAX: usize = 4 << 10;

/// Reads the private key that signs, or makes the pair when there is no file.
pub(super) fn private(file: &Path) -> Result<SecretKey> {
    let public_file = file.with_extension("pub");
    if file.symlink_metadata().is_err() {
        return make(file, &public_file);
    }
    let text = text(file)?;
    let Some(digits) = text.trim().strip_prefix(PRIVATE) else {
        let is_public = text.starts_with(PUBLIC);
        let what = if is_public { "a public key, which cannot sign" } else { "no private key" };
        bail!(Refusal::bad_input(format!("{}: this is {what}", file.display())))
    };
    let mode =
        file.metadata().context("cannot look at the key's file")?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            Refusal::bad_input(format!(
                "{} has mode {mode:04o}: a private key must be closed to group and others",
                file.display()
            ))
            .with_help(format!("chmod 600 {}", file.display()))
        );
    }
    let key = SecretKey::from_str(digits)
        .map_err(|error| Refusal::bad_input(format!("{}: {error}", file.display())))?;
    if public_file.symlink_metadata().is_err() {
        write_public(&public_file, &key.public())?;
    } else if public(&public_file).ok().as_ref() != Some(&key.public()) {
        let (file, public_file) = (file.display(), public_file.display());
        render::note(format!("{public_file} is not the public key of {file}"));
    }
    Ok(key)
}

fn make(file: &Path, public_file: &Path) -> Result<SecretKey> {
    if file == public_file {
        bail!(
            Refusal::bad_input(format!(
                "{}: a private key's file cannot end in .pub, which is where its public key goes",
                file.display()
            ))
            .with_help(format!("--key {}", file.with_extension("key").display()))
        );
    }
    if public_file.symlink_metadata().is_ok() {
        bail!(Refusal::bad_input(format!(
            "{} exists already, and the public key of {} would go there",
            public_file.display(),
            file.display()
        )));
    }
    let key = SecretKey::generate()?;
    write_new(file, format!("{PRIVATE} {}\n", *key.to_hex()).as_bytes())?;
    write_public(public_file, &key.public())?;
    render::note(format!("made a key: {} and {}", file.display(), public_file.display()));
    Ok(key)
}

fn write_public(file: &Path, key: &PublicKey) -> Result<()> {
    write_new(file, format!("{PUBLIC} {key}\n").as_bytes())
}

/// Reads a public key.
pub(super) fn public(file: &Path) -> Result<PublicKey> {
    let text = text(file)?;
    let Some(digits) = text.trim().strip_prefix(PUBLIC) else {
        let is_private = text.starts_with(PRIVATE);
        let what = if is_private { "a private key" } else { "no public key" };
        bail!(Refusal::bad_input(format!("{}: this is {what}", file.display())))
    };
    let key = PublicKey::from_str(digits)
        .map_err(|error| Refusal::bad_input(format!("{}: {error}", file.display())));
    Ok(key?)
}

/// Returns the public key of that id where one lies in the folder of `file`.
pub(super) fn beside(file: &Path, id: &KeyId) -> Option<PublicKey> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let is_public = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "pub");
    files.filter(is_public).filter_map(|path| public(&path).ok()).find(|key| key.id() == *id)
}

fn text(file: &Path) -> Result<String> {
    let bytes = source::bytes(file, FILE_BYTES_MAX)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Refusal::bad_input(format!("{}: this is no text", file.display())));
    Ok(text?)
}
