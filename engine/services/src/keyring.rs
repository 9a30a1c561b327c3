//! The keys that wrap data keys. They never enter the database.
//!
//! A key is `k<n>`; the one with the highest n is the primary, which seals; all of them open. They come from the systemd
//! credential `runwright-key`, from the file that `RUNWRIGHT_KEY_FILE` names, from the variable `RUNWRIGHT_KEY` itself, and from
//! `keys/k<n>.key` in the data directory; or from `keys/k<n>.wrapped` there, where Vault wraps them. Two different keys of one name are refused. When no source has a key and the store knows none, `keys/k1.key` is
//! created. A store is not opened without the keys that sealed its values.

mod environment;
mod file;
mod proof;
mod transit;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use ssm_model::Sensitive;
use store::{Sealed, Store};
use zeroize::Zeroizing;

use crate::envelope::EnvelopeError;
use crate::parameters::secret_backend::SecretError;

pub use transit::{Transit, TransitSettings, Unwrapped};

/// The length of a key in bytes.
pub const KEY_BYTES: usize = 32;

const CREDENTIAL: &str = "runwright-key";
const DIRECTORY: &str = "keys";

/// The name of a key: `k1`, `k2` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", self.0)
    }
}

impl FromStr for KeyId {
    type Err = KeyringError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('k')
            .filter(|digits| !digits.starts_with(['0', '+']))
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or_else(|| KeyringError::Name { text: text.to_owned() })
    }
}

/// Why the keys could not be loaded or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("cannot use the key file {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} has mode {mode:04o}: keys must be closed to group and others", path.display())]
    Permissions { path: PathBuf, mode: u32 },
    #[error(
        "{} holds no key: 32 bytes, or lines of the form `k1:<64 hexadecimal digits>`, are expected",
        path.display()
    )]
    Malformed { path: PathBuf },
    #[error("{text:?} is not the name of a key: names are k1, k2 and so on")]
    Name { text: String },
    #[error("two different keys are named {id}, one of them in {}", path.display())]
    Conflict { id: KeyId, path: PathBuf },
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    #[error(
        "the store's secrets are sealed with the key {id}, which is not here (found: {found}): give keys/{id}.key back to the data \
         directory, or name it by RUNWRIGHT_KEY_FILE or RUNWRIGHT_KEY"
    )]
    Missing { id: KeyId, found: String },
    #[error("the key {id} is another than the one of this name that sealed the store's secrets")]
    Other { id: KeyId },
    #[error("a proof of a key cannot be sealed")]
    Proof(#[source] EnvelopeError),
    #[error(
        "the keys are wrapped by the transit engine at {address}, which was asked in vain: {source}"
    )]
    Transit { address: String, source: SecretError },
    #[error("the store's keys cannot be read")]
    Read(#[from] store::ReadError),
    #[error("the store's keys cannot be written")]
    Write(#[from] store::WriteError),
}

/// Where keys are looked for beside the data directory.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// systemd's `CREDENTIALS_DIRECTORY`.
    pub credentials_directory: Option<PathBuf>,
    /// `RUNWRIGHT_KEY_FILE`.
    pub key_file: Option<PathBuf>,
    /// `RUNWRIGHT_KEY`: lines as in a key file, divided by line ends or commas.
    pub keys: Option<Sensitive>,
    /// What [`Transit`] has unwrapped, where the operator has keys wrapped.
    pub unwrapped: Option<Unwrapped>,
}

impl Sources {
    /// Reads the environment variables.
    pub fn from_environment() -> Self {
        Self {
            credentials_directory: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            key_file: std::env::var_os("RUNWRIGHT_KEY_FILE").map(PathBuf::from),
            keys: std::env::var_os(environment::VARIABLE)
                .map(|keys| Sensitive::new(keys.to_string_lossy())),
            unwrapped: None,
        }
    }

    /// Whether some of them may have keys.
    fn is_some(&self) -> bool {
        self.credentials_directory.is_some() || self.key_file.is_some() || self.keys.is_some()
    }
}

type Key = Zeroizing<[u8; KEY_BYTES]>;

