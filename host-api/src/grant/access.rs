//! What a host call touches.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::{Area, Grant, Scope, UrlPattern, escape, operation};
use crate::request::{
    ApiRequest, AutomationRequest, Body, CommandsRequest, Content, HostRequest, HttpRequest,
    HttpSend, InventoryRequest, OpsRequest, ParametersRequest, PatchingRequest, StateRequest,
    TagsRequest, Text,
};

/// One thing a call touches; it must be granted.
///
/// `Display` gives the text of the narrowest grant that allows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    pub area: String,
    pub verb: String,
    /// As in a grant: `*` stands for all that is touched, `\*` for itself. The URL itself for `http`, empty for `ops`.
    pub resource: String,
    /// For `commands:send`, the node or `tag:Key=Value`, as in a grant; `None` if it may be any.
    pub target: Option<String>,
}

impl Access {
    pub(super) fn new(area: Area, verb: &str, resource: String) -> Self {
        Self { area: area.name().to_owned(), verb: verb.to_owned(), resource, target: None }
    }

    /// Returns it as the narrowest grant, `None` if it is not well formed.
    pub(super) fn as_grant(&self) -> Option<Grant> {
        if self.area != Area::Http.name() {
            return Grant::parse(&self.to_string()).ok();
        }
        let verb = Some(Area::Http.verb(&self.verb)?);
        let url = UrlPattern::of_request(&self.resource)?;
        Some(Grant(Scope::Within { area: Area::Http, verb, resource: super::Resource::Url(url) }))
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.area, self.verb)?;
        if self.area != Area::Ops.name() {
            write!(f, ":{}", self.resource)?;
        }
        match &self.target {
            Some(target) => write!(f, "@{target}"),
            None => Ok(()),
        }
    }
}

pub(crate) fn of(request: &HostRequest) -> Vec<Access> {
    let mut touched = match request {
        HostRequest::Parameters(request) => parameters(request),
        HostRequest::Commands(CommandsRequest::Send(request)) => send_command(request),
        HostRequest::Automation(AutomationRequest::Start(request)) => start_automation(request),
        // The driver lets a step name only what its own calls began.
        HostRequest::Clock(_)
        | HostRequest::Commands(CommandsRequest::Get { .. } | CommandsRequest::Cancel { .. })
        | HostRequest::Automation(
            AutomationRequest::Get { .. } | AutomationRequest::Cancel { .. },
        ) => Vec::new(),
        HostRequest::Inventory(InventoryRequest::Gather { node, .. }) => {
            vec![Access::new(Area::Inventory, "read", escape(node))]
        }
        HostRequest::Tags(TagsRequest::Add { resource_type, resource_id, .. }) => {
            let resource = format!("{}/{}", escape(resource_type), escape(resource_id));
            vec![Access::new(Area::Tags, "write", resource)]
        }
        HostRequest::Patching(PatchingRequest::Scan { node, .. }) => {
            vec![Access::new(Area::Patching, "scan", escape(node))]
        }
        HostRequest::Patching(PatchingRequest::Install { node, .. }) => {
            vec![Access::new(Area::Patching, "install", escape(node))]
        }
        HostRequest::Ops(OpsRequest::CreateItem(_)) => {
            vec![Access::new(Area::Ops, "create", String::new())]
        }
        HostRequest::Ops(OpsRequest::UpdateItem(_)) => {
            vec![Access::new(Area::Ops, "update", String::new())]
        }
        HostRequest::Http(HttpRequest::Send(send)) => http(send),
        HostRequest::State(request) => state(request),
        HostRequest::Api(ApiRequest::Call(call)) => operation::touched(call),
    };
    touched.sort();
    touched.dedup();
    touched
}

fn parameters(request: &ParametersRequest) -> Vec<Access> {
    match request {
        ParametersRequest::Get { name } => named_parameter("read", name),
        ParametersRequest::Reveal { name } => named_parameter("reveal", name),
        ParametersRequest::Delete { name } => named_parameter("delete", name),
        ParametersRequest::GetByPath { path, .. } => vec![below_path(path)],
        ParametersRequest::Put(put) => {
            let mut touched = named_parameter("write", &put.name);
            touched.extend(secret(&put.content));
            touched
        }
    }
}

pub(super) fn named_parameter(verb: &str, name: &str) -> Vec<Access> {
    let access = |name: String| Access::new(Area::Parameters, verb, escape(&name));
    parameter_names(name).into_iter().map(access).collect()
}

/// Returns the names of parameters that must be granted for one that is called so. A version or label after the name does not matter. In
/// an ARN `name` and `/name` look the same, so both must be.
pub fn parameter_names(name: &str) -> Vec<String> {
    let Some((_, path)) = name.split_once(":parameter/").filter(|_| name.starts_with("arn:"))
    else {
        return vec![before_selector(name).to_owned()];
    };
    let path = before_selector(path);
    let mut names = vec![format!("/{path}")];
    if !path.contains('/') {
        names.push(path.to_owned());
    }
    names
}

