//! Signatures of plugins: detached ed25519 over `runwright-plugin-v1\0` and the SHA-256 of the whole file.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature as Bytes, Signer as _, SigningKey, VerifyingKey};
use host_api::identifier::hex;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const CONTEXT: &[u8] = b"runwright-plugin-v1\0";
/// The first word of a signature's text.
const FORMAT: &str = "runwright-plugin-v1";

/// A key that signs. It is wiped when dropped and not shown by `Debug`.
pub struct SecretKey(SigningKey);

/// A key that verifies. Its text is 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// The first 16 hexadecimal digits of the SHA-256 of a public key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(String);

/// A detached signature. Its text is `runwright-plugin-v1 <key id> <128 hexadecimal digits>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub key: KeyId,
    bytes: [u8; 64],
}

/// Why a key or a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("no randomness for a new key")]
    NoRandomness,
    #[error("not a key of 64 hexadecimal digits")]
    NotAKey,
    #[error("not a signature of the form `{FORMAT} <key id> <128 hexadecimal digits>`")]
    NotASignature,
    #[error("signed by the key {0}, which is not trusted")]
    UntrustedKey(KeyId),
    #[error("the signature by the key {0} is not of these bytes")]
    Mismatch(KeyId),
}

impl SecretKey {
    /// Makes a new key from the system's randomness.
    pub fn generate() -> Result<Self, SignatureError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| SignatureError::NoRandomness)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Returns the key as 64 hexadecimal digits, for a file that only its owner reads.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(&*Zeroizing::new(self.0.to_bytes())))
    }

    /// Returns the key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl FromStr for SecretKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let seed = Zeroizing::new(unhex::<32>(text.trim()).ok_or(SignatureError::NotAKey)?);
        Ok(Self(SigningKey::from_bytes(&seed)))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretKey").field(&self.public().id()).finish()
    }
}

impl PublicKey {
    pub fn id(&self) -> KeyId {
        let mut id = hex(&Sha256::digest(self.0.as_bytes()));
        id.truncate(16);
        KeyId(id)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let bytes = unhex::<32>(text.trim()).ok_or(SignatureError::NotAKey)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| SignatureError::NotAKey)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORMAT} {} {}", self.key, hex(&self.bytes))
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [FORMAT, key, digits] = words[..] else { return Err(SignatureError::NotASignature) };
        let bytes = unhex(digits).ok_or(SignatureError::NotASignature)?;
        if unhex::<8>(key).is_none() {
            return Err(SignatureError::NotASignature);
        }
        Ok(Self { key: KeyId(key.to_owned()), bytes })
    }
}

/// Signs a whole file.
pub fn sign(key: &SecretKey, file: &[u8]) -> Signature {
    let bytes = key.0.sign(&message(file)).to_bytes();
    Signature { key: key.public().id(), bytes }
}

/// Verifies a signature of a whole file by one of the `trusted` keys.
pub fn verify(
    trusted: &[PublicKey],
    file: &[u8],
    signature: &Signature,
) -> Result<(), SignatureError> {
    let key = trusted
        .iter()
        .find(|key| key.id() == signature.key)
        .ok_or_else(|| SignatureError::UntrustedKey(signature.key.clone()))?;
    key.0
        .verify_strict(&message(file), &Bytes::from_bytes(&signature.bytes))
        .map_err(|_| SignatureError::Mismatch(signature.key.clone()))
}

fn message(file: &[u8]) -> Vec<u8> {
    [CONTEXT, &Sha256::digest(file)].concat()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SecretKey {
        "4242424242424242424242424242424242424242424242424242424242424242".parse().unwrap()
    }

    #[test]
    fn a_signature_holds_for_its_file_and_key_only() {
        let (mine, other) = (key(), SecretKey::generate().unwrap());
        let signature = sign(&mine, b"file");
        let trusted = [other.public(), mine.public()];
        assert_eq!(verify(&trusted, b"file", &signature), Ok(()));
        let mismatch = SignatureError::Mismatch(mine.public().id());
        assert_eq!(verify(&trusted, b"File", &signature), Err(mismatch.clone()));
        let untrusted = SignatureError::UntrustedKey(mine.public().id());
        assert_eq!(verify(&trusted[..1], b"file", &signature), Err(untrusted));
        let claimed = Signature { key: mine.public().id(), ..sign(&other, b"file") };
        assert_eq!(verify(&trusted, b"file", &claimed), Err(mismatch));
    }

    #[test]
    fn texts_read_back() {
        let signature = sign(&key(), b"file");
        assert_eq!(signature.to_string().parse(), Ok(signature.clone()));
        assert_eq!(key().public().to_string().parse(), Ok(key().public()));
        assert_eq!(*key().to_hex(), "42".repeat(32));
        for bad in ["", "runwright-plugin-v1", "runwright-plugin-v1 00 00"] {
            assert_eq!(bad.parse::<Signature>(), Err(SignatureError::NotASignature));
        }
        let cut = signature.to_string();
        assert!(cut[..cut.len() - 1].parse::<Signature>().is_err());
    }
}
