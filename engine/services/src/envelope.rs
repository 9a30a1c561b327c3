//! Envelope encryption: each sealed text has its own data key, wrapped by a key of the [`Keyring`].
//!
//! The format, all lengths in bytes:
//! `format 1 | key id 4, big endian | wrap nonce 24 | wrapped data key 48 | nonce 24 | ciphertext and tag`.
//! Both ciphers are XChaCha20-Poly1305. Text and data key are bound to what they belong to, so an envelope that is moved to
//! another name or another version does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::keyring::{KEY_BYTES, KeyId, Keyring};

const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;
const WRAP_AT: usize = 5;
const TEXT_AT: usize = WRAP_AT + NONCE_BYTES + WRAPPED_BYTES;
const ENVELOPE_BYTES_MIN: usize = TEXT_AT + NONCE_BYTES + TAG_BYTES;

/// What an envelope belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// `PARAMETER_ARN`, as in SSM's encryption context, or `RUN_SEED`.
    pub purpose: &'a str,
    /// The ARN, or the run's id.
    pub resource: &'a str,
    pub version: u64,
}

/// Why an envelope could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the key {key} is needed and not among the keys of this installation ({known})")]
    KeyMissing { key: KeyId, known: String },
    #[error("the envelope has the unknown format {0}")]
    Format(u8),
    #[error("the envelope is cut short")]
    Truncated,
    /// Also when it was moved to another name or version.
    #[error("the envelope does not open under the key {key}: it was altered or moved")]
    Altered { key: KeyId },
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    #[error("the text cannot be sealed")]
    Seal,
}

/// Seals a text under the primary key.
pub fn seal(
    keyring: &Keyring,
    binding: Binding<'_>,
    text: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let mut data_key = Zeroizing::new([0; KEY_BYTES]);
    fill(&mut *data_key)?;
    let mut envelope = wrap(keyring, binding, &data_key)?;
    let nonce = random_nonce()?;
    let aad = text_aad(binding);
    let sealed = XChaCha20Poly1305::new(&Key::from(*data_key))
        .encrypt(&XNonce::from(nonce), Payload { msg: text, aad: &aad })
        .map_err(|_| EnvelopeError::Seal)?;
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&sealed);
    Ok(envelope)
}

/// Opens an envelope that [`seal`] made for the same binding.
pub fn open(
    keyring: &Keyring,
    binding: Binding<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let data_key = unwrap(keyring, binding, envelope)?;
    let key = key_id(envelope)?;
    let nonce = nonce_at(envelope, TEXT_AT)?;
    let aad = text_aad(binding);
    XChaCha20Poly1305::new(&Key::from(*data_key))
        .decrypt(&nonce, Payload { msg: &envelope[TEXT_AT + NONCE_BYTES..], aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::Altered { key })
}

/// Wraps the data key of an envelope anew, under the primary key. The text's ciphertext stays as it is.
pub fn rewrap(
    keyring: &Keyring,
    binding: Binding<'_>,
    envelope: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let data_key = unwrap(keyring, binding, envelope)?;
    let mut rewrapped = wrap(keyring, binding, &data_key)?;
    rewrapped.extend_from_slice(&envelope[TEXT_AT..]);
    Ok(rewrapped)
}

/// Returns the key that an envelope needs.
pub fn key_id(envelope: &[u8]) -> Result<KeyId, EnvelopeError> {
    let format = *envelope.first().ok_or(EnvelopeError::Truncated)?;
    if format != FORMAT {
        return Err(EnvelopeError::Format(format));
    }
    if envelope.len() < ENVELOPE_BYTES_MIN {
        return Err(EnvelopeError::Truncated);
    }
    let bytes = envelope[1..WRAP_AT].try_into().map_err(|_| EnvelopeError::Truncated)?;
    Ok(KeyId(u32::from_be_bytes(bytes)))
}

fn wrap(
    keyring: &Keyring,
    binding: Binding<'_>,
    data_key: &[u8; KEY_BYTES],
) -> Result<Vec<u8>, EnvelopeError> {
    let id = keyring.primary();
    let nonce = random_nonce()?;
    let aad = wrap_aad(id, binding);
    let wrapped = XChaCha20Poly1305::new(&Key::from(*key(keyring, id)?))
        .encrypt(&XNonce::from(nonce), Payload { msg: data_key, aad: &aad })
        .map_err(|_| EnvelopeError::Seal)?;
    let mut head = vec![FORMAT];
    head.extend_from_slice(&id.0.to_be_bytes());
    head.extend_from_slice(&nonce);
    head.extend_from_slice(&wrapped);
    Ok(head)
}

fn unwrap(
    keyring: &Keyring,
    binding: Binding<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<[u8; KEY_BYTES]>, EnvelopeError> {
    let id = key_id(envelope)?;
    let nonce = nonce_at(envelope, WRAP_AT)?;
    let aad = wrap_aad(id, binding);
    let wrapped = &envelope[WRAP_AT + NONCE_BYTES..TEXT_AT];
    let data_key = XChaCha20Poly1305::new(&Key::from(*key(keyring, id)?))
        .decrypt(&nonce, Payload { msg: wrapped, aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::Altered { key: id })?;
    data_key
        .as_slice()
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::Altered { key: id })
}

fn key(keyring: &Keyring, id: KeyId) -> Result<&[u8; KEY_BYTES], EnvelopeError> {
    keyring.key(id).ok_or_else(|| {
        let known: Vec<String> = keyring.ids().map(|id| id.to_string()).collect();
        EnvelopeError::KeyMissing { key: id, known: known.join(", ") }
    })
}

fn text_aad(binding: Binding<'_>) -> Vec<u8> {
    fields(&[
        &[FORMAT],
        binding.purpose.as_bytes(),
        binding.resource.as_bytes(),
        &binding.version.to_be_bytes(),
    ])
}

fn wrap_aad(id: KeyId, binding: Binding<'_>) -> Vec<u8> {
    fields(&[
        id.to_string().as_bytes(),
        binding.purpose.as_bytes(),
        binding.resource.as_bytes(),
        &binding.version.to_be_bytes(),
    ])
}

/// Each field with its length before it, so that no two lists of fields read alike.
fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

fn nonce_at(envelope: &[u8], at: usize) -> Result<XNonce, EnvelopeError> {
    let bytes: [u8; NONCE_BYTES] = envelope
        .get(at..at + NONCE_BYTES)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(EnvelopeError::Truncated)?;
    Ok(XNonce::from(bytes))
}

fn random_nonce() -> Result<[u8; NONCE_BYTES], EnvelopeError> {
    let mut nonce = [0; NONCE_BYTES];
    fill(&mut nonce)?;
    Ok(nonce)
}

fn fill(bytes: &mut [u8]) -> Result<(), EnvelopeError> {
    getrandom::fill(bytes).map_err(|error| EnvelopeError::Random(error.to_string()))
}
