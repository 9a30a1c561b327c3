//! The `Host` header: a page elsewhere must not reach this server through a name that it makes point here.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server::Context;

/// The names under which the server is called.
#[derive(Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(names: &[String]) -> Self {
        Self { names: names.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// Whether a request for this host is for us. An address cannot be made to point elsewhere, so any is.
    fn accepts(&self, host: &str) -> bool {
        let name = without_port(host).trim_end_matches('.').to_ascii_lowercase();
        let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        literal.unwrap_or(&name).parse::<IpAddr>().is_ok()
            || name == "localhost"
            || self.names.contains(&name)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn only_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Lets a request pass that is for this server.
pub(crate) async fn check(
    State(context): State<Arc<Context>>,
    request: Request,
    next: Next,
) -> Response {
    // A target in absolute form would name a host beside the header's.
    let is_ours = request.uri().authority().is_none()
        && only_host(request.headers()).is_some_and(|host| context.hosts.accepts(host));
    if is_ours {
        return next.run(request).await;
    }
    let message = "this server does not answer for that host: see --host-name\n";
    (StatusCode::MISDIRECTED_REQUEST, message).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nobody_gave_are_not_ours() {
        let hosts = Hosts::new(&["SSM.example.org".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:8484",
            "127.0.0.1:8484",
            "[::1]:8484",
            "10.1.2.3",
            "ssm.example.org",
            "ssm.example.org.:443",
        ] {
            assert!(hosts.accepts(host), "{host}");
        }
        for host in ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "a:b:c"] {
            assert!(!hosts.accepts(host), "{host}");
        }
    }
}
