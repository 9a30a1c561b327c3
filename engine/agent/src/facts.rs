//! Facts of this node, as SSM's inventory types have them.

mod machine;
mod network;
mod system;

use std::io;

use host_api::identifier::NodeId;
use serde_json::{Map, Value, json};

/// Why facts could not be gathered.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    #[error("unknown inventory type `{0}`; there are {names}", names = TYPES.join(", "))]
    UnknownType(String),
    #[error("cannot read {what}: {source}")]
    Read { what: &'static str, source: io::Error },
}

/// The inventory types that can be gathered.
pub const TYPES: [&str; 3] =
    ["AWS:InstanceInformation", "AWS:InstanceDetailedInformation", "AWS:Network"];

/// Gathers facts of the node it runs on.
#[derive(Debug, Clone)]
pub struct Facts {
    node: NodeId,
}

/// The attributes of one item; every value is a text.
type Attributes = Vec<(&'static str, String)>;

impl Facts {
    pub(crate) fn of(node: NodeId) -> Self {
        Self { node }
    }

    /// Returns one of SSM's `InventoryItem`s for each type, in the order asked: `TypeName`, `SchemaVersion`, `CaptureTime`, `Content`.
    ///
    /// An attribute that this node does not have is left out. Blocks for some file reads.
    pub fn gather<T: AsRef<str>>(
        &self,
        types: impl IntoIterator<Item = T>,
    ) -> Result<Vec<Value>, FactsError> {
        let captured = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        types
            .into_iter()
            .map(|name| {
                let content = match name.as_ref() {
                    "AWS:InstanceInformation" => vec![system::instance(&self.node)?],
                    "AWS:InstanceDetailedInformation" => vec![machine::detailed()?],
                    "AWS:Network" => network::interfaces()?,
                    other => return Err(FactsError::UnknownType(other.to_owned())),
                };
                Ok(json!({
                    "TypeName": name.as_ref(),
                    "SchemaVersion": "1.0",
                    "CaptureTime": captured,
                    "Content": content.into_iter().map(item).collect::<Vec<_>>(),
                }))
            })
            .collect()
    }
}

fn item(attributes: Attributes) -> Value {
    let map: Map<_, _> = attributes
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    Value::Object(map)
}
