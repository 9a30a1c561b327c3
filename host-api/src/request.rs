//! Host calls as data: what a guest asks, and what it is answered.
//!
//! A call is logged, checked against grants and performed as one of these values, so the log, the replay, the plan and
//! the policy all see the same thing. Adding a capability adds a variant here, an interface in `wit/`, a file in
//! `sandbox/host` and a module in `services`.

pub mod api;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::effect::EffectClass;
use crate::grant::Access;
use crate::identifier::Digest;

pub use api::{ApiAnswer, ApiCall, ApiRequest};

/// What stands in a log for text that is left out.
pub const REDACTED: &str = "***";

/// One host call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "interface", content = "call", rename_all = "camelCase")]
pub enum HostRequest {
    Clock(ClockRequest),
    Parameters(ParametersRequest),
    Commands(CommandsRequest),
    Automation(AutomationRequest),
    Inventory(InventoryRequest),
    Tags(TagsRequest),
    Patching(PatchingRequest),
    Ops(OpsRequest),
    Http(HttpRequest),
    State(StateRequest),
    Api(ApiRequest),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockRequest {
    /// Answered with a number of milliseconds since the Unix epoch.
    Now,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParametersRequest {
    /// Answered with a [`Parameter`].
    Get {
        name: String,
    },
    /// Answered with a list of [`Parameter`].
    GetByPath {
        path: String,
        recursive: bool,
    },
    /// Answered with the new version.
    Put(PutParameter),
    Delete {
        name: String,
    },
    /// Answered with the plain text; `name` is what the handle stands for.
    Reveal {
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutParameter {
    pub name: String,
    pub kind: Option<ParameterKind>,
    pub content: Content,
    pub overwrite: bool,
    pub description: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ParameterKind {
    String,
    StringList,
    SecureString,
}

/// The value of a parameter on its way to or from a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    Plain(String),
    /// A reference to a `SecureString`, `name` or `name:version`; a guest sees a handle in its place.
    Secret(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
    pub content: Content,
    pub version: u64,
    /// Milliseconds since the Unix epoch.
    pub last_modified: u64,
}

/// Requests are SSM's own, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandsRequest {
    /// A `SendCommandRequest`; answered with the command's id.
    Send(Value),
    /// Answered with `{ Command, CommandInvocations: [ … with CommandPlugins ] }`.
    Get {
        id: String,
    },
    Cancel {
        id: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AutomationRequest {
    /// A `StartAutomationExecutionRequest`; answered with the execution's id.
    Start(Value),
    /// Answered with `{ AutomationExecutionId, AutomationExecutionStatus, Outputs, FailureMessage }`.
    Get {
        id: String,
    },
    Cancel {
        id: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InventoryRequest {
    /// Answered with a list of SSM's `InventoryItem`.
    Gather { node: String, types: Vec<String> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TagsRequest {
    Add { resource_type: String, resource_id: String, tags: Vec<(String, String)> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PatchingRequest {
    Scan { node: String, request: Value },
    Install { node: String, request: Value },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpsRequest {
    CreateItem(Value),
    UpdateItem(Value),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpRequest {
    /// Answered with an [`HttpResponse`].
    Send(HttpSend),
}

/// An HTTP request. Handles in header values and body are already references, as [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSend {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, Text)>,
    pub body: Option<Body>,
    pub timeout_ms: u32,
    pub repeatable: bool,
}

/// Text with references to secrets in it; the performer puts the values in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub Vec<Content>);

/// A body: text with references to secrets, or bytes that are not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    Text(Text),
    Bytes(#[serde(with = "base64_text")] Vec<u8>),
}

/// Bytes as base64 text, so that a log and a recording hold them in a third more than their size.
mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    pub truncated: bool,
}

/// `scope` is the vendor of the action that calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateRequest {
    Get { scope: String, key: String },
    Put { scope: String, key: String, value: Value },
    Delete { scope: String, key: String },
    ListKeys { scope: String, prefix: String },
}

impl HostRequest {
    /// Returns the names of interface and function, as in the WIT package.
    pub fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::Clock(ClockRequest::Now) => ("clock", "now"),
            Self::Parameters(request) => ("parameters", request.function()),
            Self::Commands(request) => ("commands", request.function()),
            Self::Automation(request) => ("automation", request.function()),
            Self::Inventory(InventoryRequest::Gather { .. }) => ("inventory", "gather"),
            Self::Tags(TagsRequest::Add { .. }) => ("tags", "add"),
            Self::Patching(PatchingRequest::Scan { .. }) => ("patching", "scan"),
            Self::Patching(PatchingRequest::Install { .. }) => ("patching", "install"),
            Self::Ops(OpsRequest::CreateItem(_)) => ("ops", "create-item"),
            Self::Ops(OpsRequest::UpdateItem(_)) => ("ops", "update-item"),
            Self::Http(HttpRequest::Send(_)) => ("http", "send"),
            Self::State(request) => ("state", request.function()),
            Self::Api(ApiRequest::Call(_)) => ("api", "call"),
        }
    }

    /// Returns what performing the call does to the world.
    pub fn effect(&self) -> EffectClass {
        match self {
            Self::Api(ApiRequest::Call(call)) if api::reads(&call.operation) => EffectClass::Read,
            Self::Api(_) => EffectClass::Store,
            Self::Clock(_)
            | Self::Inventory(_)
            | Self::Parameters(
                ParametersRequest::Get { .. }
                | ParametersRequest::GetByPath { .. }
                | ParametersRequest::Reveal { .. },
            )
            | Self::Commands(CommandsRequest::Get { .. })
            | Self::Automation(AutomationRequest::Get { .. })
            | Self::Patching(PatchingRequest::Scan { .. })
            | Self::State(StateRequest::Get { .. } | StateRequest::ListKeys { .. }) => {
                EffectClass::Read
            }
            Self::Parameters(ParametersRequest::Put(_) | ParametersRequest::Delete { .. })
            | Self::Commands(CommandsRequest::Send(_) | CommandsRequest::Cancel { .. })
            | Self::Automation(AutomationRequest::Start(_) | AutomationRequest::Cancel { .. })
            | Self::Tags(_)
            | Self::Ops(_)
            | Self::State(StateRequest::Put { .. } | StateRequest::Delete { .. }) => {
                EffectClass::Store
            }
            Self::Http(_) | Self::Patching(PatchingRequest::Install { .. }) => {
                EffectClass::External
            }
        }
    }

    /// Returns whether the call may be performed again when an earlier try's outcome is not known.
    pub fn repeatable(&self) -> bool {
        match self {
            Self::Http(HttpRequest::Send(send)) => {
                send.repeatable || matches!(send.method.as_str(), "GET" | "HEAD")
            }
            Self::Clock(_)
            | Self::Parameters(_)
            | Self::Commands(_)
            | Self::Automation(_)
            | Self::Inventory(_)
            | Self::Tags(_)
            | Self::Patching(_)
            | Self::Ops(_)
            | Self::State(_)
            | Self::Api(_) => self.effect() < EffectClass::External,
        }
    }

    /// Returns whether the call begins something that goes on after it: a command or a run, by the id it answers.
    pub fn begins(&self) -> bool {
        matches!(
            self,
            Self::Commands(CommandsRequest::Send(_))
                | Self::Automation(AutomationRequest::Start(_))
        )
    }

    /// Returns the digest of the request as it is logged.
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(&*self.redacted()).unwrap_or_default())
    }

    /// Returns the request as it may be logged: secrets are references, and text that becomes a secret is left out.
    pub fn redacted(&self) -> Cow<'_, Self> {
        match self {
            Self::Parameters(ParametersRequest::Put(put)) if put.may_become_secret() => {
                let content = Content::Plain(REDACTED.to_owned());
                Cow::Owned(Self::Parameters(ParametersRequest::Put(PutParameter {
                    content,
                    ..put.clone()
                })))
            }
            Self::Api(ApiRequest::Call(call)) => match call.redacted() {
                Some(redacted) => Cow::Owned(Self::Api(ApiRequest::Call(redacted))),
                None => Cow::Borrowed(self),
            },
            Self::Clock(_)
            | Self::Parameters(_)
            | Self::Commands(_)
            | Self::Automation(_)
            | Self::Inventory(_)
            | Self::Tags(_)
            | Self::Patching(_)
            | Self::Ops(_)
            | Self::Http(_)
            | Self::State(_) => Cow::Borrowed(self),
        }
    }

    /// Returns what must be granted for the call; all of it must be.
    pub fn access(&self) -> Vec<Access> {
        crate::grant::access::of(self)
    }
}

impl PutParameter {
    /// Without a kind the parameter keeps the one it has, which may be `SecureString`.
    fn may_become_secret(&self) -> bool {
        let is_plain_kind =
            matches!(self.kind, Some(ParameterKind::String | ParameterKind::StringList));
        !is_plain_kind && matches!(self.content, Content::Plain(_))
    }
}

impl ParametersRequest {
    fn function(&self) -> &'static str {
        match self {
            Self::Get { .. } => "get",
            Self::GetByPath { .. } => "get-by-path",
            Self::Put(_) => "put",
            Self::Delete { .. } => "delete",
            Self::Reveal { .. } => "reveal",
        }
    }
}

impl CommandsRequest {
    fn function(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::Get { .. } => "get",
            Self::Cancel { .. } => "cancel",
        }
    }
}

impl AutomationRequest {
    fn function(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Get { .. } => "get",
            Self::Cancel { .. } => "cancel",
        }
    }
}

impl StateRequest {
    fn function(&self) -> &'static str {
        match self {
            Self::Get { .. } => "get",
            Self::Put { .. } => "put",
            Self::Delete { .. } => "delete",
            Self::ListKeys { .. } => "list-keys",
        }
    }
}
