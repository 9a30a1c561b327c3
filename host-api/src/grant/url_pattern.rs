//! Patterns of URLs. Scheme, host, port, path and query are compared apart, so a wildcard never reaches from one into the next.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::GrantError;
use super::pattern::Pattern;

/// Which URLs are allowed: `https://api.example.org/v1/*`.
///
/// An absent port is the scheme's own, `:*` is any. An absent path is `/`. Without `?` any query is allowed. The text is
/// canonical as the `url` crate makes it; beyond that escapes of unreserved characters are undone and a literal `*` is `%2A`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlPattern {
    scheme: Scheme,
    host: Pattern,
    port: Port,
    path: Pattern,
    query: Option<Pattern>,
    /// The path holds an escaped separator, which servers read differently: only `/*` covers it. Never set on a grant's own text.
    ambiguous: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scheme {
    Any,
    Http,
    Https,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Port {
    Any,
    Default,
    Number(u16),
}

impl UrlPattern {
    /// Reads the URL of a grant.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        parse(text).map_err(|problem| GrantError::Url { url: text.to_owned(), problem })
    }

    /// Returns the pattern of one URL that is to be requested, `None` if it is not one that can be granted: another scheme than
    /// `http` and `https`, no host, or a user name or password in it.
    pub fn of_request(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let scheme = Scheme::parse(url.scheme()).filter(|scheme| *scheme != Scheme::Any)?;
        let path = canonical(url.path());
        Some(Self {
            scheme,
            host: Pattern::literal(url.host_str()?),
            port: url.port().map_or(Port::Default, Port::Number),
            ambiguous: ambiguous(&path),
            path: Pattern::literal(&path),
            query: Some(Pattern::literal(&canonical(url.query().unwrap_or_default()))),
        })
    }

    pub fn covers(&self, other: &Self) -> bool {
        self.scheme.covers(other.scheme)
            && self.host.covers(&other.host)
            && self.port_covers(other)
            && self.path.covers(&other.path)
            && (!other.ambiguous || self.path_is_any())
            && match (&self.query, &other.query) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(query), Some(query_other)) => query.covers(query_other),
            }
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        (self.scheme.covers(other.scheme) || other.scheme.covers(self.scheme))
            && self.host.overlaps(&other.host)
            && !matches!((self.port, other.port), (Port::Number(port), Port::Number(port_other)) if port != port_other)
            && self.path.overlaps(&other.path)
            && match (&self.query, &other.query) {
                (Some(query), Some(query_other)) => query.overlaps(query_other),
                _ => true,
            }
    }

    /// Returns whether the host names `address` itself: the same literal address, or `localhost` for one of loopback.
    pub(super) fn names_address(&self, address: IpAddr) -> bool {
        let Some(host) = self.host.as_literal() else { return false };
        let address = address.to_canonical();
        if host == "localhost" {
            return address.is_loopback();
        }
        let literal =
            host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        literal.parse::<IpAddr>().is_ok_and(|literal| literal.to_canonical() == address)
    }

    fn port_covers(&self, other: &Self) -> bool {
        self.port == Port::Any
            || self.port == other.port
            || match (self.scheme, self.port, other.scheme, other.port) {
                (Scheme::Any, Port::Number(port), scheme, Port::Default)
                | (scheme, Port::Default, Scheme::Any, Port::Number(port)) => {
                    scheme.default_port() == Some(port)
                }
                _ => false,
            }
    }

    fn path_is_any(&self) -> bool {
        let mut path = self.path.to_string();
        path.pop() == Some('*') && path == "/"
    }
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::Any),
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Any => "*",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn covers(self, other: Self) -> bool {
        self == Self::Any || self == other
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Self::Any => None,
            Self::Http => Some(80),
            Self::Https => Some(443),
        }
    }
}

fn parse(text: &str) -> Result<UrlPattern, &'static str> {
    if text.chars().any(char::is_control) {
        return Err("it may not have control characters");
    }
    let (scheme, rest) = text.split_once("://").ok_or("`://` is missing")?;
    let scheme = Scheme::parse(&scheme.to_ascii_lowercase())
        .ok_or("the scheme must be `http`, `https` or `*`")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if rest.contains('#') {
        return Err("it may not have a fragment");
    }
    if authority.contains('@') {
        return Err("it may not have a user name or password");
    }
    let (host, port) = split_port(authority);
    let port = parse_port(scheme, port)?;
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    Ok(UrlPattern {
        scheme,
        host: parse_host(host)?,
        port,
        path: parse_path(path)?,
        query: query.map(parse_query).transpose()?,
        ambiguous: false,
    })
}

