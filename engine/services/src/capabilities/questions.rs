//! Host calls as questions to the policies: a run does what its starter may do.
//!
//! A call is asked about as the operation that it is of SSM's API. What only concerns the run itself, such as time and the state of its
//! vendor, is not asked about.

use std::collections::BTreeSet;

use host_api::identifier::NodeId;
use host_api::request::{
    ApiRequest, AutomationRequest, Body, CommandsRequest, Content, HostRequest, HttpRequest,
    HttpSend, InventoryRequest, OpsRequest, ParametersRequest, PatchingRequest, PutParameter,
    TagsRequest,
};
use serde_json::Value;

use crate::Services;
use crate::access::{Access, Question, Resource, is_unasked};
use crate::actor::Actor;
use crate::automation::StartAutomationExecutionRequest;
use crate::commands::SendCommandRequest;
use crate::error::{ServiceError, decode};
use crate::parameters::{ParameterName, Selected};
use crate::tags::{MANAGED_INSTANCE, PARAMETER};

/// By which document a node is patched.
const PATCH_DOCUMENT: &str = "AWS-RunPatchBaseline";
/// The version of a document that is meant when none is said.
const DEFAULT_VERSION: &str = "$DEFAULT";

/// What a call asks for.
struct Asked {
    operation: &'static str,
    access: Access,
    resources: Vec<Resource>,
    conditions: Vec<(&'static str, Value)>,
}

impl Asked {
    fn reading(operation: &'static str, resource: Resource) -> Self {
        let (access, resources) = (Access::Read, vec![resource]);
        Self { operation, access, resources, conditions: Vec::new() }
    }

    fn writing(operation: &'static str, resource: Resource) -> Self {
        Self { access: Access::Write, ..Self::reading(operation, resource) }
    }

    fn when(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.conditions.push((name, value.into()));
        self
    }
}

impl Services {
    /// Refuses a call that the policies do not allow the run's principal.
    ///
    /// # Errors
    /// `AccessDeniedException`, which is not in the audit log yet.
    pub(super) async fn may_call(
        &self,
        actor: &Actor,
        request: &HostRequest,
    ) -> Result<(), ServiceError> {
        if is_unasked(actor) {
            return Ok(());
        }
        for asked in self.asked(request).await? {
            let question = Question {
                operation: asked.operation,
                access: asked.access,
                resources: &asked.resources,
                conditions: &asked.conditions,
            };
            if let Err(refusal) = self.answer(actor, question).await? {
                return Err(refusal.error());
            }
        }
        Ok(())
    }

    async fn asked(&self, request: &HostRequest) -> Result<Vec<Asked>, ServiceError> {
        Ok(match request {
            HostRequest::Clock(_) | HostRequest::State(_) => Vec::new(),
            HostRequest::Parameters(request) => self.parameters_asked(request)?,
            HostRequest::Commands(request) => vec![self.commands_asked(request).await?],
            HostRequest::Automation(request) => vec![automation_asked(request)?],
            HostRequest::Inventory(InventoryRequest::Gather { node, types: _ }) => {
                vec![Asked::reading("ListInventoryEntries", self.node_resource(node).await?)]
            }
            HostRequest::Tags(TagsRequest::Add { resource_type, resource_id, tags: _ }) => {
                let resource = self.tagged(resource_type, resource_id).await?;
                vec![Asked::writing("AddTagsToResource", resource)]
            }
            HostRequest::Patching(
                PatchingRequest::Scan { node, request: _ }
                | PatchingRequest::Install { node, request: _ },
            ) => {
                let document = Resource::Document(PATCH_DOCUMENT.to_owned());
                let mut asked = Asked::writing("SendCommand", document);
                asked.resources.push(self.node_resource(node).await?);
                vec![asked]
            }
            HostRequest::Ops(OpsRequest::CreateItem(_)) => {
                vec![Asked::writing("CreateOpsItem", Resource::Account)]
            }
            HostRequest::Ops(OpsRequest::UpdateItem(_)) => {
                vec![Asked::writing("UpdateOpsItem", Resource::Account)]
            }
            HostRequest::Http(HttpRequest::Send(send)) => self.http_asked(send)?,
            // The operation itself is asked about where it is carried out.
            HostRequest::Api(ApiRequest::Call(call)) => {
                let used = call.secrets.values().map(|reference| self.decryption(reference));
                used.collect::<Result<_, _>>()?
            }
        })
    }

