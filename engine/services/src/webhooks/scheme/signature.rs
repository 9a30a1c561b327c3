//! Signatures: every secret against every signature, in constant time.

use data_encoding::HEXLOWER;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::Cause;
use super::options::Digest;
use crate::Sensitive;

/// How many signatures of one header are tried.
pub(super) const SIGNATURES_MAX: usize = 16;

/// Something that may have signed a delivery.
pub(super) trait Key {
    /// Says whether this key made `signature` over `parts` put together.
    fn matches(&self, parts: &[&[u8]], signature: &[u8]) -> Choice;
}

/// A secret of an HMAC.
pub(super) struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    digest: Digest,
}

impl Secret {
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>, digest: Digest) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self { bytes, digest })
    }

    /// Takes the bytes of the text as they are.
    pub(super) fn text(secret: &Sensitive, digest: Digest) -> Option<Self> {
        Self::new(Zeroizing::new(secret.expose().as_bytes().to_vec()), digest)
    }
}

impl Key for Secret {
    fn matches(&self, parts: &[&[u8]], signature: &[u8]) -> Choice {
        match self.digest {
            Digest::Sha256 => is_mac::<Hmac<Sha256>>(&self.bytes, parts, signature),
            Digest::Sha512 => is_mac::<Hmac<Sha512>>(&self.bytes, parts, signature),
        }
    }
}

fn is_mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> Choice {
    // An HMAC takes keys of any length.
    let Ok(mac) = <M as KeyInit>::new_from_slice(key) else { return Choice::from(0) };
    let mac = parts.iter().fold(mac, Mac::chain_update);
    Choice::from(u8::from(mac.verify_slice(signature).is_ok()))
}

/// Accepts if any key made any of the signatures over `parts`; all are tried, whatever is found.
///
/// A secret that is no key of the scheme is passed over while another one signs, so that a mistake in one of a list stops nothing.
pub(super) fn accept<K: Key>(
    keys: &[Option<K>],
    parts: &[&[u8]],
    signatures: &[Vec<u8>],
) -> Result<(), Cause> {
    let mut accepted = Choice::from(0);
    for key in keys.iter().flatten() {
        for signature in signatures {
            accepted |= key.matches(parts, signature);
        }
    }
    judge(accepted, keys.iter().position(Option::is_none))
}

/// Accepts if any secret is `token`; neither contents nor lengths show in the time it takes.
pub(super) fn accept_token(secrets: &[Sensitive], token: &str) -> Result<(), Cause> {
    let given = Sha256::digest(token.as_bytes());
    let mut accepted = Choice::from(0);
    for secret in secrets {
        let usable = Choice::from(u8::from(!secret.expose().is_empty()));
        let known = Sha256::digest(secret.expose().as_bytes());
        accepted |= known.as_slice().ct_eq(given.as_slice()) & usable;
    }
    judge(accepted, secrets.iter().position(|secret| secret.expose().is_empty()))
}

fn judge(accepted: Choice, unusable: Option<usize>) -> Result<(), Cause> {
    match (bool::from(accepted), unusable) {
        (true, _) => Ok(()),
        (false, Some(index)) => Err(Cause::Secret { position: index + 1 }),
        (false, None) => Err(Cause::Signature),
    }
}

/// Reads lower-case hexadecimal: a signature has one spelling only.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER.decode(text.as_bytes()).ok()
}

/// Refuses a header without a signature, or with more than are tried.
pub(super) fn bounded(signatures: Vec<Vec<u8>>, header: &str) -> Result<Vec<Vec<u8>>, Cause> {
    let header = header.to_owned();
    match signatures.len() {
        0 => Err(Cause::SignatureForm { header }),
        count if count > SIGNATURES_MAX => Err(Cause::SignatureCount { header }),
        _ => Ok(signatures),
    }
}
