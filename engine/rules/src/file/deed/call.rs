//! `call`: a request to somebody else.

use runbook::diagnostic::Diagnostic;
use runbook::document::node::Node;
use url::{Host, Url};

use crate::codes;
use crate::file::Call;
use crate::file::reader::Reader;
use crate::file::value::{Scope, input};
use crate::file::webhook::given;

const WHAT: &str = "`call`";
const URL_BYTES_MAX: usize = 2_048;
const SECRET_BYTES_MAX: usize = 1_011;
/// What secrets of Standard Webhooks begin with.
const SECRET_PREFIXES: [&str; 3] = ["whsec_", "whsk_", "whpk_"];

pub(super) fn read(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<Call> {
    reader.shape(node, WHAT, &["url", "secret", "body"])?;
    let url = reader.required(node, WHAT, "url");
    let url = url.and_then(|child| address(reader, &child));
    let secret = reader.required(node, WHAT, "secret");
    let secret = secret.and_then(|child| secret_name(reader, &child));
    let body = node.get("body").map(|child| input(reader, &child, scope));
    Some(Call { url: url?, secret: secret?, body: given(body)? })
}

fn address(reader: &mut Reader, node: &Node<'_>) -> Option<String> {
    let text = reader.text(node)?;
    let Some((problem, help)) = problem(text) else { return Some(text.to_owned()) };
    let mut diagnostic = Diagnostic::error(codes::ADDRESS, node.span(), problem);
    diagnostic.help = help.map(str::to_owned);
    reader.report(diagnostic);
    None
}

/// What is wrong with an address.
fn problem(text: &str) -> Option<(String, Option<&'static str>)> {
    if text.contains("{{") || text.starts_with("$.") || text.starts_with("$[") {
        let message = "an address is written out: no event decides where secrets are sent";
        return Some((message.to_owned(), None));
    }
    if text.len() > URL_BYTES_MAX {
        return Some((format!("an address has at most {URL_BYTES_MAX} bytes"), None));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return Some((format!("this is no address: {error}"), None)),
    };
    if !url.username().is_empty() || url.password().is_some() {
        let message = "an address holds no user and no password";
        return Some((message.to_owned(), Some("requests are signed with `secret` instead")));
    }
    if url.fragment().is_some() {
        return Some(("what follows `#` is never sent".to_owned(), None));
    }
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => None,
        "http" if is_here => None,
        scheme => {
            let message = format!("an address begins with https://, not with {scheme}:");
            Some((message, Some("http:// is for localhost and loopback addresses")))
        }
    }
}

fn secret_name(reader: &mut Reader, node: &Node<'_>) -> Option<String> {
    let text = reader.text(node)?;
    let is_name = (1..=SECRET_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte));
    let is_secret = SECRET_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    if is_name && !is_secret {
        return Some(text.to_owned());
    }
    // What may be a secret is not repeated.
    let message = if is_secret {
        "this is a secret and not the name of a parameter"
    } else {
        "this is not the name of a parameter: letters, digits and `_.-/`"
    };
    let diagnostic = Diagnostic::error(codes::SECRET_NAME, node.span(), message)
        .help("keep the secret in a SecureString parameter and write its name, such as /hooks/out");
    reader.report(diagnostic);
    None
}
