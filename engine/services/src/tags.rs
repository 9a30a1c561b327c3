//! Tags of resources.

use host_api::identifier::{NodeId, RunId};
use serde_json::json;
pub use ssm_model::types::tags::{AddTagsToResourceRequest, Tag};
use ssm_model::types::tags::{
    AddTagsToResourceResult, ListTagsForResourceRequest, ListTagsForResourceResult,
    RemoveTagsFromResourceRequest, RemoveTagsFromResourceResult,
};
use store::{ReadTx, documents, nodes, parameters, runs};

use crate::Services;
use crate::access::Resource;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

pub(crate) const PARAMETER: &str = "Parameter";
pub(crate) const MANAGED_INSTANCE: &str = "ManagedInstance";
pub(crate) const DOCUMENT: &str = "Document";
/// A run, whose tags go with it. SSM takes 5 when a run starts, and as many as for anything else afterwards.
pub(crate) const AUTOMATION: &str = store::tags::AUTOMATION;
/// A rule of `EventBridge`, which SSM's own operations on tags do not know.
pub(crate) const EVENT_RULE: &str = "EventRule";
/// Tags of one resource.
pub const TAGS_MAX: usize = 50;

/// SSM's resource types that this release does not have.
const UNAVAILABLE: &[&str] = &[
    "MaintenanceWindow",
    "PatchBaseline",
    "OpsItem",
    "OpsMetadata",
    "Association",
    "CloudConnector",
];

impl Services {
    /// Adds tags to a resource that exists; a tag with a key that is there takes its place.
    ///
    /// # Errors
    /// `InvalidResourceType`, `InvalidResourceId`, and `TooManyTagsError` if it would have more than [`TAGS_MAX`] tags.
    pub async fn add_tags_to_resource(
        &self,
        actor: &Actor,
        request: AddTagsToResourceRequest,
    ) -> Result<AddTagsToResourceResult, ServiceError> {
        let tags = checked(&request.tags)?;
        let AddTagsToResourceRequest { resource_type, resource_id, .. } = request;
        let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
        let arn = tagged(&resource_type, &resource_id).arn(self.place());
        let deed = Deed::new("AddTagsToResource", arn).details(json!({ "keys": keys }));
        let known = self.known_node(&resource_type, &resource_id).await;
        self.change(actor, deed, move |tx| {
            let id = existing(tx, &resource_type, &resource_id, known.as_ref())?;
            for (key, value) in &tags {
                store::tags::set(tx, &resource_type, &id, key, value)?;
            }
            let count = store::tags::list(tx, &resource_type, &id)?.len();
            if count > TAGS_MAX {
                return Err(too_many(format!(
                    "{resource_type} {resource_id} would have {count} tags, at most {TAGS_MAX} are allowed"
                )));
            }
            Ok(AddTagsToResourceResult {})
        })
        .await
    }

    /// Removes the tags with these keys from a resource that exists. A key that it does not have is no error.
    ///
    /// # Errors
    /// `InvalidResourceType`, `InvalidResourceId`.
    pub async fn remove_tags_from_resource(
        &self,
        actor: &Actor,
        request: RemoveTagsFromResourceRequest,
    ) -> Result<RemoveTagsFromResourceResult, ServiceError> {
        let RemoveTagsFromResourceRequest { resource_type, resource_id, tag_keys } = request;
        let arn = tagged(&resource_type, &resource_id).arn(self.place());
        let deed = Deed::new("RemoveTagsFromResource", arn).details(json!({ "keys": tag_keys }));
        let known = self.known_node(&resource_type, &resource_id).await;
        self.change(actor, deed, move |tx| {
            let id = existing(tx, &resource_type, &resource_id, known.as_ref())?;
            for key in &tag_keys {
                store::tags::remove(tx, &resource_type, &id, key)?;
            }
            Ok(RemoveTagsFromResourceResult {})
        })
        .await
    }

    /// Returns the tags of a resource that exists, in the order of their keys.
    ///
    /// # Errors
    /// `InvalidResourceType`, `InvalidResourceId`.
    pub async fn list_tags_for_resource(
        &self,
        request: ListTagsForResourceRequest,
    ) -> Result<ListTagsForResourceResult, ServiceError> {
        let ListTagsForResourceRequest { resource_type, resource_id } = request;
        let known = self.known_node(&resource_type, &resource_id).await;
        let read = move |tx: &ReadTx<'_>| -> Result<Vec<Tag>, ServiceError> {
            let id = existing(tx, &resource_type, &resource_id, known.as_ref())?;
            let tags = store::tags::list(tx, &resource_type, &id)?;
            Ok(tags.into_iter().map(|(key, value)| Tag { key, value }).collect())
        };
        Ok(ListTagsForResourceResult { tag_list: Some(self.store().read(read).await?) })
    }

    /// Returns the reachable node that goes by this id or alias, if a node is meant.
    async fn known_node(&self, resource_type: &str, resource_id: &str) -> Option<NodeId> {
        if resource_type != MANAGED_INSTANCE {
            return None;
        }
        self.node_named(resource_id).await.ok()
    }
}

/// Returns what policies are asked about when the tags of a resource are read or changed.
pub(crate) fn tagged(resource_type: &str, resource_id: &str) -> Resource {
    let id = resource_id.to_owned();
    match resource_type {
        PARAMETER => Resource::Parameter(id),
        DOCUMENT => Resource::Document(id),
        AUTOMATION => Resource::AutomationExecution(id),
        MANAGED_INSTANCE => Resource::ManagedInstance(id),
        _ => Resource::Account,
    }
}

/// Returns the id under which a resource has its tags. `known` is the node of that name that is reachable, whether or not it has a
/// row in the store.
fn existing(
    tx: &ReadTx<'_>,
    resource_type: &str,
    resource_id: &str,
    known: Option<&NodeId>,
) -> Result<String, ServiceError> {
    let found = match resource_type {
        PARAMETER => parameter(tx, resource_id)?,
        DOCUMENT => documents::find(tx, resource_id)?.map(|document| document.name),
        AUTOMATION => runs::find(tx, &RunId::new(resource_id))?.map(|run| run.id.to_string()),
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

/// Returns the name of a parameter. `x` and `/x` are different ones, but where only one of them exists it is found by either.
fn parameter(tx: &ReadTx<'_>, name: &str) -> Result<Option<String>, ServiceError> {
    let other = match name.strip_prefix('/') {
        Some(flat) => flat.to_owned(),
        None => format!("/{name}"),
    };
    for name in [name, &other] {
        if parameters::latest_version(tx, name)? > 0 {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

fn too_many(message: String) -> ServiceError {
    ServiceError::request("TooManyTagsError", message)
}

/// Checks counts, lengths and characters as SSM does, and that no key comes twice.
pub(crate) fn checked(tags: &[Tag]) -> Result<Vec<(String, String)>, ServiceError> {
    if tags.len() > TAGS_MAX {
        return Err(too_many(format!("at most {TAGS_MAX} tags are allowed")));
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
    let is_space = character.is_whitespace() && !character.is_control();
    character.is_alphanumeric() || is_space || "_.:/=+-@".contains(character)
}
