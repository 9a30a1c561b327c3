//! `automation`.

use host_api::request::{AutomationRequest, HostRequest};

use crate::activation::Activation;
use crate::bindings::runwright::host::automation::Host;
use crate::host::{CallError, json};

impl Host for Activation {
    async fn start(&mut self, request: String) -> Result<String, CallError> {
        self.charge(request.len())?;
        let request = json(&request)?;
        self.perform_text(HostRequest::Automation(AutomationRequest::Start(request))).await
    }

    async fn get(&mut self, id: String) -> Result<String, CallError> {
        self.charge(id.len())?;
        self.perform_json(HostRequest::Automation(AutomationRequest::Get { id })).await
    }

    async fn cancel(&mut self, id: String) -> Result<(), CallError> {
        self.charge(id.len())?;
        self.perform_unit(HostRequest::Automation(AutomationRequest::Cancel { id })).await
    }
}
