//! `rules`.

use runbook::document::node::Node;

use super::reader::Reader;
use super::{Rule, awaited, deed};

const WHAT: &str = "a rule";
const KEYS: [&str; 3] = ["name", "description", "enabled"];

pub(super) fn read(reader: &mut Reader, node: &Node<'_>) -> Option<Rule> {
    let keys: Vec<_> = KEYS
        .into_iter()
        .chain(awaited::AWAITED)
        .chain(awaited::WINDOWS)
        .chain(deed::KEYS)
        .collect();
    reader.shape(node, WHAT, &keys)?;
    let name = reader.name(node, WHAT);
    let description = reader.description(node);
    let is_enabled = reader.enabled(node);
    let awaited = awaited::read(reader, node);
    let deed = deed::read(reader, node, WHAT, awaited::scope(node));
    let awaited::Awaited { patterns, preventing, window, by } = awaited?;
    Some(Rule {
        name: name?,
        description,
        is_enabled,
        patterns,
        preventing,
        window,
        by,
        deed: deed?,
    })
}
