//! `api`. A secret crosses this border as a handle only.

use std::collections::BTreeMap;

use host_api::request::{ApiAnswer, ApiCall, ApiRequest, HostRequest};
use serde_json::{Value, json};

use crate::activation::Activation;
use crate::bindings::runwright::host::api::Host;
use crate::handle::HANDLE_KEY;
use crate::host::{CallError, invalid, json};

impl Host for Activation {
    async fn call(
        &mut self,
        service: String,
        operation: String,
        input: String,
    ) -> Result<String, CallError> {
        self.charge(service.len() + operation.len() + input.len())?;
        let mut input = json(&input)?;
        if !input.is_object() {
            return Err(invalid("the input of an operation is a JSON object"));
        }
        let mut secrets = BTreeMap::new();
        self.take_secrets(&mut input, &mut String::new(), &mut secrets);
        let call = ApiCall { service, operation, input, secrets };
        let ApiAnswer { mut answer, secrets } =
            self.perform_as(HostRequest::Api(ApiRequest::Call(call))).await?;
        for (pointer, reference) in &secrets {
            let handle = self.host.handle_for(reference);
            let place = answer.pointer_mut(pointer).ok_or_else(|| {
                CallError::internal(format!("answer of api.call: no place {pointer} for a secret"))
            })?;
            *place = json!({ HANDLE_KEY: handle });
        }
        let text = answer.to_string();
        self.carry(text.len())?;
        Ok(text)
    }
}

impl Activation {
    /// Takes each `{ "secret": HANDLE }` that was given out from `value`, and notes what it stands for by its place.
    fn take_secrets(
        &self,
        value: &mut Value,
        pointer: &mut String,
        secrets: &mut BTreeMap<String, String>,
    ) {
        if let Some(reference) =
            handle_of(value).and_then(|handle| self.host.resolve_handle(handle))
        {
            secrets.insert(pointer.clone(), reference);
            *value = Value::Null;
            return;
        }
        let length = pointer.len();
        let mut visit = |name: &str, value: &mut Value| {
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            self.take_secrets(value, pointer, secrets);
            pointer.truncate(length);
        };
        match value {
            Value::Array(list) => {
                for (index, element) in list.iter_mut().enumerate() {
                    visit(&index.to_string(), element);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    visit(name, member);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn handle_of(value: &Value) -> Option<&str> {
    value.as_object().filter(|members| members.len() == 1)?.get(HANDLE_KEY)?.as_str()
}
