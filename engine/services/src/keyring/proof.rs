//! A sealed text that only the key which made it opens.

use store::Sealed;

use super::{KeyId, Keyring, KeyringError};
use crate::envelope::{self, Binding, EnvelopeError};

const TEXT: &[u8] = b"runwright";

/// Returns the proof of the primary key.
pub(super) fn seal(keyring: &Keyring) -> Result<Sealed, KeyringError> {
    let key_id = keyring.primary().to_string();
    let sealed = envelope::seal(keyring, binding(&key_id), TEXT);
    Ok(Sealed { envelope: sealed.map_err(KeyringError::Proof)?, key_id })
}

pub(super) fn check(keyring: &Keyring, proof: &Sealed) -> Result<(), KeyringError> {
    let id: KeyId = proof.key_id.parse()?;
    match envelope::open(keyring, binding(&proof.key_id), &proof.envelope) {
        Ok(_) => Ok(()),
        Err(EnvelopeError::KeyMissing { .. }) => {
            let found: Vec<String> = keyring.ids().map(|id| id.to_string()).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            Err(KeyringError::Missing { id, found })
        }
        Err(_) => Err(KeyringError::Other { id }),
    }
}

fn binding(key_id: &str) -> Binding<'_> {
    Binding { purpose: "KEY_PROOF", resource: key_id, version: 0 }
}
