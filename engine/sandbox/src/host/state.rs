//! `state`. The scope is not the guest's to choose: it is the vendor of the action that is called.

use host_api::request::{HostRequest, StateRequest};
use serde_json::Value;

use crate::activation::Activation;
use crate::bindings::runwright::host::state::Host;
use crate::host::{CallError, json};

impl Host for Activation {
    /// A host answers `null` for a key that it does not have.
    async fn get(&mut self, key: String) -> Result<Option<String>, CallError> {
        self.charge(key.len())?;
        let scope = self.scope.clone();
        let value = self.perform(HostRequest::State(StateRequest::Get { scope, key })).await?;
        if value == Value::Null {
            return Ok(None);
        }
        let text = value.to_string();
        self.carry(text.len())?;
        Ok(Some(text))
    }

    async fn put(&mut self, key: String, value: String) -> Result<(), CallError> {
        self.charge(key.len() + value.len())?;
        let scope = self.scope.clone();
        let request = StateRequest::Put { scope, key, value: json(&value)? };
        self.perform_unit(HostRequest::State(request)).await
    }

    async fn delete(&mut self, key: String) -> Result<(), CallError> {
        self.charge(key.len())?;
        let scope = self.scope.clone();
        self.perform_unit(HostRequest::State(StateRequest::Delete { scope, key })).await
    }

    async fn list_keys(&mut self, prefix: String) -> Result<Vec<String>, CallError> {
        self.charge(prefix.len())?;
        let scope = self.scope.clone();
        let request = StateRequest::ListKeys { scope, prefix };
        let keys: Vec<String> = self.perform_as(HostRequest::State(request)).await?;
        self.carry(keys.iter().map(String::len).sum())?;
        Ok(keys)
    }
}
