//! Envelope encryption: each sealed text has its own data key, wrapped by a key of the [`Keyring`].
//!
//! The format, all lengths in bytes:
//! `format 1 | key id 4, big endian | wrap nonce 24 | wrapped data key 48 | nonce 24 | ciphertext and tag`.
//! Both ciphers are XChaCha20-Poly1305. Text and data key are bound to what they belong to, so an envelope that is moved to
//! another name or another version does not open. In format 2 the data key is wrapped by a material of a named key, whose number
//! stands where the key id does.

mod wrapping;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::keyring::{KEY_BYTES, KeyId, Keyring};

pub(crate) use wrapping::{NamedMaterial, WrappingKey};

use wrapping::OF_KEYRING;

/// What every text is bound to, whichever key wraps its data key: so rewrapping leaves it as it is.
const TEXT_FORMAT: u8 = 1;
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
    /// As [`EnvelopeError::Altered`], of the material of a named key.
    #[error("the envelope does not open under the key {key}: it was altered or moved")]
    NamedAltered { key: String },
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
    seal_under(&WrappingKey::of_keyring(keyring, keyring.primary())?, binding, text)
}

/// Seals a text under a key.
pub(crate) fn seal_under(
    key: &WrappingKey<'_>,
    binding: Binding<'_>,
    text: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let mut data_key = Zeroizing::new([0; KEY_BYTES]);
    fill(&mut *data_key)?;
    let mut envelope = wrap(key, binding, &data_key)?;
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
    open_under(&WrappingKey::of_keyring(keyring, key_id(envelope)?)?, binding, envelope)
}

/// Opens an envelope that [`seal_under`] made under the same key for the same binding.
pub(crate) fn open_under(
    key: &WrappingKey<'_>,
    binding: Binding<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let data_key = unwrap(key, binding, envelope)?;
    let nonce = nonce_at(envelope, TEXT_AT)?;
    let aad = text_aad(binding);
    XChaCha20Poly1305::new(&Key::from(*data_key))
        .decrypt(&nonce, Payload { msg: &envelope[TEXT_AT + NONCE_BYTES..], aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| key.altered())
}

/// Wraps the data key of an envelope anew, under the primary key. The text's ciphertext stays as it is.
pub fn rewrap(
    keyring: &Keyring,
    binding: Binding<'_>,
    envelope: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let old = WrappingKey::of_keyring(keyring, key_id(envelope)?)?;
    let new = WrappingKey::of_keyring(keyring, keyring.primary())?;
    rewrap_under(&old, &new, binding, envelope)
}

/// Wraps the data key of an envelope, which `old` wraps, anew under `new`.
pub(crate) fn rewrap_under(
    old: &WrappingKey<'_>,
    new: &WrappingKey<'_>,
    binding: Binding<'_>,
    envelope: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let data_key = unwrap(old, binding, envelope)?;
    let mut rewrapped = wrap(new, binding, &data_key)?;
    rewrapped.extend_from_slice(&envelope[TEXT_AT..]);
    Ok(rewrapped)
}

/// Returns the key of the keyring that an envelope needs.
pub fn key_id(envelope: &[u8]) -> Result<KeyId, EnvelopeError> {
    Ok(KeyId(key_number(OF_KEYRING, envelope)?))
}

fn key_number(format: u8, envelope: &[u8]) -> Result<u32, EnvelopeError> {
    let found = *envelope.first().ok_or(EnvelopeError::Truncated)?;
    if found != format {
        return Err(EnvelopeError::Format(found));
    }
    if envelope.len() < ENVELOPE_BYTES_MIN {
        return Err(EnvelopeError::Truncated);
    }
    let bytes = envelope[1..WRAP_AT].try_into().map_err(|_| EnvelopeError::Truncated)?;
    Ok(u32::from_be_bytes(bytes))
}

fn wrap(
    key: &WrappingKey<'_>,
    binding: Binding<'_>,
    data_key: &[u8; KEY_BYTES],
) -> Result<Vec<u8>, EnvelopeError> {
    let nonce = random_nonce()?;
    let aad = wrap_aad(key, binding);
    let wrapped = XChaCha20Poly1305::new(&Key::from(*key.bytes))
        .encrypt(&XNonce::from(nonce), Payload { msg: data_key, aad: &aad })
        .map_err(|_| EnvelopeError::Seal)?;
    let mut head = vec![key.format];
    head.extend_from_slice(&key.number.to_be_bytes());
    head.extend_from_slice(&nonce);
    head.extend_from_slice(&wrapped);
    Ok(head)
}

fn unwrap(
    key: &WrappingKey<'_>,
    binding: Binding<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<[u8; KEY_BYTES]>, EnvelopeError> {
    if key_number(key.format, envelope)? != key.number {
        return Err(key.altered());
    }
    let nonce = nonce_at(envelope, WRAP_AT)?;
    let aad = wrap_aad(key, binding);
    let wrapped = &envelope[WRAP_AT + NONCE_BYTES..TEXT_AT];
    let data_key = XChaCha20Poly1305::new(&Key::from(*key.bytes))
        .decrypt(&nonce, Payload { msg: wrapped, aad: &aad })
        .map(Zeroizing::new)
        .map_err(|_| key.altered())?;
    data_key.as_slice().try_into().map(Zeroizing::new).map_err(|_| key.altered())
}

fn text_aad(binding: Binding<'_>) -> Vec<u8> {
    fields(&[
        &[TEXT_FORMAT],
        binding.purpose.as_bytes(),
        binding.resource.as_bytes(),
        &binding.version.to_be_bytes(),
    ])
}

fn wrap_aad(key: &WrappingKey<'_>, binding: Binding<'_>) -> Vec<u8> {
    fields(&[
        key.name.as_bytes(),
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
