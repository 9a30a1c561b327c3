//! What requests are checked against, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use host_api::identifier::{Digest, Principal};
use ssm_model::Sensitive;
use store::{ReadTx, credentials, principals};
use subtle::ConstantTimeEq;

use super::tokens::id_of_hash;
use super::{AccessKey, Bearer, LastUse, access_keys, text};
use crate::Services;
use crate::error::ServiceError;
use crate::keyring::Keyring;

/// The users and credentials of the store, once they were asked for and until they change.
#[derive(Debug)]
pub(crate) struct Credentials {
    kept: RwLock<Kept>,
    /// One reads the store, all others wait for it.
    reading: tokio::sync::Mutex<()>,
    /// Stands in for the secret of an access key that there is not.
    decoy: Sensitive,
}

#[derive(Debug, Default)]
struct Kept {
    /// Counts the changes, so that what was read before one is not kept after it.
    generation: u64,
    directory: Option<Arc<Directory>>,
}

/// Users and credentials as they were in the store at one moment.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    roles: BTreeMap<Principal, BTreeSet<String>>,
    access_keys: BTreeMap<String, KnownKey>,
    /// By id.
    tokens: BTreeMap<String, KnownToken>,
}

#[derive(Debug)]
struct KnownKey {
    stored: credentials::AccessKey,
    principal: Principal,
    secret: OnceLock<Sensitive>,
    last_use: LastUse,
}

#[derive(Debug)]
struct KnownToken {
    stored: credentials::Token,
    principal: Principal,
    last_use: LastUse,
}

impl Credentials {
    pub(crate) fn new() -> Result<Self, ServiceError> {
        let (kept, reading) = (RwLock::default(), tokio::sync::Mutex::default());
        Ok(Self { kept, reading, decoy: text::secret()? })
    }

    pub(super) fn decoy(&self) -> &Sensitive {
        &self.decoy
    }

    /// Has the next one who asks read the store.
    pub(super) fn forget(&self) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.generation += 1;
        kept.directory = None;
    }

    fn current(&self) -> (u64, Option<Arc<Directory>>) {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        (kept.generation, kept.directory.clone())
    }

    /// Keeps what was read, unless something changed since the reading began; returns whether it was kept.
    fn keep(&self, generation: u64, directory: &Arc<Directory>) -> bool {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let is_current = kept.generation == generation;
        if is_current {
            kept.directory = Some(directory.clone());
        }
        is_current
    }
}

impl Services {
    /// Returns users and credentials as they are now.
    pub(crate) async fn directory(&self) -> Result<Arc<Directory>, ServiceError> {
        let credentials = self.credentials();
        if let (_, Some(directory)) = credentials.current() {
            return Ok(directory);
        }
        let _alone = credentials.reading.lock().await;
        loop {
            let (generation, directory) = credentials.current();
            if let Some(directory) = directory {
                return Ok(directory);
            }
            let services = self.clone();
            let read = move |tx: &ReadTx<'_>| services.read_directory(tx);
            let directory = Arc::new(self.store().read(read).await?);
            if credentials.keep(generation, &directory) {
                return Ok(directory);
            }
        }
    }

    fn read_directory(&self, tx: &ReadTx<'_>) -> Result<Directory, store::ReadError> {
        let mut directory = Directory::default();
        for user in principals::list(tx)? {
            directory.roles.insert(self.user_principal(&user.name), user.roles);
        }
        for stored in credentials::access_keys(tx, None)? {
            let principal = self.user_principal(&stored.user);
            let last_use = LastUse::since(stored.last_used_ms);
            let key = KnownKey { stored, principal, secret: OnceLock::new(), last_use };
            directory.access_keys.insert(key.stored.id.clone(), key);
        }
        for stored in credentials::tokens(tx, None)? {
            let principal = self.user_principal(&stored.user);
            let last_use = LastUse::since(stored.last_used_ms);
            let token = KnownToken { stored, principal, last_use };
            directory.tokens.insert(token.stored.id.clone(), token);
        }
        Ok(directory)
    }
}

impl Directory {
    /// Returns the roles of a user, if the principal is one.
    pub(crate) fn roles(&self, principal: &Principal) -> Option<&BTreeSet<String>> {
        self.roles.get(principal)
    }

    pub(super) fn access_key(
        &self,
        keyring: &Keyring,
        id: &str,
        now_ms: u64,
    ) -> Result<Option<AccessKey>, ServiceError> {
        let Some(known) = self.access_keys.get(id) else { return Ok(None) };
        if !access_keys::is_active(&known.stored, now_ms) {
            return Ok(None);
        }
        let secret = if let Some(secret) = known.secret.get() {
            secret.clone()
        } else {
            let secret = access_keys::open(keyring, &known.stored)?;
            known.secret.get_or_init(|| secret).clone()
        };
        Ok(Some(AccessKey {
            id: known.stored.id.clone(),
            user: known.stored.user.clone(),
            principal: known.principal.clone(),
            secret,
            last_use: known.last_use.clone(),
        }))
    }

    /// Returns whether the access key or token of this id may still be used.
    pub(crate) fn stands(&self, credential_id: &str, now_ms: u64) -> bool {
        let key = self.access_keys.get(credential_id);
        let token = self.tokens.get(credential_id);
        key.is_some_and(|key| access_keys::is_active(&key.stored, now_ms))
            || token.is_some_and(|token| !has_expired(&token.stored, now_ms))
    }

    pub(super) fn bearer(&self, token: &str, now_ms: u64) -> Option<(Bearer, LastUse)> {
        let hash = Digest::of(token.as_bytes());
        let known = self.tokens.get(id_of_hash(&hash))?;
        let is_same: bool = known.stored.hash.as_bytes().ct_eq(hash.as_str().as_bytes()).into();
        if !is_same || has_expired(&known.stored, now_ms) {
            return None;
        }
        let bearer = Bearer {
            token_id: known.stored.id.clone(),
            user: known.stored.user.clone(),
            principal: known.principal.clone(),
        };
        Some((bearer, known.last_use.clone()))
    }
}

fn has_expired(token: &credentials::Token, now_ms: u64) -> bool {
    token.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms)
}
