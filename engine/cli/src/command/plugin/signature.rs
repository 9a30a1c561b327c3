//! The detached signature beside a component.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, bail};
use host_api::identifier::Digest;
use sandbox::signature::{PublicKey, Signature, sign, verify};
use serde_json::json;

use super::key;
use crate::command::file::replace;
use crate::exit::{Exit, Refusal};
use crate::render::{self, Printer};
use crate::source;

/// A signature lies beside its file.
fn path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Reads the signature's text; `None` where there is none.
pub(super) fn text(file: &Path) -> Result<Option<String>> {
    let path = path(file);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let bytes = source::bytes(&path, key::FILE_BYTES_MAX)?;
    Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Signs a component.
pub(super) fn make(file: &Path, key_file: &Path, printer: Printer) -> Result<Exit> {
    let bytes = super::component(file)?;
    let key = key::private(key_file)?;
    let path = path(file);
    replace(&path, format!("{}\n", sign(&key, &bytes)).as_bytes())?;
    let id = key.public().id().to_string();
    let value = json!({ "file": path, "keyId": id, "digest": Digest::of(&bytes) });
    printer.result(&value, || format!("{} by key {id}", path.display()))?;
    Ok(Exit::Done)
}

/// A signature, and the keys one of which must have made it.
#[derive(Debug, Default)]
pub(super) struct Claim {
    pub text: Option<String>,
    pub keys: Vec<PublicKey>,
}

/// Refuses a component whose signature is not of it, also where nobody asked for one: it was changed, or is another file.
pub(super) fn check(file: &Path, component: &[u8], required: Vec<PublicKey>) -> Result<Claim> {
    let Some(text) = text(file)? else { return Ok(Claim { text: None, keys: required }) };
    let path = path(file);
    let signature = Signature::from_str(&text)
        .map_err(|error| Refusal::bad_input(format!("{}: {error}", path.display())))?;
    let mut keys = required;
    if keys.is_empty() {
        let Some(key) = key::beside(file, &signature.key) else {
            bail!(
                Refusal::bad_input(format!(
                    "{} is a signature by the key {}, which is not at hand to check it",
                    path.display(),
                    signature.key
                ))
                .with_help(
                    "give the key with --require-key, or do without the signature: --unsigned"
                )
            )
        };
        render::note(format!(
            "signed by the key {}, which lies beside it; --require-key says whom you trust",
            signature.key
        ));
        keys.push(key);
    }
    verify(&keys, component, &signature)
        .map_err(|error| Refusal::bad_input(format!("the component is refused: {error}")))?;
    Ok(Claim { text: Some(text), keys })
}
