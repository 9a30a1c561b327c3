//! The sandbox's face: host calls as calls of the capabilities.

mod questions;

use std::collections::BTreeSet;

use async_trait::async_trait;
use host_api::failure::Failure;
use host_api::grant::Grants;
use host_api::identifier::{CommandId, RunId};
use host_api::port::{Caller, Capabilities, HostAnswer};
use host_api::request::{
    AutomationRequest, ClockRequest, CommandsRequest, Content, HostRequest, HttpRequest, HttpSend,
    InventoryRequest, Parameter, ParameterKind, ParametersRequest, PutParameter, StateRequest,
    TagsRequest,
};
use serde_json::{Value, json};
use store::parameters::{ParameterVersion, StoredValue};

use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::{ErrorKind, ServiceError, decode, encode};
use crate::parameters::{
    DeleteParameterRequest, PutParameterRequest, Selected, kind_text, parse_kind,
};
use crate::scrub::scrubbed_http;
use crate::tags::{AddTagsToResourceRequest, Tag};
use ssm_model::Sensitive;

/// Parameters that one call returns.
const BY_PATH_MAX: u32 = 1_000;

#[async_trait]
impl Capabilities for Services {
    async fn perform(&self, caller: &Caller, request: &HostRequest) -> HostAnswer {
        let answer = self.dispatch_call(caller, request).await;
        if let Err(error) = &answer
            && error.kind == ErrorKind::Denied
        {
            let (interface, function) = request.name();
            let deed = Deed::new("HostCall", format!("{interface}.{function}")).details(json!({
                "run": caller.activation.run.as_str(),
                "reason": error.message,
                "because": error.details,
            }));
            self.record(&Actor::of_call(caller, request), deed, "deny").await?;
        }
        Ok(answer?)
    }

    async fn scrub(&self, references: &BTreeSet<String>, value: Value) -> Result<Value, Failure> {
        if references.is_empty() {
            return Ok(value);
        }
        let scrubber = self.scrubber(references).await?;
        match scrubbed_http(&scrubber, references, &value) {
            Some(message) => Ok(message.map_err(|error| {
                ServiceError::internal(format!("what was scrubbed cannot be encoded: {error}"))
            })?),
            None => Ok(scrubber.value(value)),
        }
    }
}

impl Services {
    async fn dispatch_call(
        &self,
        caller: &Caller,
        request: &HostRequest,
    ) -> Result<Value, ServiceError> {
        let actor = Actor::of_call(caller, request);
        self.may_call(&actor, request).await?;
        match request {
            HostRequest::Clock(ClockRequest::Now) => Ok(json!(now_ms())),
            HostRequest::Parameters(request) => {
                self.call_parameters(&actor, &caller.grants, request).await
            }
            HostRequest::Commands(request) => self.call_commands(&actor, request).await,
            HostRequest::Automation(request) => self.call_automation(&actor, request).await,
            HostRequest::Inventory(InventoryRequest::Gather { node, types }) => {
                encode(&self.gather_inventory(node, types).await?)
            }
            HostRequest::Tags(TagsRequest::Add { resource_type, resource_id, tags }) => {
                let tag = |(key, value): &(String, String)| Tag {
                    key: key.clone(),
                    value: value.clone(),
                };
                let request = AddTagsToResourceRequest {
                    resource_type: resource_type.clone(),
                    resource_id: resource_id.clone(),
                    tags: tags.iter().map(tag).collect(),
                };
                self.add_tags_to_resource(&actor, request).await?;
                Ok(Value::Null)
            }
            HostRequest::Patching(_) => {
                Err(ServiceError::unavailable("Patch Manager is not available in this release"))
            }
            HostRequest::Ops(_) => {
                Err(ServiceError::unavailable("OpsCenter is not available in this release"))
            }
            HostRequest::Http(HttpRequest::Send(send)) => {
                let effect = caller.activation.effect_id(caller.ordinal);
                let answer = self.send_http(send, &effect, &caller.grants).await;
                self.record_sent(&actor, send, &answer).await?;
                encode(&answer?)
            }
            HostRequest::State(request) => self.call_state(&actor, request).await,
            HostRequest::Api(request) => self.call_api(&actor, request).await,
        }
    }

    /// Records a request that left, by its origin: the rest of an address may be as secret as a password. What was denied did not leave.
    async fn record_sent(
        &self,
        actor: &Actor,
        send: &HttpSend,
        answer: &Result<impl Sized, ServiceError>,
    ) -> Result<(), ServiceError> {
        let failure = answer.as_ref().err();
        if failure.is_some_and(|error| error.kind == ErrorKind::Denied) {
            return Ok(());
        }
        let url = url::Url::parse(&send.url);
        let origin =
            url.map_or_else(|_| "no address".to_owned(), |url| url.origin().ascii_serialization());
        let details = json!({ "method": send.method, "error": failure.map(|error| &error.code) });
        self.record(actor, Deed::new("SendHttpRequest", origin).details(details), "allow").await
    }

