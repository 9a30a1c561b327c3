//! Tags of resources.

use host_api::identifier::NodeId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{nodes, parameters};

use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

pub(crate) const PARAMETER: &str = "Parameter";
pub(crate) const MANAGED_INSTANCE: &str = "ManagedInstance";
/// Tags of one resource.
pub const TAGS_MAX: usize = 50;

/// SSM's resource types that this release does not have.
const UNAVAILABLE: &[&str] = &[
    "Document",
    "MaintenanceWindow",
    "PatchBaseline",
    "OpsItem",
    "OpsMetadata",
    "Automation",
    "Association",
    "CloudConnector",
];

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct AddTagsToResourceRequest {
    /// `Parameter` or `ManagedInstance`.
    pub resource_type: String,
    pub resource_id: String,
    pub tags: Vec<Tag>,
}

impl Services {
    /// Adds tags to a resource that exists; a tag with a key that is there takes its place.
    pub async fn add_tags_to_resource(
        &self,
        actor: &Actor,
        request: AddTagsToResourceRequest,
    ) -> Result<(), ServiceError> {
        let tags = checked(&request.tags)?;
        let AddTagsToResourceRequest { resource_type, resource_id, .. } = request;
        let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
        let deed = Deed::new("AddTagsToResource", format!("{resource_type}/{resource_id}"))
            .details(json!({ "keys": keys }));
        let known = self.known_node(&resource_type, &resource_id).await;
        self.change(actor, deed, move |tx| {
            let id = existing(tx, &resource_type, &resource_id, known.as_ref())?;
            for (key, value) in &tags {
                store::tags::set(tx, &resource_type, &id, key, value)?;
            }
            let count = store::tags::list(tx, &resource_type, &id)?.len();
            if count > TAGS_MAX {
                return Err(ServiceError::request(
                    "TooManyTagsError",
                    format!("{resource_type} {resource_id} would have {count} tags, at most {TAGS_MAX} are allowed"),
                ));
            }
            Ok(())
        })
        .await
    }

    /// Returns the tags of a resource that exists, in the order of their keys.
    pub async fn list_tags_for_resource(
        &self,
        resource_type: String,
        resource_id: String,
    ) -> Result<Vec<Tag>, ServiceError> {
        let known = self.known_node(&resource_type, &resource_id).await;
        let read = move |tx: &store::ReadTx<'_>| -> Result<Vec<Tag>, ServiceError> {
            let id = existing(tx, &resource_type, &resource_id, known.as_ref())?;
            let tags = store::tags::list(tx, &resource_type, &id)?;
            Ok(tags.into_iter().map(|(key, value)| Tag { key, value }).collect())
        };
        self.store().read(read).await
    }

    /// Returns the reachable node that goes by this id or alias, if a node is meant.
    async fn known_node(&self, resource_type: &str, resource_id: &str) -> Option<NodeId> {
        if resource_type != MANAGED_INSTANCE {
            return None;
        }
        self.node_named(resource_id).await.ok()
    }
}

/// Returns the id under which a resource has its tags. `known` is the node of that name that is reachable, whether or not it has a
/// row in the store.
fn existing(
    tx: &store::ReadTx<'_>,
    resource_type: &str,
    resource_id: &str,
    known: Option<&NodeId>,
) -> Result<String, ServiceError> {
    let found = match resource_type {
        PARAMETER => {
            (parameters::latest_version(tx, resource_id)? > 0).then(|| resource_id.to_owned())
        }
        MANAGED_INSTANCE => match known {
            Some(node) => Some(node.to_string()),
            None => nodes::find(tx, resource_id)?.map(|node| node.id.to_string()),
        },
        other if UNAVAILABLE.contains(&other) => {
            return Err(ServiceError::unavailable(format!(
                "tags of a {other} are not available yet"
            )));
        }
        other => {
            return Err(ServiceError::request(
                "InvalidResourceType",
                format!("there is no resource type {other:?}"),
            ));
        }
    };
    found.ok_or_else(|| {
        ServiceError::request(
            "InvalidResourceId",
            format!("there is no {resource_type} {resource_id}"),
        )
    })
}

/// Checks counts, lengths and characters as SSM does, and that no key comes twice.
pub(crate) fn checked(tags: &[Tag]) -> Result<Vec<(String, String)>, ServiceError> {
    if tags.len() > TAGS_MAX {
        return Err(ServiceError::request(
            "TooManyTagsError",
            format!("at most {TAGS_MAX} tags are allowed"),
        ));
    }
    let mut seen = std::collections::BTreeMap::new();
    for Tag { key, value } in tags {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(ServiceError::validation(
                "a tag's key has 1 to 128 characters and its value at most 256",
            ));
        }
        if let Some(character) = key.chars().chain(value.chars()).find(|one| !is_allowed(*one)) {
            return Err(ServiceError::validation(format!(
                "the tag {key:?} has the character {character:?}: letters, digits, space and _.:/=+-@ are allowed"
            )));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(ServiceError::validation(format!(
                "the tag {key:?} begins with the reserved aws:"
            )));
        }
        if seen.insert(key.clone(), value.clone()).is_some() {
            return Err(ServiceError::validation(format!("the tag {key:?} is given twice")));
        }
    }
    Ok(seen.into_iter().collect())
}

fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}
