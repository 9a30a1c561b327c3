//! `webhooks`.

use runbook::document::node::Node;

use super::reader::Reader;
use super::value::{Scope, path, paths, text_input};
use super::{IDS_MAX, SOURCE_CHARACTERS_MAX, Shape, Webhook};

const WHAT: &str = "a webhook";

pub(super) fn read(reader: &mut Reader, node: &Node<'_>) -> Option<Webhook> {
    reader.shape(node, WHAT, &["name", "enabled", "verify", "event"])?;
    let name = reader.name(node, WHAT);
    let is_enabled = reader.enabled(node);
    let verify = reader.required(node, WHAT, "verify");
    if let Some(verify) = &verify
        && reader.map(verify).is_some()
        && let Some(scheme) = reader.required(verify, "`verify`", "scheme")
    {
        reader.text(&scheme);
    }
    let shape = match node.get("event") {
        None => Some(Shape::default()),
        Some(event) => shape(reader, &event),
    };
    let (name, mut event) = (name?, shape?);
    if event.source.is_empty() {
        event.source = format!("webhook.{name}");
    }
    Some(Webhook { name, is_enabled, verify: verify?.value.clone(), event })
}

/// Without a source it is left empty.
fn shape(reader: &mut Reader, node: &Node<'_>) -> Option<Shape> {
    reader.shape(node, "`event`", &["source", "detailType", "each", "id", "resources"])?;
    let wanted = format!("a source of events: 1 to {SOURCE_CHARACTERS_MAX} characters");
    let is_source = |text: &str| (1..=SOURCE_CHARACTERS_MAX).contains(&text.chars().count());
    let source = node.get("source").map(|child| reader.text_that(&child, &wanted, is_source));
    let detail_type = node.get("detailType").map(|child| text_input(reader, &child, Scope::Body));
    let each = node.get("each").map(|child| path(reader, &child, Scope::Body));
    let id = node.get("id").map(|child| paths(reader, &child, Scope::Body, IDS_MAX));
    let resources = node.get("resources").map(|child| path(reader, &child, Scope::Body));
    Some(Shape {
        source: source.unwrap_or_else(|| Some(String::new()))?,
        detail_type: given(detail_type)?,
        each: given(each)?,
        id: given(id)?.unwrap_or_default(),
        resources: given(resources)?,
    })
}

/// Nothing when what is given was refused.
#[expect(clippy::option_option, reason = "what is not given is not what was refused")]
pub(super) fn given<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}