/// All keys that are known.
#[derive(Clone)]
pub struct Keyring {
    /// Never empty.
    keys: Arc<BTreeMap<KeyId, Key>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

impl Keyring {
    /// Loads the keys of a store's data directory and of all other sources, and sees that they are those that sealed its values.
    /// Blocks.
    pub fn of_store(store: &Store, sources: &Sources) -> Result<Self, KeyringError> {
        let known = store.read_blocking(store::keys::list)?;
        let keyring = Self::open(store.directory(), sources, &known)?;
        let primary = keyring.primary().to_string();
        if known.iter().all(|proof| proof.key_id != primary) {
            let proof = proof::seal(&keyring)?;
            store.write_blocking(move |tx| store::keys::add(tx, &proof))?;
        }
        Ok(keyring)
    }

    /// Loads the keys of all sources; creates `keys/k1.key` in the data directory when there is none and none is `known`.
    ///
    /// A key file or directory that group or others can enter is refused, and so is a set of keys that lacks a known one. The
    /// caller owns the data directory: what a killed creation left of a key there is removed.
    pub fn open(
        data_directory: &Path,
        sources: &Sources,
        known: &[Sealed],
    ) -> Result<Self, KeyringError> {
        let mut keys = BTreeMap::new();
        let credential =
            sources.credentials_directory.as_ref().map(|directory| directory.join(CREDENTIAL));
        if let Some(path) = credential.filter(|path| path.exists()) {
            insert(&mut keys, &path, file::read(&path)?)?;
        }
        if let Some(path) = &sources.key_file {
            insert(&mut keys, path, file::read(path)?)?;
        }
        if let Some(text) = &sources.keys {
            insert(&mut keys, Path::new(environment::VARIABLE), environment::read(text.expose())?)?;
        }
        let directory = data_directory.join(DIRECTORY);
        for (path, id) in file::list(&directory)? {
            let key = file::read_one(&path)?;
            insert(&mut keys, &path, vec![(id, key)])?;
        }
        for (id, key) in sources.unwrapped.iter().flat_map(|unwrapped| &unwrapped.0) {
            insert(&mut keys, &directory, vec![(*id, key.clone())])?;
        }
        if keys.is_empty() && known.is_empty() {
            keys.insert(KeyId(1), file::create(&directory, KeyId(1))?);
        }
        let keyring = Self { keys: Arc::new(keys) };
        known.iter().try_for_each(|proof| proof::check(&keyring, proof))?;
        Ok(keyring)
    }

    /// Makes a key newer than all others in the data directory, wrapped, and returns its name.
    pub(crate) async fn make_wrapped(
        &self,
        data_directory: &Path,
        transit: &Transit,
    ) -> Result<KeyId, KeyringError> {
        let id = KeyId(self.primary().0.saturating_add(1));
        transit.create(data_directory, id).await?;
        Ok(id)
    }

    /// Makes a key newer than all others in the data directory and returns the keyring that has it as its primary.
    pub fn rotated(&self, data_directory: &Path) -> Result<Self, KeyringError> {
        let id = KeyId(self.primary().0.saturating_add(1));
        let mut keys = BTreeMap::clone(&self.keys);
        keys.insert(id, file::create(&data_directory.join(DIRECTORY), id)?);
        Ok(Self { keys: Arc::new(keys) })
    }

    /// Returns the key that seals.
    pub fn primary(&self) -> KeyId {
        self.keys.last_key_value().map_or(KeyId(0), |(id, _)| *id)
    }

    /// Returns the names of all keys, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.keys.keys().copied()
    }

    pub(crate) fn key(&self, id: KeyId) -> Option<&[u8; KEY_BYTES]> {
        self.keys.get(&id).map(|key| &**key)
    }
}

fn insert(
    keys: &mut BTreeMap<KeyId, Key>,
    path: &Path,
    found: Vec<(KeyId, Key)>,
) -> Result<(), KeyringError> {
    for (id, key) in found {
        if keys.get(&id).is_some_and(|known| **known != *key) {
            return Err(KeyringError::Conflict { id, path: path.to_owned() });
        }
        keys.insert(id, key);
    }
    Ok(())
}
