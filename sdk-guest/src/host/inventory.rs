//! Inventory: facts of nodes.

use std::collections::BTreeMap;

use super::answer;
use crate::bindings::runwright::host::inventory as host;
use crate::failure::Failure;

/// SSM's `InventoryItem`: what is known of one type.
#[runwright_sdk::value]
pub struct InventoryItem {
    /// Such as `AWS:InstanceInformation`.
    pub type_name: String,
    pub schema_version: String,
    /// ISO 8601.
    pub capture_time: String,
    pub content_hash: Option<String>,
    pub content: Option<Vec<BTreeMap<String, String>>>,
    pub context: Option<BTreeMap<String, String>>,
}

/// Gathers facts from a node now. Needs `inventory:read` on the node.
///
/// # Errors
/// `InvalidTypeName`, `InvalidInstanceId`, `Denied`.
pub fn gather(node: &str, types: &[String]) -> Result<Vec<InventoryItem>, Failure> {
    answer(&host::gather(node, types)?)
}