    fn parameters_asked(&self, request: &ParametersRequest) -> Result<Vec<Asked>, ServiceError> {
        Ok(match request {
            ParametersRequest::Get { name } => {
                vec![Asked::reading("GetParameter", self.parameter(name)?)]
            }
            // Whoever may read a path may read what is below it, as in SSM.
            ParametersRequest::GetByPath { path, recursive } => {
                let path = Resource::Parameter(path.clone());
                vec![Asked::reading("GetParametersByPath", path).when("Recursive", *recursive)]
            }
            ParametersRequest::Put(put) => self.put_asked(put)?,
            ParametersRequest::Delete { name } => {
                vec![Asked::writing("DeleteParameter", written(name)?)]
            }
            ParametersRequest::Reveal { name } => vec![self.decryption(name)?],
        })
    }

    fn put_asked(&self, put: &PutParameter) -> Result<Vec<Asked>, ServiceError> {
        let asked = Asked::writing("PutParameter", written(&put.name)?);
        let mut all = vec![asked.when("Overwrite", put.overwrite)];
        if let Content::Secret(reference) = &put.content {
            all.push(self.decryption(reference)?);
        }
        Ok(all)
    }

    async fn commands_asked(&self, request: &CommandsRequest) -> Result<Asked, ServiceError> {
        Ok(match request {
            CommandsRequest::Send(request) => {
                let request: SendCommandRequest = decode(request.clone())?;
                let nodes = self.target_nodes(&request).await?;
                let mut asked =
                    Asked::writing("SendCommand", Resource::Document(request.document_name));
                let node = |id: &NodeId| Resource::ManagedInstance(id.as_str().to_owned());
                asked.resources.extend(nodes.iter().map(node));
                asked
            }
            CommandsRequest::Get { id: _ } => {
                Asked::reading("GetCommandInvocation", Resource::Account)
            }
            CommandsRequest::Cancel { id: _ } => Asked::writing("CancelCommand", Resource::Account),
        })
    }

    fn http_asked(&self, send: &HttpSend) -> Result<Vec<Asked>, ServiceError> {
        let mut asked = Asked::writing("HttpRequest", Resource::Account)
            .when("HttpMethod", send.method.as_str());
        if let Some(host) = url::Url::parse(&send.url).ok().as_ref().and_then(url::Url::host_str) {
            asked = asked.when("HttpHost", host);
        }
        let mut all = vec![asked];
        let mut used = BTreeSet::new();
        let body = match &send.body {
            Some(Body::Text(text)) => Some(text),
            Some(Body::Bytes(_)) | None => None,
        };
        for part in send.headers.iter().map(|(_, text)| text).chain(body).flat_map(|text| &text.0) {
            if let Content::Secret(reference) = part
                && used.insert(reference)
            {
                all.push(self.decryption(reference)?);
            }
        }
        Ok(all)
    }

    /// The use of a secret is the reading of its plain text.
    fn decryption(&self, reference: &str) -> Result<Asked, ServiceError> {
        let parameter = self.parameter(reference)?;
        Ok(Asked::reading("GetParameter", parameter).when("WithDecryption", true))
    }

    fn parameter(&self, name: &str) -> Result<Resource, ServiceError> {
        let selected = Selected::parse(name, self.place())?;
        Ok(Resource::Parameter(selected.name.as_str().to_owned()))
    }

    /// Returns the node of a name or alias.
    async fn node_resource(&self, name: &str) -> Result<Resource, ServiceError> {
        Ok(Resource::ManagedInstance(self.node_named(name).await?.to_string()))
    }

    async fn tagged(&self, kind: &str, id: &str) -> Result<Resource, ServiceError> {
        Ok(match kind {
            PARAMETER => written(id)?,
            // A node that is not there now may have its row, under its own id.
            MANAGED_INSTANCE => match self.node_named(id).await {
                Ok(node) => Resource::ManagedInstance(node.to_string()),
                Err(_) => Resource::ManagedInstance(id.to_owned()),
            },
            "Document" => Resource::Document(id.to_owned()),
            "Automation" => Resource::AutomationExecution(id.to_owned()),
            _ => Resource::Account,
        })
    }
}

fn automation_asked(request: &AutomationRequest) -> Result<Asked, ServiceError> {
    let execution = |id: &String| Resource::AutomationExecution(id.clone());
    Ok(match request {
        AutomationRequest::Start(request) => {
            let request: StartAutomationExecutionRequest = decode(request.clone())?;
            let version = request.document_version.unwrap_or_else(|| DEFAULT_VERSION.to_owned());
            let definition = Resource::AutomationDefinition(request.document_name, version);
            Asked::writing("StartAutomationExecution", definition)
        }
        AutomationRequest::Get { id } => Asked::reading("GetAutomationExecution", execution(id)),
        AutomationRequest::Cancel { id } => {
            Asked::writing("StopAutomationExecution", execution(id))
        }
    })
}

fn written(name: &str) -> Result<Resource, ServiceError> {
    Ok(Resource::Parameter(ParameterName::for_reading(name)?.as_str().to_owned()))
}
