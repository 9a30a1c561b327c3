//! `AWS:Network`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

use super::{Attributes, FactsError};

#[derive(Debug, Default)]
struct Interface {
    hardware: String,
    masks: Vec<String>,
    ipv4: Vec<String>,
    ipv6: Vec<String>,
}

/// Returns every interface but loopback, by name.
pub(super) fn interfaces() -> Result<Vec<Attributes>, FactsError> {
    let gateways = gateways(&routes()?);
    let found = found()?.into_iter().map(|(name, interface)| {
        let gateway = gateways.get(&name).map(Ipv4Addr::to_string).unwrap_or_default();
        vec![
            ("Name", name),
            ("SubnetMask", interface.masks.join(",")),
            ("Gateway", gateway),
            ("MacAddress", interface.hardware),
            ("IPV4", interface.ipv4.join(",")),
            ("IPV6", interface.ipv6.join(",")),
        ]
    });
    Ok(found.collect())
}

/// Returns the address by which this node reaches others, or the first it has.
pub(super) fn address_of_default_route() -> Result<Option<String>, FactsError> {
    let gateways = gateways(&routes()?);
    let interfaces = found()?;
    let by_route = gateways.keys().find_map(|name| interfaces.get(name)?.ipv4.first());
    let any = || interfaces.values().find_map(|interface| interface.ipv4.first());
    Ok(by_route.or_else(any).cloned())
}

fn found() -> Result<BTreeMap<String, Interface>, FactsError> {
    let addresses = getifaddrs()
        .map_err(|error| FactsError::Read { what: "network interfaces", source: error.into() })?;
    let mut interfaces: BTreeMap<String, Interface> = BTreeMap::new();
    for address in addresses {
        if address.flags.contains(InterfaceFlags::IFF_LOOPBACK) {
            continue;
        }
        let interface = interfaces.entry(address.interface_name).or_default();
        let Some(storage) = address.address else { continue };
        if let Some(link) = storage.as_link_addr().and_then(nix::sys::socket::LinkAddr::addr) {
            let octets = link.map(|octet| format!("{octet:02x}"));
            interface.hardware = octets.join(":");
        } else if let Some(ipv4) = storage.as_sockaddr_in() {
            interface.ipv4.push(ipv4.ip().to_string());
            let mask = address.netmask.as_ref().and_then(|mask| mask.as_sockaddr_in());
            interface.masks.extend(mask.map(|mask| mask.ip().to_string()));
        } else if let Some(ipv6) = storage.as_sockaddr_in6() {
            interface.ipv6.push(ipv6.ip().to_string());
        }
    }
    Ok(interfaces)
}

fn routes() -> Result<String, FactsError> {
    std::fs::read_to_string("/proc/net/route")
        .map_err(|source| FactsError::Read { what: "/proc/net/route", source })
}

/// The kernel writes addresses as hexadecimal numbers in its own byte order.
fn gateways(routes: &str) -> BTreeMap<String, Ipv4Addr> {
    let mut gateways = BTreeMap::new();
    for line in routes.lines().skip(1) {
        let fields: Vec<_> = line.split_whitespace().collect();
        if let [name, "00000000", gateway, ..] = fields[..]
            && let Ok(gateway) = u32::from_str_radix(gateway, 16)
            && gateway != 0
        {
            let address = Ipv4Addr::from(gateway.to_ne_bytes());
            gateways.entry(name.to_owned()).or_insert(address);
        }
    }
    gateways
}

#[cfg(test)]
mod tests {
    use super::gateways;

    #[cfg(target_endian = "little")]
    #[test]
    fn a_default_route_names_the_gateway() {
        let routes =
            "Iface Destination Gateway\neth0 0002A8C0 00000000 1\neth0 00000000 0102A8C0 3\n";
        assert_eq!(gateways(routes)["eth0"].to_string(), "192.168.2.1");
    }
}
