//! Tags of resources.

use crate::bindings::runwright::host::tags as host;
use crate::failure::Failure;

/// SSM's `Tag`.
#[runwright_sdk::value]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// Adds tags to a resource, replacing those of the same key. Needs `tags:write` on `type/id`.
///
/// # Errors
/// `InvalidResourceType`, `InvalidResourceId`, `TooManyTags`, `Denied`.
pub fn add(resource_type: &str, resource_id: &str, tags: &[Tag]) -> Result<(), Failure> {
    let tags: Vec<_> = tags
        .iter()
        .map(|tag| host::Tag { key: tag.key.clone(), value: tag.value.clone() })
        .collect();
    Ok(host::add(resource_type, resource_id, &tags)?)
}
