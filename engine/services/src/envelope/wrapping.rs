//! Keys that wrap data keys: those of the keyring, and materials of named keys.

use std::fmt;

use zeroize::Zeroizing;

use super::EnvelopeError;
use crate::keyring::{KEY_BYTES, KeyId, Keyring};

/// The format of an envelope whose data key a key of the keyring wraps.
pub(super) const OF_KEYRING: u8 = 1;
/// The format of an envelope whose data key a material of a named key wraps.
pub(super) const OF_NAMED: u8 = 2;

/// The material of a named key, unwrapped.
pub(crate) struct NamedMaterial {
    /// The key's id, a slash and the number.
    pub(crate) id: String,
    pub(crate) number: u32,
    pub(crate) bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for NamedMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamedMaterial").field(&self.id).finish()
    }
}

/// A key that wraps data keys.
pub(crate) struct WrappingKey<'k> {
    pub(super) format: u8,
    pub(super) number: u32,
    /// What it is bound to beside its number.
    pub(super) name: String,
    pub(super) bytes: &'k [u8; KEY_BYTES],
}

impl fmt::Debug for WrappingKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WrappingKey").field(&self.name).finish()
    }
}

impl<'k> WrappingKey<'k> {
    /// Returns a key of the keyring.
    pub(crate) fn of_keyring(keyring: &'k Keyring, id: KeyId) -> Result<Self, EnvelopeError> {
        let bytes = keyring.key(id).ok_or_else(|| {
            let known: Vec<String> = keyring.ids().map(|id| id.to_string()).collect();
            EnvelopeError::KeyMissing { key: id, known: known.join(", ") }
        })?;
        Ok(Self { format: OF_KEYRING, number: id.0, name: id.to_string(), bytes })
    }

    /// Returns the key that a material is.
    pub(crate) fn named(material: &'k NamedMaterial) -> Self {
        let NamedMaterial { id, number, bytes } = material;
        Self { format: OF_NAMED, number: *number, name: id.clone(), bytes }
    }

    pub(super) fn altered(&self) -> EnvelopeError {
        if self.format == OF_KEYRING {
            return EnvelopeError::Altered { key: KeyId(self.number) };
        }
        EnvelopeError::NamedAltered { key: self.name.clone() }
    }
}
