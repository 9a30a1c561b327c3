//! Inventory: facts of nodes, gathered now.

use serde_json::Value;

use crate::Services;
use crate::error::{ErrorKind, ServiceError};

/// Types that one call may ask for.
const TYPES_MAX: usize = 20;

impl Services {
    /// Gathers the named types, such as `AWS:InstanceInformation`, from a node: SSM's `InventoryItem`s.
    pub async fn gather_inventory(
        &self,
        node: &str,
        types: &[String],
    ) -> Result<Vec<Value>, ServiceError> {
        if types.is_empty() || types.len() > TYPES_MAX {
            return Err(ServiceError::validation(format!(
                "1 to {TYPES_MAX} types are gathered at once, not {}",
                types.len()
            )));
        }
        let node = self.node_named(node).await?;
        self.nodes().gather(&node, types).await.map_err(|failure| {
            let kind = if failure.retryable { ErrorKind::Transient } else { ErrorKind::Request };
            ServiceError::new(kind, failure.code, failure.message)
        })
    }
}
