//! Keys that the transit engine of Vault or `OpenBao` wraps: none of them lies in clear beside the store.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use ssm_model::Sensitive;
use store::Sealed;
use url::Url;
use zeroize::Zeroizing;

use super::{DIRECTORY, Key, KeyId, KeyringError, Sources, file};
use crate::outbound::{Outbound, OutboundSettings};
use crate::parameters::secret_backend::{Question, SecretError, header};

/// Where the engine is, and who asks it.
#[derive(Debug, Clone)]
pub struct TransitSettings {
    /// Such as `https://vault.example.org:8200/`.
    pub address: Url,
    /// Where the engine is mounted, such as `transit`.
    pub mount: String,
    /// The name of the engine's key, which never leaves it.
    pub key: String,
    pub namespace: Option<String>,
    pub token: Sensitive,
}

/// The engine, as far as it is asked.
#[derive(Debug, Clone)]
pub struct Transit {
    settings: TransitSettings,
    client: Outbound,
}

/// Keys that were wrapped in the data directory.
#[derive(Clone)]
pub struct Unwrapped(pub(super) Vec<(KeyId, Key)>);

impl std::fmt::Debug for Unwrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Work<'t> {
    Plaintext(&'t str),
    Ciphertext(&'t str),
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: Sensitive,
}

impl Transit {
    pub fn new(settings: TransitSettings, outbound: OutboundSettings) -> Self {
        Self { settings, client: Outbound::new(outbound) }
    }

    /// Unwraps the keys `keys/k<n>.wrapped` of the data directory; makes the first one when there is no key anywhere and none is
    /// `known` to the store.
    ///
    /// # Errors
    /// An engine that does not answer, or does not know a key.
    pub async fn keys(
        &self,
        data_directory: &Path,
        sources: &Sources,
        known: &[Sealed],
    ) -> Result<Unwrapped, KeyringError> {
        let directory = data_directory.join(DIRECTORY);
        let mut wrapped = file::list_wrapped(&directory)?;
        let has_others = sources.is_some() || !file::list(&directory)?.is_empty();
        if wrapped.is_empty() && known.is_empty() && !has_others {
            self.create(data_directory, KeyId(1)).await?;
            wrapped = file::list_wrapped(&directory)?;
        }
        let mut keys = Vec::with_capacity(wrapped.len());
        for (path, id) in wrapped {
            let text = file::read_wrapped(&path)?;
            let answer: Decrypted = self.ask("decrypt", &Work::Ciphertext(&text)).await?;
            let plain = STANDARD.decode(answer.plaintext.expose()).map(Zeroizing::new);
            let key =
                plain.ok().and_then(|plain| <[u8; super::KEY_BYTES]>::try_from(&**plain).ok());
            let key = key.ok_or(KeyringError::Malformed { path })?;
            keys.push((id, Zeroizing::new(key)));
        }
        Ok(Unwrapped(keys))
    }

    /// Makes a key, wraps it, and keeps it in the data directory; it is on the disk before this returns.
    pub(super) async fn create(
        &self,
        data_directory: &Path,
        id: KeyId,
    ) -> Result<(), KeyringError> {
        let key = file::random()?;
        let plain = Zeroizing::new(STANDARD.encode(key.as_slice()));
        let answer: Encrypted = self.ask("encrypt", &Work::Plaintext(&plain)).await?;
        file::keep_wrapped(&data_directory.join(DIRECTORY), id, &answer.ciphertext)
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        verb: &str,
        work: &Work<'_>,
    ) -> Result<T, KeyringError> {
        let TransitSettings { address, mount, key, namespace, token } = &self.settings;
        let failed = |source| KeyringError::Transit { address: address.to_string(), source };
        let mut url = address.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(mount.split('/')).push(verb).push(key);
        } else {
            let message = "the address can have no path".to_owned();
            return Err(failed(SecretError::Invalid(message)));
        }
        let mut headers = vec![header("x-vault-token", token.expose(), true).map_err(failed)?];
        if let Some(namespace) = namespace {
            headers.push(header("x-vault-namespace", namespace, false).map_err(failed)?);
        }
        let body = serde_json::to_vec(work).map_err(|error| failed(unreadable(&error)))?;
        let question = Question { method: "POST", url, headers, body: Some(body) };
        let received = question.ask(&self.client).await.map_err(failed)?;
        match received.status {
            200 => {
                let answer: Answer<T> = serde_json::from_slice(&received.body)
                    .map_err(|error| failed(unreadable(&error)))?;
                Ok(answer.data)
            }
            401 | 403 => Err(failed(SecretError::Denied(format!("status {}", received.status)))),
            404 => Err(failed(SecretError::NotFound)),
            status => Err(failed(SecretError::Unavailable(format!("status {status}")))),
        }
    }
}

fn unreadable(error: &serde_json::Error) -> SecretError {
    SecretError::Unavailable(format!("what it says is not what it should: {error}"))
}
