//! `send`: a command document for nodes.

use runbook::codes;
use runbook::document::node::Node;

use super::{document, parameters, version};
use crate::file::reader::Reader;
use crate::file::value::{Scope, inputs, texts_input};
use crate::file::webhook::given;
use crate::file::{SendCommand, TARGETS_MAX};

const WHAT: &str = "`send`";
const KEYS: [&str; 7] =
    ["document", "version", "nodes", "targets", "parameters", "maxConcurrency", "maxErrors"];

pub(super) fn read(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<SendCommand> {
    reader.shape(node, WHAT, &KEYS)?;
    let document = document(reader, node, WHAT, "document");
    let version = version(reader, node);
    let whom = reader.one_of(node, WHAT, &["nodes", "targets"]);
    let nodes = node.get("nodes").map(|child| texts_input(reader, &child, scope));
    let targets = node.get("targets").map(|child| targets(reader, &child, scope));
    let parameters = parameters(reader, node, scope);
    let max_concurrency = amount(reader, node, "maxConcurrency", 1);
    let max_errors = amount(reader, node, "maxErrors", 0);
    whom?;
    Some(SendCommand {
        document: document?,
        version: version?,
        nodes: given(nodes)?,
        targets: given(targets)?.unwrap_or_default(),
        parameters: parameters?,
        max_concurrency: max_concurrency?,
        max_errors: max_errors?,
    })
}

fn targets(
    reader: &mut Reader,
    node: &Node<'_>,
    scope: Scope,
) -> Option<Vec<(String, crate::file::Input)>> {
    let targets = inputs(reader, node, |reader, value| texts_input(reader, value, scope))?;
    if !(1..=TARGETS_MAX).contains(&targets.len()) {
        let message = format!("1 to {TARGETS_MAX} targets are wanted here, not {}", targets.len());
        reader.error(codes::INVALID_VALUE, node.focus(), message);
        return None;
    }
    Some(targets)
}

/// Reads a number or a share of nodes, as SSM writes it.
#[expect(clippy::option_option, reason = "what is not given is not what was refused")]
fn amount(reader: &mut Reader, node: &Node<'_>, key: &str, least: u32) -> Option<Option<String>> {
    const BYTES_MAX: usize = 7;
    let wanted =
        format!("a number from {least} or a share such as \"10%\", at most {BYTES_MAX} characters");
    given(node.get(key).map(|child| {
        reader.text_that(&child, &wanted, |text| {
            let (digits, most) = match text.strip_suffix('%') {
                Some(share) => (share, 100),
                None => (text, u32::MAX),
            };
            let is_plain = digits == "0" || !digits.starts_with('0');
            text.len() <= BYTES_MAX
                && is_plain
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse().is_ok_and(|number: u32| (least..=most).contains(&number))
        })
    }))
}
