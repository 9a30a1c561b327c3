//! `inventory`.

use host_api::request::{HostRequest, InventoryRequest};

use crate::activation::Activation;
use crate::bindings::runwright::host::inventory::Host;
use crate::host::CallError;

impl Host for Activation {
    async fn gather(&mut self, node: String, types: Vec<String>) -> Result<String, CallError> {
        self.charge(node.len() + types.iter().map(String::len).sum::<usize>())?;
        let request = InventoryRequest::Gather { node, types };
        self.perform_json(HostRequest::Inventory(request)).await
    }
}
