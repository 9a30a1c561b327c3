//! `ops`.

use host_api::request::{HostRequest, OpsRequest};

use crate::activation::Activation;
use crate::bindings::runwright::host::ops::Host;
use crate::host::{CallError, json};

impl Host for Activation {
    async fn create_item(&mut self, request: String) -> Result<String, CallError> {
        self.charge(request.len())?;
        let request = OpsRequest::CreateItem(json(&request)?);
        self.perform_text(HostRequest::Ops(request)).await
    }

    async fn update_item(&mut self, request: String) -> Result<(), CallError> {
        self.charge(request.len())?;
        let request = OpsRequest::UpdateItem(json(&request)?);
        self.perform_unit(HostRequest::Ops(request)).await
    }
}
