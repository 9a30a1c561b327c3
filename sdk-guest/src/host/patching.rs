//! Patch Manager. Fails with `Unavailable` on a host without it.

use serde_json::Value;

use super::answer;
use crate::bindings::runwright::host::patching as host;
use crate::failure::Failure;

/// Scans a node for missing patches. Needs `patching:scan`.
pub fn scan(node: &str, request: &Value) -> Result<Value, Failure> {
    answer(&host::scan(node, &request.to_string())?)
}

/// Installs approved patches on a node. Needs `patching:install`.
pub fn install(node: &str, request: &Value) -> Result<Value, Failure> {
    answer(&host::install(node, &request.to_string())?)
}
