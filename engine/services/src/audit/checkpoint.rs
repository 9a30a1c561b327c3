//! Signed ends of the log.
//!
//! A checkpoint is an ed25519 signature of how many entries the log has and of the last one's hash, by a key that is sealed in the store
//! and opened by the keyring. Who can write the database and has not the keyring cannot make one, so the log cannot be written anew or
//! cut below its last checkpoint. That the last checkpoints and all after them are cut off together can only be told by a copy of one
//! elsewhere, which [`Services::verify_audit`] takes.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use host_api::identifier::hex;
use store::audit::checkpoints::{self, Checkpoint, CheckpointKey};
use store::audit::{self, Head};
use store::{ReadTx, Sealed};
use zeroize::Zeroizing;

use crate::Services;
use crate::actor::now_ms;
use crate::envelope::{self, Binding};
use crate::error::ServiceError;
use crate::keyring::Keyring;

const FORMAT: &str = "runwright-audit-checkpoint-v1";
const KEY_BYTES: usize = 32;
/// Entries after which the end is signed again.
const ENTRIES_MAX: u64 = 1_000;
/// Time after which an end that is not signed is.
const AGE_MAX_MS: u64 = 3_600_000;

/// What is read before an end is signed.
struct State {
    head: Head,
    latest: Option<Checkpoint>,
    keys: Vec<CheckpointKey>,
}

impl Services {
    /// Signs the end of the log and returns the checkpoint; the latest one, if nothing was recorded since.
    pub async fn checkpoint_audit(&self) -> Result<Checkpoint, ServiceError> {
        let state = self.checkpoint_state().await?;
        self.sign_end(state).await
    }

    pub(super) async fn checkpoint_audit_if_due(&self) -> Result<(), ServiceError> {
        let state = self.checkpoint_state().await?;
        let (seq, time_ms) =
            state.latest.as_ref().map_or((0, 0), |latest| (latest.head.seq, latest.time_ms));
        let entries = state.head.seq.saturating_sub(seq);
        let age_ms = now_ms().saturating_sub(time_ms);
        if entries >= ENTRIES_MAX || (entries > 0 && age_ms >= AGE_MAX_MS) {
            self.sign_end(state).await?;
        }
        Ok(())
    }

    async fn checkpoint_state(&self) -> Result<State, ServiceError> {
        let read = |tx: &ReadTx<'_>| -> Result<State, store::ReadError> {
            Ok(State {
                head: audit::head(tx)?,
                latest: checkpoints::latest(tx)?,
                keys: checkpoints::keys(tx)?,
            })
        };
        Ok(self.store().read(read).await?)
    }

    async fn sign_end(&self, state: State) -> Result<Checkpoint, ServiceError> {
        let State { head, latest, keys } = state;
        if let Some(latest) = latest.filter(|latest| latest.head == head) {
            return Ok(latest);
        }
        let key = match keys.first() {
            Some(key) => open(self.keyring(), key)?,
            None => self.first_key().await?,
        };
        let checkpoint = signed(&key, head, now_ms());
        let kept = checkpoint.clone();
        self.store().write(move |tx| checkpoints::put(tx, &kept)).await?;
        Ok(checkpoint)
    }

    /// Makes a key, unless another was made meanwhile, and returns the one that is kept.
    async fn first_key(&self) -> Result<SigningKey, ServiceError> {
        let mut seed = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *seed).map_err(|error| ServiceError::internal(error.to_string()))?;
        let public_key = public(&SigningKey::from_bytes(&seed));
        let envelope = envelope::seal(self.keyring(), binding(&public_key), &*seed)
            .map_err(|error| ServiceError::internal(format!("a key cannot be sealed: {error}")))?;
        let key_id = self.keyring().primary().to_string();
        let new =
            CheckpointKey { public_key, sealed: Sealed { key_id, envelope }, created_ms: now_ms() };
        let keep = move |tx: &mut store::Tx<'_>| {
            checkpoints::put_first_key(tx, &new)?;
            Ok(checkpoints::keys(tx)?)
        };
        let keys = self.store().write(keep).await?;
        let first = keys.first().ok_or_else(|| ServiceError::internal("a key was not kept"))?;
        open(self.keyring(), first)
    }
}

/// Opens the private half of a key, which shows that the keyring's owner made it.
pub(super) fn open(keyring: &Keyring, key: &CheckpointKey) -> Result<SigningKey, ServiceError> {
    let broken = |why: String| {
        let public_key = &key.public_key;
        ServiceError::internal(format!(
            "the key {public_key} of the audit log cannot be opened: {why}"
        ))
    };
    let seed = envelope::open(keyring, binding(&key.public_key), &key.sealed.envelope)
        .map_err(|error| broken(error.to_string()))?;
    let seed: Zeroizing<[u8; KEY_BYTES]> = seed
        .as_slice()
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| broken("its length".to_owned()))?;
    let opened = SigningKey::from_bytes(&seed);
    if public(&opened) == key.public_key {
        Ok(opened)
    } else {
        Err(broken("it is another".to_owned()))
    }
}

/// Returns whether the signature is of the checkpoint, by the key that it names.
pub(super) fn is_signed(checkpoint: &Checkpoint) -> bool {
    let key = unhex::<KEY_BYTES>(&checkpoint.public_key);
    let Some(key) = key.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok()) else {
        return false;
    };
    let Some(signature) = unhex::<64>(&checkpoint.signature) else { return false };
    let message = message(&checkpoint.head, checkpoint.time_ms);
    key.verify_strict(message.as_bytes(), &Signature::from_bytes(&signature)).is_ok()
}

/// Returns a checkpoint as one line, for a copy elsewhere.
pub fn to_text(checkpoint: &Checkpoint) -> String {
    let Checkpoint { head: Head { seq, hash }, time_ms, public_key, signature } = checkpoint;
    format!("{FORMAT} {seq} {hash} {time_ms} {public_key} {signature}")
}

/// Reads a line that [`to_text`] wrote.
pub fn from_text(text: &str) -> Option<Checkpoint> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [FORMAT, seq, hash, time_ms, public_key, signature] = words.as_slice() else {
        return None;
    };
    Some(Checkpoint {
        head: Head { seq: seq.parse().ok()?, hash: (*hash).to_owned() },
        time_ms: time_ms.parse().ok()?,
        public_key: (*public_key).to_owned(),
        signature: (*signature).to_owned(),
    })
}

fn signed(key: &SigningKey, head: Head, time_ms: u64) -> Checkpoint {
    let signature = key.sign(message(&head, time_ms).as_bytes());
    Checkpoint { signature: hex(&signature.to_bytes()), public_key: public(key), head, time_ms }
}

fn message(head: &Head, time_ms: u64) -> String {
    format!("{FORMAT}\n{}\n{}\n{time_ms}\n", head.seq, head.hash)
}

fn public(key: &SigningKey) -> String {
    hex(key.verifying_key().as_bytes())
}

fn binding(public_key: &str) -> Binding<'_> {
    Binding { purpose: "AUDIT_KEY", resource: public_key, version: 0 }
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    // Sixteen has many spellings; the one that we write is the only one.
    (hex(&bytes) == text).then_some(bytes)
}
