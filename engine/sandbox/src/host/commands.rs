//! `commands`.

use host_api::request::{CommandsRequest, HostRequest};

use crate::activation::Activation;
use crate::bindings::runwright::host::commands::Host;
use crate::host::{CallError, json};

impl Host for Activation {
    async fn send(&mut self, request: String) -> Result<String, CallError> {
        self.charge(request.len())?;
        let request = json(&request)?;
        self.perform_text(HostRequest::Commands(CommandsRequest::Send(request))).await
    }

    async fn get(&mut self, id: String) -> Result<String, CallError> {
        self.charge(id.len())?;
        self.perform_json(HostRequest::Commands(CommandsRequest::Get { id })).await
    }

    async fn cancel(&mut self, id: String) -> Result<(), CallError> {
        self.charge(id.len())?;
        self.perform_unit(HostRequest::Commands(CommandsRequest::Cancel { id })).await
    }
}
