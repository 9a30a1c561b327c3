//! Named keys: what a `SecureString` is sealed with when its `KeyId` is not the account's own key.
//!
//! Each has materials, of which the newest seals. A material is sealed under the keyring like everything else, so rotating a
//! keyring's key touches materials and not the values under them.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::json;
use ssm_model::Timestamp;
use store::named_keys::{self, Material, NamedKey};
use store::{ReadTx, Sealed, Tx, WriteError};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Place;
use super::rules::DEFAULT_KEY_ID;
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::envelope::{self, Binding, NamedMaterial};
use crate::error::{ErrorKind, ServiceError};
use crate::keyring::{KEY_BYTES, KeyId, KeyringError};

const ALIAS_PREFIX: &str = "alias/";
const RESERVED_PREFIX: &str = "alias/aws/";
const ALIAS_CHARACTERS_MAX: usize = 256;

/// A named key as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyDescription {
    pub key_id: String,
    /// `alias/<name>`.
    pub alias: String,
    /// How many materials it has had; 1 until it is rotated.
    pub version: u32,
    pub created_date: Timestamp,
}

impl From<NamedKey> for KeyDescription {
    fn from(key: NamedKey) -> Self {
        let NamedKey { id, alias, latest, created_ms } = key;
        let created_date = crate::clock::seconds(created_ms);
        Self { key_id: id, alias, version: latest, created_date }
    }
}

/// What a value is sealed with.
#[derive(Debug, Clone)]
pub(super) enum SealingKey {
    /// The account's own key: the keyring's.
    Account,
    Named {
        /// As the request called it.
        name: String,
        material: Material,
    },
}

impl SealingKey {
    /// Finds the key that a request calls so; the account's own key if it names none.
    ///
    /// # Errors
    /// `InvalidKeyId` if there is no such key.
    pub(super) fn look_up(
        tx: &ReadTx<'_>,
        name: Option<&str>,
        place: &Place,
    ) -> Result<Self, ServiceError> {
        let Some(name) = name else { return Ok(Self::Account) };
        let Place { region, account_id } = place;
        let kms = format!("arn:aws:kms:{region}:{account_id}:");
        let local = name.strip_prefix(&kms).unwrap_or(name);
        if local == DEFAULT_KEY_ID {
            return Ok(Self::Account);
        }
        let key = find(tx, local)?.ok_or_else(|| invalid_key(name))?;
        let material = named_keys::material(tx, &key.id, key.latest)?
            .ok_or_else(|| ServiceError::internal(format!("{} has no material", key.alias)))?;
        Ok(Self::Named { name: name.to_owned(), material })
    }

    /// Returns what the request called the key, if it is not the account's own.
    pub(super) fn shown_name(&self) -> Option<String> {
        match self {
            Self::Account => None,
            Self::Named { name, .. } => Some(name.clone()),
        }
    }
}

