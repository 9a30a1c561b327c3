//! `patching`.

use host_api::request::{HostRequest, PatchingRequest};

use crate::activation::Activation;
use crate::bindings::runwright::host::patching::Host;
use crate::host::{CallError, json};

impl Host for Activation {
    async fn scan(&mut self, node: String, request: String) -> Result<String, CallError> {
        self.charge(node.len() + request.len())?;
        let request = PatchingRequest::Scan { node, request: json(&request)? };
        self.perform_json(HostRequest::Patching(request)).await
    }

    async fn install(&mut self, node: String, request: String) -> Result<String, CallError> {
        self.charge(node.len() + request.len())?;
        let request = PatchingRequest::Install { node, request: json(&request)? };
        self.perform_json(HostRequest::Patching(request)).await
    }
}