/// All parameters below a path.
pub(super) fn below_path(path: &str) -> Access {
    let below = format!("{}/*", escape(path.trim_end_matches('/')));
    Access::new(Area::Parameters, "read", below)
}

fn before_selector(name: &str) -> &str {
    name.split_once(':').map_or(name, |(name, _)| name)
}

fn secret(content: &Content) -> Vec<Access> {
    match content {
        Content::Plain(_) => Vec::new(),
        Content::Secret(name) => named_parameter("read", name),
    }
}

fn http(send: &HttpSend) -> Vec<Access> {
    let url = url::Url::parse(&send.url).map_or_else(|_| send.url.clone(), String::from);
    let mut touched = vec![Access::new(Area::Http, &send.method.to_ascii_uppercase(), url)];
    let mut texts: Vec<&Text> = send.headers.iter().map(|(_, value)| value).collect();
    if let Some(Body::Text(body)) = &send.body {
        texts.push(body);
    }
    touched.extend(texts.into_iter().flat_map(|text| &text.0).flat_map(secret));
    touched
}

fn state(request: &StateRequest) -> Vec<Access> {
    let (verb, key) = match request {
        StateRequest::Get { key, .. } => ("read", escape(key)),
        StateRequest::Put { key, .. } | StateRequest::Delete { key, .. } => ("write", escape(key)),
        StateRequest::ListKeys { prefix, .. } => ("read", format!("{}*", escape(prefix))),
    };
    vec![Access::new(Area::State, verb, key)]
}

/// A request that is not in SSM's shape touches an unnamed document or any node, so that no narrow grant lets it pass.
pub(super) fn send_command(request: &Value) -> Vec<Access> {
    let document = request.get("DocumentName").and_then(Value::as_str).unwrap_or("*");
    let document = if document == "*" { document.to_owned() } else { escape(document) };
    let mut touched: Vec<_> = command_targets(request)
        .into_iter()
        .map(|target| {
            let mut access = Access::new(Area::Commands, "send", document.clone());
            access.target = target;
            access
        })
        .collect();
    touched.extend(references(request));
    touched
}

fn command_targets(request: &Value) -> Vec<Option<String>> {
    let mut targets = BTreeSet::new();
    if let Some(ids) = request.get("InstanceIds").filter(|ids| !ids.is_null()) {
        targets.extend(texts(ids).into_iter().map(|id| id.map(|id| escape(&id))));
    }
    let list = request.get("Targets").filter(|list| !list.is_null());
    for target in
        list.map(|list| list.as_array().map_or(&[][..], Vec::as_slice)).unwrap_or_default()
    {
        let values = texts(target.get("Values").unwrap_or(&Value::Null));
        let key = target.get("Key").and_then(Value::as_str);
        targets.extend(values.into_iter().map(|value| match (key, value) {
            (Some("InstanceIds"), Some(value)) => Some(escape(&value)),
            (Some(key), Some(value)) => Some(format!("{}={}", escape(key), escape(&value))),
            _ => None,
        }));
    }
    if targets.is_empty() || list.is_some_and(|list| !list.is_array()) {
        targets.insert(None);
    }
    targets.into_iter().collect()
}

/// Returns the texts of a list, `None` in the place of what is none; a list without any is one of those.
pub(super) fn texts(list: &Value) -> Vec<Option<String>> {
    match list.as_array() {
        Some(list) if !list.is_empty() => {
            let text =
                |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            list.iter().map(text).collect()
        }
        _ => vec![None],
    }
}

pub(super) fn start_automation(request: &Value) -> Vec<Access> {
    let document = request.get("DocumentName").and_then(Value::as_str);
    let document = document.map_or_else(|| "*".to_owned(), escape);
    let mut touched = vec![Access::new(Area::Automation, "start", document)];
    touched.extend(references(request));
    touched
}

/// Returns the parameters that `{{ssm:name}}` and `{{ssm-secure:name}}` in a request would read.
fn references(value: &Value) -> Vec<Access> {
    match value {
        Value::String(text) => text
            .split("{{")
            .skip(1)
            .filter_map(|rest| {
                let inner = rest.split("}}").next().unwrap_or_default().trim();
                inner.strip_prefix("ssm:").or_else(|| inner.strip_prefix("ssm-secure:"))
            })
            .flat_map(|name| named_parameter("read", name.trim()))
            .collect(),
        Value::Array(list) => list.iter().flat_map(references).collect(),
        Value::Object(map) => map.values().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
