//! Where the secrets are that parameters refer to, as the operator's file has it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use services::Sensitive;
use services::keyring::{Transit, TransitSettings};
use services::outbound::OutboundSettings;
use services::parameters::secret_backend::{
    SecretBackend, SecretsManager, SecretsManagerSettings, Vault, VaultSettings,
};

use crate::source::{Head, head};

/// A file that holds one secret.
const FILE_BYTES_MAX: usize = 64 << 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenSecretsManager {
    endpoint: String,
    region: String,
    access_key_id: String,
    secret_access_key_file: PathBuf,
    session_token_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenVault {
    address: String,
    mount: String,
    namespace: Option<String>,
    token_file: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenTransit {
    address: String,
    #[serde(default = "transit_mount")]
    mount: String,
    key: String,
    namespace: Option<String>,
    token_file: PathBuf,
}

fn transit_mount() -> String {
    "transit".to_owned()
}

/// Returns what wraps the keys of the installation. Paths are relative to the data directory.
///
/// # Errors
/// What cannot be used, and why.
pub(super) fn transit(written: WrittenTransit, data_directory: &Path) -> Result<Transit, String> {
    let address = &written.address;
    let settings = TransitSettings {
        address: checked(address, "vaultTransit.address")?
            .parse()
            .map_err(|error| format!("vaultTransit.address: {address:?}: {error}"))?,
        mount: written.mount,
        key: written.key,
        namespace: written.namespace,
        token: secret("vaultTransit.tokenFile", &data_directory.join(&written.token_file))?,
    };
    Ok(Transit::new(settings, OutboundSettings::default()))
}

/// Returns the backend that is set, if one is. Paths are relative to the data directory.
///
/// # Errors
/// What cannot be used, and why.
pub(super) fn backend(
    secrets_manager: Option<WrittenSecretsManager>,
    vault: Option<WrittenVault>,
    data_directory: &Path,
) -> Result<Option<Arc<dyn SecretBackend>>, String> {
    match (secrets_manager, vault) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err("either secretsManager or vault is where secrets are, not both".to_owned())
        }
        (Some(written), None) => {
            let endpoint = &written.endpoint;
            let read = |name, file: &Path| secret(name, &data_directory.join(file));
            let settings = SecretsManagerSettings {
                endpoint: checked(endpoint, "secretsManager.endpoint")?
                    .parse()
                    .map_err(|error| format!("secretsManager.endpoint: {endpoint:?}: {error}"))?,
                region: written.region,
                access_key_id: written.access_key_id,
                secret_access_key: read(
                    "secretsManager.secretAccessKeyFile",
                    &written.secret_access_key_file,
                )?,
                session_token: written
                    .session_token_file
                    .map(|file| read("secretsManager.sessionTokenFile", &file))
                    .transpose()?,
            };
            Ok(Some(Arc::new(SecretsManager::new(settings))))
        }
        (None, Some(written)) => {
            let address = &written.address;
            let settings = VaultSettings {
                address: checked(address, "vault.address")?
                    .parse()
                    .map_err(|error| format!("vault.address: {address:?}: {error}"))?,
                mount: written.mount,
                namespace: written.namespace,
                token: secret("vault.tokenFile", &data_directory.join(&written.token_file))?,
            };
            Ok(Some(Arc::new(Vault::new(settings))))
        }
    }
}

/// Refuses addresses that nothing can be asked at.
fn checked<'a>(address: &'a str, member: &str) -> Result<&'a str, String> {
    if address.starts_with("https://") || address.starts_with("http://") {
        return Ok(address);
    }
    Err(format!("{member}: {address:?} begins with neither https:// nor http://"))
}

/// Reads a file that holds a secret and is closed to others.
fn secret(member: &str, file: &Path) -> Result<Sensitive, String> {
    let failed = |reason: &dyn std::fmt::Display| format!("{member}: {}: {reason}", file.display());
    let metadata = file.metadata().map_err(|error| failed(&error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(failed(&format!("has mode {mode:04o}: it must be closed to group and others")));
    }
    match head(file, FILE_BYTES_MAX).map_err(|error| failed(&error))? {
        Head::TooLong(_) => Err(failed(&"is too long for a secret")),
        Head::Whole(bytes) => match String::from_utf8(bytes) {
            Ok(text) if !text.trim().is_empty() => Ok(Sensitive::new(text.trim())),
            Ok(_) => Err(failed(&"is empty")),
            Err(_) => Err(failed(&"is no text")),
        },
    }
}