/// Splits `host:port`; the colons of `[::1]` belong to the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => {
            (&authority[..colon], Some(&authority[colon + 1..]))
        }
        _ => (authority, None),
    }
}

fn parse_port(scheme: Scheme, text: Option<&str>) -> Result<Port, &'static str> {
    match text {
        None => Ok(Port::Default),
        Some("*") => Ok(Port::Any),
        Some(digits)
            if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            let number = digits.parse().map_err(|_| "the port is beyond 65535")?;
            let default = scheme.default_port() == Some(number);
            Ok(if default { Port::Default } else { Port::Number(number) })
        }
        Some(_) => Err("the port must be a number or `*`"),
    }
}

fn parse_host(text: &str) -> Result<Pattern, &'static str> {
    if text.is_empty() {
        return Err("the host is missing");
    }
    if !text.contains('*') {
        let host = Host::parse(text).map_err(|_| "the host is not valid")?;
        return Ok(Pattern::literal(&host.to_string()));
    }
    let text = text.to_ascii_lowercase();
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"*.-_".contains(&byte);
    if !text.bytes().all(valid) {
        return Err(
            "a host with `*` may hold letters, digits, `.`, `-` and `_` (punycode for others)",
        );
    }
    Pattern::parse(&text).map_err(|_| "the host is not valid")
}

fn parse_path(text: &str) -> Result<Pattern, &'static str> {
    let text = literal_escapes(text)?;
    let dots = |segment: &str| {
        matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    };
    if text.split('/').any(dots) {
        return Err("the path may not have `.` or `..` segments");
    }
    let base = Url::parse(&format!("http://host{text}")).map_err(|_| "the path is not valid")?;
    let path = canonical_pattern(base.path());
    if ambiguous(&path) {
        return Err("the path may not have an escaped `/`, `\\` or `.`");
    }
    Pattern::parse(&path).map_err(|_| "the path is not valid")
}

fn parse_query(text: &str) -> Result<Pattern, &'static str> {
    let text = literal_escapes(text)?;
    let base = Url::parse(&format!("http://host/?{text}")).map_err(|_| "the query is not valid")?;
    // A backslash means nothing in a query, but would be an escape to the pattern.
    let query = canonical_pattern(base.query().unwrap_or_default());
    Pattern::parse(&query).map_err(|_| "the query is not valid")
}

/// Turns the escapes of the grant grammar into those of URLs.
fn literal_escapes(text: &str) -> Result<String, &'static str> {
    let mut literal = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            match characters.next() {
                Some('*') => literal.push_str("%2A"),
                Some('@') => literal.push('@'),
                Some('\\') => literal.push_str("%5C"),
                _ => return Err("`\\` must be followed by `*`, `@` or `\\`"),
            }
        } else {
            literal.push(character);
        }
    }
    Ok(literal)
}

/// Undoes escapes of unreserved characters, writes the others in upper case, and escapes what has a meaning in patterns.
fn canonical(text: &str) -> String {
    canonical_pattern(text).replace('*', "%2A")
}

fn canonical_pattern(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find(['%', '\\']) {
        result.push_str(&rest[..position]);
        rest = &rest[position..];
        if let Some(after) = rest.strip_prefix('\\') {
            result.push_str("%5C");
            rest = after;
            continue;
        }
        let byte = rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| !rest[1..].starts_with('+')) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                result.push(char::from(byte));
                rest = &rest[3..];
            }
            Some(_) => {
                result.push_str(&rest[..3].to_ascii_uppercase());
                rest = &rest[3..];
            }
            None => {
                result.push_str("%25");
                rest = &rest[1..];
            }
        }
    }
    result.push_str(rest);
    result
}

/// Returns whether some server may see other segments in a canonical path than we do; escapes of escapes count.
fn ambiguous(path: &str) -> bool {
    let mut path = path.to_ascii_uppercase();
    while path.contains("%25") {
        path = path.replace("%25", "%");
    }
    path.contains("%2F")
        || path.contains("%5C")
        || path.contains("%2E")
        // Some servers drop what follows a semicolon before they look at the dots.
        || path.replace("%3B", ";").split('/').any(|segment| {
            matches!(segment.split(';').next(), Some("." | ".."))
        })
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        match self.port {
            Port::Default => {}
            Port::Any => f.write_str(":*")?,
            Port::Number(port) => write!(f, ":{port}")?,
        }
        write!(f, "{}", self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}
