//! Which addresses and URLs may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use host_api::grant::{Access, Ceiling, Grant, Grants, Origin};
use url::Url;

use super::{OutboundError, Outgoing, without_query};

/// Ranges that are not the public internet, IANA's special-purpose registries, IPv4.
const PRIVATE_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Returns whether an address belongs to the public internet.
///
/// An IPv6 address that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is not public, whatever it
/// carries, except a mapped one, which counts as the IPv4 address itself.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !PRIVATE_V4.iter().any(|(base, bits)| {
            let mask = u32::MAX << (32 - bits);
            address.to_bits() & mask == base.to_bits()
        }),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Only `2000::/3` is handed out; within it, documentation, Teredo, benchmarking, ORCHID and 6to4 are not public.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let global_unicast = segments[0] & 0xe000 == 0x2000;
    let protocol_assignments = segments[0] == 0x2001 && segments[1] < 0x0200;
    let documentation = (segments[0] == 0x2001 && segments[1] == 0x0db8)
        || (segments[0] == 0x3fff && segments[1] < 0x1000);
    let six_to_four = segments[0] == 0x2002;
    global_unicast && !protocol_assignments && !documentation && !six_to_four
}

/// Checks the URL of a request against the grants.
///
/// What a built-in action needs is derived from its inputs, so where a redirect leads is seldom among it. A redirect may also go where
/// somebody granted it in so many words. What a plugin's manifest says is no such derivation: no redirect leaves it.
pub(super) fn check_url(
    request: &Outgoing,
    is_redirect: bool,
    grants: &Grants,
) -> Result<(), OutboundError> {
    let access = access(&request.method, &request.url);
    let is_derived = |origin| origin == Origin::Derived;
    if is_redirect && is_named(grants, is_derived, |ceiling| ceiling.grants.allows(&access)) {
        return Ok(());
    }
    grants.allows(&access).map_err(|ceiling| {
        OutboundError::Denied(format!(
            "{} {} is not granted: {} does not allow it",
            request.method,
            without_query(&request.url),
            ceiling.origin
        ))
    })
}

/// Checks every address that the host of a request's URL resolved to.
pub(super) fn check_addresses(
    request: &Outgoing,
    addresses: &[IpAddr],
    grants: &Grants,
) -> Result<(), OutboundError> {
    let access = access(&request.method, &request.url);
    let is_need = |origin| matches!(origin, Origin::Manifest | Origin::Derived);
    for address in addresses {
        // A derived need comes from inputs, perhaps from a webhook, and `*` says nothing of private ranges: neither opens one.
        let named =
            || is_named(grants, is_need, |ceiling| ceiling.allows_address(&access, *address));
        if !is_public(*address) && !named() {
            return Err(OutboundError::Denied(format!(
                "{} leads to {address}, which is not a public address: it needs the capability network:connect:{address}",
                request.url.host_str().unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// Returns whether every ceiling but those that are skipped allows something, and one of them more narrowly than by `*`.
///
/// A manifest never counts as the one that names it: it says what an action needs, not what somebody grants.
fn is_named(
    grants: &Grants,
    is_skipped: impl Fn(Origin) -> bool,
    allows: impl Fn(&Ceiling) -> bool,
) -> bool {
    let mut named = false;
    for ceiling in grants.ceilings().filter(|ceiling| !is_skipped(ceiling.origin)) {
        if !allows(ceiling) {
            return false;
        }
        let is_grant = ceiling.origin != Origin::Manifest;
        named |= is_grant && !ceiling.grants.covers(&Grant::everything());
    }
    named
}

fn access(method: &str, url: &Url) -> Access {
    Access {
        area: "http".to_owned(),
        verb: method.to_owned(),
        resource: url.to_string(),
        target: None,
    }
}
