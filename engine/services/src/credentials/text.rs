//! What ids, secrets and tokens look like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssm_model::Sensitive;
use zeroize::Zeroizing;

use crate::error::ServiceError;

const ACCESS_KEY_PREFIX: &str = "AKIA";
/// Digits of an access key id after its prefix; 5 random bits each.
const ACCESS_KEY_DIGITS: usize = 16;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// As base64 these are the 40 characters that a secret has.
const SECRET_BYTES: usize = 30;

const TOKEN_PREFIX: &str = "rwt_";
const TOKEN_BYTES: usize = 32;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits to base 62 of 32 bytes.
const TOKEN_DIGITS: usize = 43;
/// Digits to base 62 of the CRC-32 of the digits before.
const CHECKSUM_DIGITS: usize = 6;

/// Returns a new access key id: `AKIA` and 16 characters.
pub(super) fn access_key_id() -> Result<String, ServiceError> {
    let mut random = [0; ACCESS_KEY_DIGITS];
    fill(&mut random)?;
    let digits = random.iter().map(|byte| char::from(BASE32[usize::from(byte % 32)]));
    Ok(ACCESS_KEY_PREFIX.chars().chain(digits).collect())
}

/// Returns a new secret: 40 characters.
pub(super) fn secret() -> Result<Sensitive, ServiceError> {
    let mut random = Zeroizing::new([0; SECRET_BYTES]);
    fill(&mut *random)?;
    Ok(Sensitive::new(STANDARD.encode(*random)))
}

/// Returns a new token: `rwt_`, 32 random bytes to base 62 and a checksum.
pub(super) fn token() -> Result<Sensitive, ServiceError> {
    let mut random = Zeroizing::new([0; TOKEN_BYTES]);
    fill(&mut *random)?;
    let mut text =
        Zeroizing::new(String::with_capacity(TOKEN_PREFIX.len() + TOKEN_DIGITS + CHECKSUM_DIGITS));
    text.push_str(TOKEN_PREFIX);
    push_base62(&mut text, &mut *random, TOKEN_DIGITS);
    let checksum = crc32fast::hash(&text.as_bytes()[TOKEN_PREFIX.len()..]);
    push_base62(&mut text, &mut checksum.to_be_bytes(), CHECKSUM_DIGITS);
    Ok(Sensitive::new(text.as_str()))
}

/// Returns whether a text can be a token at all, which tells slips of the pen from tokens that are unknown.
pub(super) fn is_token(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(TOKEN_PREFIX) else { return false };
    if rest.len() != TOKEN_DIGITS + CHECKSUM_DIGITS || !rest.is_ascii() {
        return false;
    }
    let (digits, checksum) = rest.split_at(TOKEN_DIGITS);
    let mut expected = String::with_capacity(CHECKSUM_DIGITS);
    push_base62(
        &mut expected,
        &mut crc32fast::hash(digits.as_bytes()).to_be_bytes(),
        CHECKSUM_DIGITS,
    );
    checksum == expected
}

/// Writes a big-endian number to base 62, with zeros in front; the number is 0 afterwards.
fn push_base62(text: &mut String, number: &mut [u8], digits: usize) {
    let mut reversed = Zeroizing::new(Vec::with_capacity(digits));
    for _ in 0..digits {
        let mut rest = 0_u32;
        for byte in number.iter_mut() {
            let value = rest << 8 | u32::from(*byte);
            // Less than 256, since the rest is less than 62.
            *byte = (value / 62).to_be_bytes()[3];
            rest = value % 62;
        }
        reversed.push(BASE62[rest as usize]);
    }
    text.extend(reversed.iter().rev().map(|digit| char::from(*digit)));
}

fn fill(bytes: &mut [u8]) -> Result<(), ServiceError> {
    getrandom::fill(bytes).map_err(|error| {
        ServiceError::internal(format!("the system gives no random bytes: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_shape() {
        let id = access_key_id().unwrap();
        assert!(id.len() == 20 && id.starts_with("AKIA"), "{id}");
        assert_eq!(secret().unwrap().expose().len(), 40);
        let token = token().unwrap();
        assert_eq!(token.expose().len(), 53);
        assert!(is_token(token.expose()));
    }

    #[test]
    fn a_slip_of_the_pen_is_no_token() {
        let token = token().unwrap();
        for at in TOKEN_PREFIX.len()..token.expose().len() {
            let mut slip = token.expose().as_bytes().to_vec();
            slip[at] = if slip[at] == b'x' { b'y' } else { b'x' };
            assert!(!is_token(std::str::from_utf8(&slip).unwrap()));
        }
        for text in ["", "rwt_", "rwt_ä", &token.expose()[..52], &format!("{}0", token.expose())] {
            assert!(!is_token(text), "{text}");
        }
    }

    #[test]
    fn numbers_have_leading_zeros_and_none_is_cut_off() {
        let digits = |number: &mut [u8], count| {
            let mut text = String::new();
            push_base62(&mut text, number, count);
            text
        };
        assert_eq!(digits(&mut [0; 32], 3), "000");
        assert_eq!(digits(&mut [0, 62], 3), "010");
        assert_eq!(digits(&mut [0xff; 4], CHECKSUM_DIGITS), "4gfFC3");
        let mut largest = [0xff; TOKEN_BYTES];
        digits(&mut largest, TOKEN_DIGITS);
        assert_eq!(largest, [0; TOKEN_BYTES]);
    }
}
