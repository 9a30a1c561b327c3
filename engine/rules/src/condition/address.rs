//! Internet addresses as patterns and events write them, and networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const PARTS: usize = 4;
const BITS_V4: u32 = 32;
const BITS_V6: u32 = 128;

/// An address with the number of leading bits that count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// There is not exactly one slash.
    #[error("Malformed CIDR, one '/' required")]
    Slash,
    /// What follows the slash is no integer.
    #[error("Malformed CIDR, mask bits must be an integer")]
    BitsNotAnInteger,
    /// What follows the slash is negative.
    #[error("Malformed CIDR, mask bits must not be negative")]
    BitsNegative,
    /// What precedes the slash does not look like an address.
    #[error("Nonstandard IP address: {0}")]
    Nonstandard(String),
    /// What precedes the slash looks like an address and is none.
    #[error("Invalid IP address: {0}")]
    Invalid(String),
    /// More bits than an address of this family has.
    #[error("{family} mask bits must be < {limit}")]
    TooManyBits {
        /// `IPv4` or `IPv6`.
        family: &'static str,
        /// One more than the address has.
        limit: u32,
    },
}

impl Network {
    /// Reads `address/bits`. The address need not be the first of its network.
    pub(crate) fn parse(text: &str) -> Result<Self, NetworkError> {
        let Some((written, bits)) = text.split_once('/').filter(|(_, bits)| !bits.contains('/'))
        else {
            return Err(NetworkError::Slash);
        };
        if bits.is_empty() {
            return Err(NetworkError::Slash);
        }
        let bits: i32 = bits.parse().map_err(|_| NetworkError::BitsNotAnInteger)?;
        let bits = u32::try_from(bits).map_err(|_| NetworkError::BitsNegative)?;
        let address = match parse(written) {
            Some(address) => address,
            None if looks_like_address(written) => {
                return Err(NetworkError::Invalid(written.to_owned()));
            }
            None => return Err(NetworkError::Nonstandard(written.to_owned())),
        };
        let (family, most) = match address {
            IpAddr::V4(_) => ("IPv4", BITS_V4),
            IpAddr::V6(_) => ("IPv6", BITS_V6),
        };
        if bits > most {
            return Err(NetworkError::TooManyBits { family, limit: most + 1 });
        }
        Ok(Self { address, bits })
    }

    /// Says whether a text is an address of this network.
    pub(crate) fn contains(&self, text: &str) -> bool {
        match (self.address, parse(text)) {
            (IpAddr::V4(own), Some(IpAddr::V4(other))) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(BITS_V4 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), Some(IpAddr::V6(other))) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(BITS_V6 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), Some(IpAddr::V6(_)) | None)
            | (IpAddr::V6(_), Some(IpAddr::V4(_)) | None) => false,
        }
    }
}

/// Reads an address. Decimal parts may have leading zeros; an IPv4 address within an IPv6 one is refused, as event-ruler does.
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_hexdigit() || first == b':') {
        return None;
    }
    if text.contains(':') {
        return if text.contains('.') {
            None
        } else {
            text.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        };
    }
    let mut octets = [0; PARTS];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then(|| IpAddr::V4(Ipv4Addr::from(octets)))
}

fn looks_like_address(text: &str) -> bool {
    let is_decimal = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let v4 = text.split('.').count() == PARTS && text.split('.').all(is_decimal);
    let v6 = text.contains(':') && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
    v4 || v6
}
