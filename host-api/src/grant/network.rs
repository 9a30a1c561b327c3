//! Ranges of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::GrantError;

/// A range of addresses that may be connected to, public or not. IPv4 addresses mapped into IPv6 count as IPv4.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkRange {
    Any,
    /// The bits of `base` after the first `bits` are zero.
    Block {
        base: IpAddr,
        bits: u8,
    },
}

impl NetworkRange {
    /// Reads `10.0.0.0/8`, `192.168.1.5`, `fd00::/8` or `*`.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let fail = || GrantError::Network { text: text.to_owned() };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits))
                if bits.len() <= 3 && bits.bytes().all(|digit| digit.is_ascii_digit()) =>
            {
                (address, Some(bits.parse::<u8>().map_err(|_| fail())?))
            }
            Some(_) => return Err(fail()),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| fail())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if bits > width {
            return Err(fail());
        }
        Ok(Self::block(address, bits))
    }

    fn block(address: IpAddr, bits: u8) -> Self {
        match address {
            IpAddr::V4(address) => {
                Self::Block { base: IpAddr::V4(first_address_v4(address, bits)), bits }
            }
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(inner) if bits >= 96 => Self::block(IpAddr::V4(inner), bits - 96),
                _ => {
                    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                    let base = Ipv6Addr::from_bits(address.to_bits() & mask);
                    Self::Block { base: IpAddr::V6(base), bits }
                }
            },
        }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let width = if address.is_ipv4() { 32 } else { 128 };
        self.covers(&Self::Block { base: address, bits: width })
    }

    /// Returns whether every address of `other` is in this.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Block { .. }, Self::Any) => false,
            (Self::Block { base, bits }, Self::Block { base: base_other, bits: bits_other }) => {
                base.is_ipv4() == base_other.is_ipv4()
                    && bits <= bits_other
                    && *self == Self::block(*base_other, *bits)
            }
        }
    }
}

fn first_address_v4(address: Ipv4Addr, bits: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
    Ipv4Addr::from_bits(address.to_bits() & mask)
}

impl fmt::Display for NetworkRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Block { base, bits } if *bits == 32 && base.is_ipv4() => write!(f, "{base}"),
            Self::Block { base, bits: 128 } => write!(f, "{base}"),
            Self::Block { base, bits } => write!(f, "{base}/{bits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NetworkRange;

    #[test]
    fn ranges_hold_their_addresses() {
        let holds = |range: &str, address: &str| {
            NetworkRange::parse(range).unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(holds("10.1.2.3", "10.1.2.3"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(holds("fd00::/8", "fd12::1"));
        assert!(holds("::/0", "fe80::1"));
        assert!(!holds("::/0", "10.0.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(!holds("10.1.2.3", "10.1.2.4"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "example.org", "10.0.0/8"] {
            assert!(NetworkRange::parse(text).is_err(), "{text}");
        }
    }
}
