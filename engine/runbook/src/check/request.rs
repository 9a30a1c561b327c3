//! Literal inputs of httpRequest, waitForProperty and shell that a schema cannot say.

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;

const HTTP_SECONDS_MAX: u64 = 600;

impl<'d> Checker<'d> {
    pub(crate) fn http_request(&mut self, inputs: &Node<'d>) {
        if let Some(node) = inputs.get("Method")
            && let Some(method) = literal(&node)
            && (method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            let message = format!("`{method}` is not a method of HTTP, which has upper case");
            let diagnostic = Diagnostic::error(codes::INVALID_INPUT, node.span(), message)
                .help(format!("write {}", method.to_ascii_uppercase()));
            self.report(diagnostic);
        }
        self.seconds(inputs, "TimeoutSeconds", 1..=HTTP_SECONDS_MAX, "the time of a request");
        self.url_and_headers(inputs);
    }

    pub(crate) fn wait_for_property(&mut self, inputs: &Node<'d>) {
        match (inputs.get("Parameter"), inputs.get("Url")) {
            (None, None) => {
                let message = "`Parameter` or `Url` is missing: what is to be looked at";
                self.error(codes::MISSING_INPUT, inputs.focus_start(), message);
            }
            (Some(parameter), Some(url)) => {
                let message = "`Parameter` and `Url` are both given: state one";
                let diagnostic = Diagnostic::error(codes::KEY_CONFLICT, url.key_span(), message)
                    .label(parameter.key_span(), "`Parameter` is here");
                self.report(diagnostic);
            }
            _ => {}
        }
        if let Some(node) = inputs.get("Selector")
            && let Some(text) = literal(&node)
            && !is_plain_selector(text)
        {
            let message = format!("`{text}` does not select one value");
            let diagnostic = Diagnostic::error(codes::SELECTOR, node.span(), message)
                .help("write `$` and then any number of `.name` and `[0]`");
            self.report(diagnostic);
        }
        self.seconds(inputs, "IntervalSeconds", 1..=u64::MAX, "the time between two looks");
        self.url_and_headers(inputs);
    }

    pub(crate) fn shell_inputs_of_step(&mut self, inputs: &Node<'d>) {
        self.seconds(inputs, "timeoutSeconds", 5..=172_800, "the time of a script");
        for (name, child) in inputs.get("env").map(|node| node.entries()).unwrap_or_default() {
            if !is_variable(name) {
                let message = format!("`{name}` cannot name an environment variable");
                let diagnostic = Diagnostic::error(codes::INVALID_INPUT, child.key_span(), message)
                    .help("letters, digits and `_`, no digit first");
                self.report(diagnostic);
            }
        }
    }

    fn url_and_headers(&mut self, inputs: &Node<'d>) {
        if let Some(node) = inputs.get("Url")
            && let Some(text) = node.text()
            && let Some(fault) = fault_of_url(text)
        {
            self.error(codes::INVALID_INPUT, node.span(), fault);
        }
        for (name, child) in inputs.get("Headers").map(|node| node.entries()).unwrap_or_default() {
            if name.is_empty() || !name.bytes().all(is_token) {
                let message = format!("`{name}` cannot name a header");
                self.error(codes::INVALID_INPUT, child.key_span(), message);
            }
        }
        for status in inputs.get("ExpectStatus").map(|node| node.elements()).unwrap_or_default() {
            if status.value.as_u64().is_some_and(|status| !(100..=599).contains(&status)) {
                let message = format!("{} is not a status of HTTP: 100 to 599", status.value);
                self.error(codes::INVALID_INPUT, status.span(), message);
            }
        }
    }
}

pub(super) fn literal<'d>(node: &Node<'d>) -> Option<&'d str> {
    node.text().filter(|text| !text.contains("{{"))
}

/// Says what is wrong with the literal beginning of a URL.
fn fault_of_url(text: &str) -> Option<String> {
    let open = text.find("{{");
    let known = text[..open.unwrap_or(text.len())].trim_end_matches('$').to_ascii_lowercase();
    let schemes = ["http://", "https://"];
    if let Some(rest) = schemes.iter().find_map(|scheme| known.strip_prefix(scheme)) {
        let is_bare = open.is_none() && (rest.is_empty() || rest.starts_with(['/', '?', '#']));
        return is_bare.then(|| format!("`{text}` names no host"));
    }
    if open.is_some() && schemes.iter().any(|scheme| scheme.starts_with(&known)) {
        return None;
    }
    Some(match known.split_once("://") {
        Some((scheme, _)) => format!("a URL begins with http: or https:, not with {scheme}:"),
        None => format!("`{text}` is not a whole URL: it begins with http:// or https://"),
    })
}

/// `$`, `$.state.name`, `$.items[0].id`: the action looks at one value, so there are no scans and wildcards.
pub(super) fn is_plain_selector(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix('$') else { return false };
    while !rest.is_empty() {
        let end = if let Some(name) = rest.strip_prefix('.') {
            let length = name.find(['.', '[']).unwrap_or(name.len());
            if length == 0 || name[..length].contains('*') {
                return false;
            }
            1 + length
        } else {
            let index = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let Some((index, _)) = index.filter(|(index, _)| index.parse::<usize>().is_ok()) else {
                return false;
            };
            index.len() + 2
        };
        rest = &rest[end..];
    }
    true
}

/// A character of a token (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
