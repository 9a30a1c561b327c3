//! Standard Webhooks: checking what comes in, signing what goes out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::Choice;
use zeroize::Zeroizing;

use super::headers::Headers;
use super::options::{Digest, SECRETS_MAX, Tolerance};
use super::signature::{Key, Secret, accept, bounded};
use super::{BODY_BYTES_MAX, Cause, Request};
use crate::Sensitive;

/// The header of the identifier, the same when a delivery is sent again.
pub const ID_HEADER: &str = "webhook-id";
/// The header of the time of sending, in seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header of the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

const ID_BYTES_MAX: usize = 256;
const SECRET_PREFIX: &str = "whsec_";
const PRIVATE_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";
const HMAC_VERSION: &str = "v1";
const ED25519_VERSION: &str = "v1a";

/// The headers that go with a delivery of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// For [`ID_HEADER`].
    pub id: String,
    /// For [`TIMESTAMP_HEADER`].
    pub timestamp: String,
    /// For [`SIGNATURE_HEADER`]: one signature of each secret.
    pub signature: String,
}

/// Why a delivery of ours cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error(
        "an identifier has 1 to {ID_BYTES_MAX} visible ASCII characters and no full stop, which separates it from the time"
    )]
    Id,
    #[error("a delivery is signed by one to {SECRETS_MAX} secrets, not {count}")]
    SecretCount { count: usize },
    #[error(
        "secret {position} does not sign: write whsec_ and base64 of 24 bytes or more, or whsk_ and base64 of an ed25519 key"
    )]
    Secret {
        /// From 1.
        position: usize,
    },
    #[error("a body has at most {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
}

/// Signs a delivery that goes out, with each secret: `v1` by a `whsec_` secret, `v1a` by a private key `whsk_`.
///
/// `timestamp_s` is the time of this sending, in seconds since the Unix epoch; `id` stays the same when it is sent again.
///
/// # Errors
/// An identifier that cannot be told from the time, a body that is too large, and a secret that is not one of the two.
pub fn sign(
    secrets: &[Sensitive],
    id: &str,
    timestamp_s: u64,
    body: &[u8],
) -> Result<SignedHeaders, SignError> {
    if !is_id(id) {
        return Err(SignError::Id);
    }
    if body.len() > BODY_BYTES_MAX {
        return Err(SignError::BodyTooLarge);
    }
    if secrets.is_empty() || secrets.len() > SECRETS_MAX {
        return Err(SignError::SecretCount { count: secrets.len() });
    }
    let timestamp = timestamp_s.to_string();
    let content = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let mut signatures = Vec::new();
    for (index, secret) in secrets.iter().enumerate() {
        let signature = sign_with(secret, &content);
        signatures.push(signature.ok_or(SignError::Secret { position: index + 1 })?);
    }
    Ok(SignedHeaders { id: id.to_owned(), timestamp, signature: signatures.join(" ") })
}

fn sign_with(secret: &Sensitive, content: &[u8]) -> Option<String> {
    if let Some(encoded) = secret.expose().strip_prefix(PRIVATE_PREFIX) {
        let signature = private_key(encoded)?.sign(content);
        return Some(format!("{ED25519_VERSION},{}", STANDARD.encode(signature.to_bytes())));
    }
    let key = symmetric_key(secret)?;
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?.chain_update(content);
    Some(format!("{HMAC_VERSION},{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Checks the three headers of a delivery.
pub(super) fn check(
    headers: Headers<'_>,
    request: &Request<'_>,
    tolerance: Tolerance,
    secrets: &[Sensitive],
) -> Result<(), Cause> {
    let id = headers.need(ID_HEADER)?;
    if !is_id(id) {
        return Err(Cause::IdentifierForm { header: ID_HEADER.to_owned() });
    }
    let timestamp = headers.timestamp(TIMESTAMP_HEADER, request.now_ms, tolerance)?;
    let signatures = headers.need(SIGNATURE_HEADER)?.split(' ').filter_map(read_signature);
    let signatures = bounded(signatures.collect(), SIGNATURE_HEADER)?;
    let keys: Vec<_> = secrets.iter().map(StandardKey::read).collect();
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", request.body];
    accept(&keys, &parts, &signatures)
}

/// Reads `v1,<base64>`; the first byte of what is returned tells the version, so that no key judges another's form.
fn read_signature(text: &str) -> Option<Vec<u8>> {
    let (version, encoded) = text.split_once(',')?;
    let mark = match version {
        HMAC_VERSION => HMAC_MARK,
        ED25519_VERSION => ED25519_MARK,
        _ => return None,
    };
    let signature = STANDARD.decode(encoded).ok()?;
    Some([&[mark], signature.as_slice()].concat())
}

const HMAC_MARK: u8 = 1;
const ED25519_MARK: u8 = 2;

/// A secret that both sides know, or the public key of the sender.
enum StandardKey {
    Symmetric(Secret),
    Public(VerifyingKey),
}

impl StandardKey {
    fn read(secret: &Sensitive) -> Option<Self> {
        let Some(encoded) = secret.expose().strip_prefix(PUBLIC_PREFIX) else {
            return Secret::new(symmetric_key(secret)?, Digest::Sha256).map(Self::Symmetric);
        };
        let bytes: [u8; 32] = STANDARD.decode(encoded).ok()?.try_into().ok()?;
        VerifyingKey::from_bytes(&bytes).ok().map(Self::Public)
    }
}

impl Key for StandardKey {
    fn matches(&self, parts: &[&[u8]], signature: &[u8]) -> Choice {
        let Some((mark, signature)) = signature.split_first() else { return Choice::from(0) };
        match (self, *mark) {
            (Self::Symmetric(secret), HMAC_MARK) => secret.matches(parts, signature),
            (Self::Public(key), ED25519_MARK) => {
                let signature = Signature::from_slice(signature);
                let is_by_key = signature
                    .is_ok_and(|signature| key.verify_strict(&parts.concat(), &signature).is_ok());
                Choice::from(u8::from(is_by_key))
            }
            (Self::Symmetric(_) | Self::Public(_), _) => Choice::from(0),
        }
    }
}

/// Returns the bytes of `whsec_<base64>`; the prefix may be left out, as the scheme's own libraries allow.
fn symmetric_key(secret: &Sensitive) -> Option<Zeroizing<Vec<u8>>> {
    let text = secret.expose();
    let encoded = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
    let key = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    (key.len() >= SECRET_BYTES_MIN).then_some(key)
}

/// The shortest secret that the scheme allows.
const SECRET_BYTES_MIN: usize = 24;

/// Reads the seed, or the seed and the public key as the scheme's own libraries write it.
fn private_key(encoded: &str) -> Option<SigningKey> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    if let Ok(seed) = <&[u8; 32]>::try_from(bytes.as_slice()) {
        return Some(SigningKey::from_bytes(seed));
    }
    SigningKey::from_keypair_bytes(<&[u8; 64]>::try_from(bytes.as_slice()).ok()?).ok()
}

fn is_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.')
}
