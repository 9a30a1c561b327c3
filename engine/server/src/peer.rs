//! Who is at the other end of a connection.

use std::net::IpAddr;

use axum::http::{Extensions, HeaderMap};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Peer {
    /// Absent on a Unix socket.
    pub(crate) address: Option<IpAddr>,
}

/// Returns the address that a request came from. Behind a proxy that is what the proxy wrote, which is the last entry: those before it
/// are the client's own words.
pub(crate) fn source_address(
    extensions: &Extensions,
    headers: &HeaderMap,
    is_behind_proxy: bool,
) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>().copied().unwrap_or_default().address;
    if !is_behind_proxy {
        return peer;
    }
    let forwarded = headers.get_all(FORWARDED_FOR).iter().next_back();
    let last = forwarded.and_then(|list| list.to_str().ok()?.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok()).or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_may_say_where_a_request_came_from() {
        let mut extensions = Extensions::new();
        extensions.insert(Peer { address: Some(IpAddr::from([10, 0, 0, 1])) });
        let mut headers = HeaderMap::new();
        let asked = |headers: &HeaderMap, is_behind| {
            source_address(&extensions, headers, is_behind).map(|address| address.to_string())
        };
        assert_eq!(asked(&headers, true).as_deref(), Some("10.0.0.1"));
        headers.append(FORWARDED_FOR, "6.6.6.6".parse().unwrap());
        headers.append(FORWARDED_FOR, "7.7.7.7, 192.0.2.4".parse().unwrap());
        assert_eq!(asked(&headers, false).as_deref(), Some("10.0.0.1"));
        assert_eq!(asked(&headers, true).as_deref(), Some("192.0.2.4"));
    }
}
