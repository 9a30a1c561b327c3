//! `OpsCenter`. Fails with `Unavailable` on a host without it.

use serde_json::Value;

use super::identifier;
use crate::bindings::runwright::host::ops as host;
use crate::failure::Failure;

identifier! {
    /// An OpsItem: `oi-` and twelve hexadecimal digits.
    OpsItemId
}

/// Opens an OpsItem: `request` is SSM's `CreateOpsItemRequest`. Needs `ops:create`.
pub fn create_item(request: &Value) -> Result<OpsItemId, Failure> {
    Ok(host::create_item(&request.to_string())?.into())
}

/// Changes an OpsItem: `request` is SSM's `UpdateOpsItemRequest`. Needs `ops:update`.
pub fn update_item(request: &Value) -> Result<(), Failure> {
    Ok(host::update_item(&request.to_string())?)
}