impl Services {
    /// Makes a key that parameters can name as their `KeyId`, by the alias or the id that is answered.
    ///
    /// # Errors
    /// `AlreadyExistsException` for an alias that is taken, `InvalidAliasNameException` for one that is none or is reserved.
    pub async fn create_key(
        &self,
        actor: &Actor,
        alias: &str,
    ) -> Result<KeyDescription, ServiceError> {
        let alias = checked_alias(alias)?;
        let id = Uuid::new_v4().to_string();
        let first = self.new_material(&id, 1)?;
        let deed = Deed::new("CreateKey", alias.as_str()).details(json!({ "keyId": id }));
        self.change(actor, deed, move |tx: &mut Tx<'_>| {
            match named_keys::create(tx, &alias, &first) {
                Err(WriteError::Exists { .. }) => {
                    return Err(ServiceError::request(
                        "AlreadyExistsException",
                        format!("there is a key {alias} already"),
                    ));
                }
                result => result?,
            }
            Ok(KeyDescription::from(NamedKey {
                id: first.key_id.clone(),
                alias: alias.clone(),
                latest: first.number,
                created_ms: first.created_ms,
            }))
        })
        .await
    }

    /// Gives a key, named by alias or id, new material, which seals from now on; older values stay readable.
    /// [`Services::rewrap_parameters`] moves them to it.
    ///
    /// # Errors
    /// `InvalidKeyId` if there is no such key, `TooManyUpdates` if it is being rotated elsewhere.
    pub async fn rotate_key(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<KeyDescription, ServiceError> {
        let asked = name.to_owned();
        let found = self.store().read(move |tx| find(tx, &asked)).await?;
        let mut key = found.ok_or_else(|| invalid_key(name))?;
        key.latest += 1;
        let newer = self.new_material(&key.id, key.latest)?;
        let deed = Deed::new("RotateKey", key.alias.as_str())
            .details(json!({ "keyId": key.id, "version": key.latest }));
        self.change(actor, deed, move |tx: &mut Tx<'_>| match named_keys::rotate(tx, &newer) {
            Err(WriteError::Conflict { .. }) => Err(ServiceError::request(
                "TooManyUpdates",
                format!("the key {} was rotated meanwhile", key.alias),
            )),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(KeyDescription::from(key.clone())),
        })
        .await
    }

    /// Makes a new key of the installation in the data directory, and returns its name. It seals once the keys are read anew, so from
    /// the next start on.
    ///
    /// # Errors
    /// `TooManyUpdates` if one was made that does not seal yet.
    pub async fn rotate_installation_key(&self, actor: &Actor) -> Result<KeyId, ServiceError> {
        let (keyring, directory) = (self.keyring().clone(), self.store().directory().to_owned());
        let made = if let Some(transit) = self.transit() {
            keyring.make_wrapped(&directory, transit).await
        } else {
            let making = tokio::task::spawn_blocking(move || keyring.rotated(&directory));
            let made = making.await.map_err(|error| {
                ServiceError::internal(format!("the key was not made: {error}"))
            })?;
            made.map(|keyring| keyring.primary())
        };
        let primary = match made {
            Ok(primary) => primary,
            Err(KeyringError::Io { path, source })
                if source.kind() == io::ErrorKind::AlreadyExists =>
            {
                return Err(ServiceError::request(
                    "TooManyUpdates",
                    format!("{} is there already and seals from the next start on", path.display()),
                ));
            }
            Err(error) => return Err(ServiceError::internal(error.to_string())),
        };
        let deed = Deed::new("RotateInstallationKey", primary.to_string());
        self.record(actor, deed, "allow").await?;
        Ok(primary)
    }

    /// Returns all named keys, by alias; the account's own key, which is the keyring's, is none of them.
    pub async fn list_keys(&self) -> Result<Vec<KeyDescription>, ServiceError> {
        let keys = self.store().read(named_keys::list).await?;
        Ok(keys.into_iter().map(KeyDescription::from).collect())
    }

    fn new_material(&self, key_id: &str, number: u32) -> Result<Material, ServiceError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes).map_err(|error| {
            ServiceError::new(ErrorKind::Internal, "InternalServerError", error.to_string())
        })?;
        let mut material = Material {
            key_id: key_id.to_owned(),
            number,
            wrapped: Sealed { key_id: self.keyring().primary().to_string(), envelope: Vec::new() },
            created_ms: now_ms(),
        };
        let id = material.id();
        material.wrapped.envelope = envelope::seal(self.keyring(), binding(&id), &*bytes)
            .map_err(|error| ServiceError::internal(format!("{id} cannot be sealed: {error}")))?;
        Ok(material)
    }

    /// Unwraps the material of this id.
    pub(super) fn unwrapped(
        &self,
        id: &str,
        wrapped: &Sealed,
    ) -> Result<NamedMaterial, ServiceError> {
        let failed = |reason: String| {
            ServiceError::internal(format!("the key {id} cannot be unwrapped: {reason}"))
        };
        let number = id.rsplit_once('/').and_then(|(_, number)| number.parse().ok());
        let number = number.ok_or_else(|| failed("it has no number".to_owned()))?;
        let text = envelope::open(self.keyring(), binding(id), &wrapped.envelope)
            .map_err(|error| failed(error.to_string()))?;
        let bytes = text.as_slice().try_into().map(Zeroizing::new);
        let bytes = bytes.map_err(|_| failed("it has another length".to_owned()))?;
        Ok(NamedMaterial { id: id.to_owned(), number, bytes })
    }

    /// Wraps a material anew, under the keyring's primary key.
    pub(super) fn rewrapped(&self, material: &Material) -> Result<Sealed, ServiceError> {
        let id = material.id();
        let envelope = envelope::rewrap(self.keyring(), binding(&id), &material.wrapped.envelope)
            .map_err(|error| ServiceError::internal(format!("the key {id}: {error}")))?;
        Ok(Sealed { key_id: self.keyring().primary().to_string(), envelope })
    }
}

fn binding(id: &str) -> Binding<'_> {
    Binding { purpose: "KEY_MATERIAL", resource: id, version: 0 }
}

/// Finds a key by `alias/<name>`, `key/<id>` or its id.
fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<NamedKey>, ServiceError> {
    if name.starts_with(ALIAS_PREFIX) {
        return Ok(named_keys::by_alias(tx, name)?);
    }
    Ok(named_keys::by_id(tx, name.strip_prefix("key/").unwrap_or(name))?)
}

fn invalid_key(name: &str) -> ServiceError {
    ServiceError::request(
        "InvalidKeyId",
        format!(
            "Invalid keyId {name}: there is no such key here. {DEFAULT_KEY_ID} is always there."
        ),
    )
}

fn checked_alias(alias: &str) -> Result<String, ServiceError> {
    let invalid = |reason: &str| {
        Err(ServiceError::request(
            "InvalidAliasNameException",
            format!("the alias {alias:?} {reason}"),
        ))
    };
    let Some(name) = alias.strip_prefix(ALIAS_PREFIX) else {
        return invalid("does not begin with alias/");
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    if name.is_empty() || alias.len() > ALIAS_CHARACTERS_MAX || !name.bytes().all(allowed) {
        return invalid("is not alias/ and up to 250 letters, digits and / _ -");
    }
    if alias.starts_with(RESERVED_PREFIX) {
        return invalid("begins with alias/aws/, which is reserved");
    }
    Ok(alias.to_owned())
}