    async fn call_parameters(
        &self,
        actor: &Actor,
        grants: &Grants,
        request: &ParametersRequest,
    ) -> Result<Value, ServiceError> {
        match request {
            ParametersRequest::Get { name } => {
                let selected = Selected::parse(name, self.place())?;
                encode(&shown(self.find_version(&selected).await?)?)
            }
            ParametersRequest::GetByPath { path, recursive } => {
                let found = self.below(path, *recursive, None, BY_PATH_MAX + 1).await?;
                if found.len() > BY_PATH_MAX as usize {
                    return Err(ServiceError::validation(format!(
                        "more than {BY_PATH_MAX} parameters are below {path}"
                    )));
                }
                encode(&found.into_iter().map(shown).collect::<Result<Vec<_>, _>>()?)
            }
            ParametersRequest::Put(put) => {
                let request = self.put_request(put).await?;
                if let Content::Secret(reference) = &put.content {
                    self.note_copy(&put.name, reference).await?;
                }
                Ok(json!(self.put_parameter(actor, request).await?.version))
            }
            ParametersRequest::Delete { name } => {
                let request = DeleteParameterRequest { name: name.clone() };
                self.delete_parameter(actor, request).await?;
                Ok(Value::Null)
            }
            ParametersRequest::Reveal { name } => {
                self.check_origins(name, grants).await?;
                let shown = self.reveal_parameter(actor, name).await?;
                Ok(json!(shown.value.as_ref().map(Sensitive::expose)))
            }
        }
    }

    /// A value that comes from a secret may only become a secret again.
    async fn put_request(&self, put: &PutParameter) -> Result<PutParameterRequest, ServiceError> {
        let value = match &put.content {
            Content::Plain(text) => Sensitive::new(text.as_str()),
            Content::Secret(reference) => self.secret_for(put, reference).await?,
        };
        Ok(PutParameterRequest {
            name: put.name.clone(),
            value,
            r#type: put.kind.map(|kind| kind_text(kind).to_owned()),
            overwrite: Some(put.overwrite),
            description: put.description.clone(),
            ..PutParameterRequest::default()
        })
    }

    /// Returns the text of a secret that is to be the value of a parameter.
    pub(crate) async fn secret_for(
        &self,
        put: &PutParameter,
        reference: &str,
    ) -> Result<Sensitive, ServiceError> {
        if !self.becomes_secret(put).await? {
            return Err(ServiceError::validation(format!(
                "the value of {} is a secret: its type must be SecureString",
                put.name
            )));
        }
        self.resolve_secret(reference).await
    }

    async fn becomes_secret(&self, put: &PutParameter) -> Result<bool, ServiceError> {
        if let Some(kind) = put.kind {
            return Ok(kind == ParameterKind::SecureString);
        }
        let selected = Selected::parse(&put.name, self.place())?;
        match self.find_version(&selected).await {
            Ok(found) => Ok(parse_kind(&found.parameter.kind)? == ParameterKind::SecureString),
            Err(error) if error.code == "ParameterNotFound" => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn call_commands(
        &self,
        actor: &Actor,
        request: &CommandsRequest,
    ) -> Result<Value, ServiceError> {
        match request {
            CommandsRequest::Send(request) => {
                let id = self.send_command(actor, decode(request.clone())?).await?;
                Ok(json!(id.as_str()))
            }
            CommandsRequest::Get { id } => {
                encode(&self.get_command(&CommandId::new(id.as_str())).await?)
            }
            CommandsRequest::Cancel { id } => {
                self.cancel_command(actor, &CommandId::new(id.as_str())).await?;
                Ok(Value::Null)
            }
        }
    }

    async fn call_automation(
        &self,
        actor: &Actor,
        request: &AutomationRequest,
    ) -> Result<Value, ServiceError> {
        match request {
            AutomationRequest::Start(request) => {
                let started =
                    self.start_automation_execution(actor, decode(request.clone())?).await?;
                Ok(json!(started.automation_execution_id))
            }
            AutomationRequest::Get { id } => self.result_of_run(&RunId::new(id.as_str())).await,
            AutomationRequest::Cancel { id } => {
                self.cancel_run(actor, &RunId::new(id.as_str())).await?;
                Ok(Value::Null)
            }
        }
    }

    async fn call_state(
        &self,
        actor: &Actor,
        request: &StateRequest,
    ) -> Result<Value, ServiceError> {
        match request {
            StateRequest::Get { scope, key } => self.get_state(scope.clone(), key.clone()).await,
            StateRequest::Put { scope, key, value } => {
                self.put_state(actor, scope.clone(), key.clone(), value).await?;
                Ok(Value::Null)
            }
            StateRequest::Delete { scope, key } => {
                self.delete_state(actor, scope.clone(), key.clone()).await?;
                Ok(Value::Null)
            }
            StateRequest::ListKeys { scope, prefix } => {
                encode(&self.list_state_keys(scope.clone(), prefix.clone()).await?)
            }
        }
    }
}

/// A parameter as a guest is told of it: a `SecureString` is a reference to the version that was read.
fn shown(found: ParameterVersion) -> Result<Parameter, ServiceError> {
    let ParameterVersion { version, parameter, material: _ } = found;
    let content = match parameter.value {
        StoredValue::Plain(text) => Content::Plain(text),
        StoredValue::Sealed(_) => Content::Secret(format!("{}:{version}", parameter.name)),
    };
    Ok(Parameter {
        kind: parse_kind(&parameter.kind)?,
        name: parameter.name,
        content,
        version,
        last_modified: parameter.last_modified_ms,
    })
}
