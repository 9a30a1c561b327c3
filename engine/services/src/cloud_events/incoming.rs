//! An event as rules see it, in the shape of `EventBridge`.

use host_api::identifier::Digest;
use serde_json::{Map, Value, json};

use super::{CloudEvent, SPECIFICATION_VERSION};
use crate::events::Incoming;

/// The scope of the keys under which events are taken once.
const SCOPE: &str = "CloudEvent";
/// The member of a detail that holds the attributes.
const ATTRIBUTES: &str = "cloudevent";
const DATA: &str = "data";

impl From<CloudEvent> for Incoming {
    /// Source, detail-type and time are those of the event, and its subject is the one resource. Events with the same source and id
    /// are one.
    ///
    /// The detail is the data, and beside its members `cloudevent`: all attributes but the time, with extensions as strings. Data
    /// that is no object, or that has a member `cloudevent` of its own, stands under `data` instead, so that nobody's data passes
    /// for attributes.
    fn from(event: CloudEvent) -> Self {
        let attributes = attributes(&event);
        let mut detail = match event.data {
            None => Map::new(),
            Some(Value::Object(members)) if !members.contains_key(ATTRIBUTES) => members,
            Some(data) => Map::from_iter([(DATA.to_owned(), data)]),
        };
        detail.insert(ATTRIBUTES.to_owned(), Value::Object(attributes));
        // No URI-reference has a space in it, so that no two pairs have one key.
        let key = format!("{} {}", event.source, event.id);
        Self {
            source: event.source,
            detail_type: event.kind,
            detail: Value::Object(detail),
            resources: event.subject.into_iter().collect(),
            at_ms: event.time_ms,
            once: Some((SCOPE.to_owned(), Digest::of(key.as_bytes()).as_str().to_owned())),
            id: None,
        }
    }
}

fn attributes(event: &CloudEvent) -> Map<String, Value> {
    let mut attributes = Map::new();
    let optional = [
        ("specversion", Some(SPECIFICATION_VERSION)),
        ("id", Some(event.id.as_str())),
        ("source", Some(event.source.as_str())),
        ("type", Some(event.kind.as_str())),
        ("subject", event.subject.as_deref()),
        ("dataschema", event.dataschema.as_deref()),
        ("datacontenttype", event.datacontenttype.as_deref()),
    ];
    let core = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let extensions = event.extensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in core.chain(extensions) {
        attributes.insert(name.to_owned(), json!(value));
    }
    attributes
}
