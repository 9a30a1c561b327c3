//! Vault and `OpenBao`: the key/value engine, version 2.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use ssm_model::{Sensitive, Timestamp};
use url::Url;

use super::{AskedSecret, Question, Secret, SecretBackend, SecretError, header, malformed};
use crate::outbound::Outbound;

/// The stage of Secrets Manager that means the newest version.
const CURRENT: &str = "AWSCURRENT";
/// A secret with this key alone is the text that stands under it.
const TEXT_KEY: &str = "value";

/// Where Vault is, and who asks it.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// Such as `https://vault.example.org:8200/`.
    pub address: Url,
    /// Where the engine is mounted, such as `secret`.
    pub mount: String,
    pub namespace: Option<String>,
    pub token: Sensitive,
}

/// Vault as a [`SecretBackend`]: the secret's id is its path, a version its number.
///
/// A secret whose only key is `value` is that text; any other is its data as JSON text.
pub struct Vault {
    settings: VaultSettings,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("address", &self.settings.address.as_str())
            .field("mount", &self.settings.mount)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Versioned,
}

#[derive(Deserialize)]
struct Versioned {
    /// Absent once the version is deleted.
    data: Option<BTreeMap<String, Value>>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
    created_time: String,
}

impl Vault {
    pub fn new(settings: VaultSettings) -> Self {
        Self { settings }
    }

    fn question(&self, asked: &AskedSecret) -> Result<Question, SecretError> {
        let VaultSettings { address, mount, namespace, token } = &self.settings;
        let mut url = address.clone();
        {
            let mut path = url
                .path_segments_mut()
                .map_err(|()| SecretError::Invalid("the address can have no path".to_owned()))?;
            path.pop_if_empty().push("v1").extend(mount.split('/')).push("data");
            // Dots would climb out of the mount.
            if asked.id.split('/').any(|part| matches!(part, "" | "." | "..")) {
                return Err(SecretError::NotFound);
            }
            path.extend(asked.id.split('/'));
        }
        match asked.version.as_deref() {
            None | Some(CURRENT) => {}
            Some(version) if version.parse::<u64>().is_ok_and(|number| number > 0) => {
                url.query_pairs_mut().append_pair("version", version);
            }
            Some(_) => return Err(SecretError::NotFound),
        }
        let mut headers = vec![header("x-vault-token", token.expose(), true)?];
        if let Some(namespace) = namespace {
            headers.push(header("x-vault-namespace", namespace, false)?);
        }
        Ok(Question { method: "GET", url, headers, body: None })
    }

    fn secret(&self, asked: &AskedSecret, found: Versioned) -> Result<Secret, SecretError> {
        let Some(mut data) = found.data else { return Err(deleted()) };
        let value = match (data.len(), data.remove(TEXT_KEY)) {
            (1, Some(Value::String(text))) => Sensitive::new(text),
            (_, taken) => {
                data.extend(taken.map(|value| (TEXT_KEY.to_owned(), value)));
                Sensitive::new(serde_json::to_string(&data).map_err(|error| malformed(&error))?)
            }
        };
        let Metadata { version, created_time } = found.metadata;
        let is_newest = asked.version.as_deref().is_none_or(|version| version == CURRENT);
        Ok(Secret {
            arn: format!("vault:{}/{}", self.settings.mount, asked.id),
            name: asked.id.clone(),
            version_id: version.to_string(),
            value: Some(value),
            stages: if is_newest { vec![CURRENT.to_owned()] } else { Vec::new() },
            created: seconds(&created_time)?,
        })
    }
}

#[async_trait]
impl SecretBackend for Vault {
    async fn get(&self, client: &Outbound, asked: &AskedSecret) -> Result<Secret, SecretError> {
        let received = self.question(asked)?.ask(client).await?;
        let answer = || serde_json::from_slice::<Answer>(&received.body);
        match received.status {
            200 => self.secret(asked, answer().map_err(|error| malformed(&error))?.data),
            404 if answer().is_ok() => Err(deleted()),
            404 => Err(SecretError::NotFound),
            401 | 403 => Err(SecretError::Denied(format!("status {}", received.status))),
            status => Err(SecretError::Unavailable(format!("status {status}"))),
        }
    }
}

/// Vault answers a deleted version by its metadata.
fn deleted() -> SecretError {
    SecretError::Invalid("the version is deleted".to_owned())
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age of the world fit exactly")]
fn seconds(time: &str) -> Result<Timestamp, SecretError> {
    let time: jiff::Timestamp = time
        .parse()
        .map_err(|_| SecretError::Unavailable("the answer's created_time is no time".to_owned()))?;
    Ok(time.as_millisecond() as f64 / 1_000.0)
}
