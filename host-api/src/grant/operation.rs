//! Operations of our own API that touch what grants of other areas name: these are needed beside `api:ssm:<operation>`, so that
//! calling an operation by its name opens no way around them.

use serde_json::Value;

use super::access::{Access, below_path, named_parameter, send_command, start_automation, texts};
use super::{Area, escape};
use crate::request::api::{ApiCall, fold};

/// One such operation.
#[derive(Debug)]
pub struct Touching {
    /// SSM's name.
    pub operation: &'static str,
    /// The grants, with members of the request in braces.
    pub needs: &'static [&'static str],
    access: fn(&Value) -> Vec<Access>,
}

const READ: &[&str] = &["parameters:read:{Name}"];
const WRITE: &[&str] = &["parameters:write:{Name}"];
const TAGS: &[&str] = &["tags:write:{ResourceType}/{ResourceId}"];
const COMMAND: &[&str] =
    &["commands:send:{DocumentName}@{InstanceIds}", "commands:send:{DocumentName}@{Targets}"];

const fn touching(
    operation: &'static str,
    needs: &'static [&'static str],
    access: fn(&Value) -> Vec<Access>,
) -> Touching {
    Touching { operation, needs, access }
}

static TOUCHING: [Touching; 16] = [
    touching("AddTagsToResource", TAGS, tags),
    touching("CreateOpsItem", &["ops:create"], |_| ops("create")),
    touching("DeleteParameter", &["parameters:delete:{Name}"], |input| named("delete", input)),
    touching("DeleteParameters", &["parameters:delete:{Names}"], |input| listed("delete", input)),
    touching("GetParameter", READ, |input| named("read", input)),
    touching("GetParameterHistory", READ, |input| named("read", input)),
    touching("GetParameters", &["parameters:read:{Names}"], |input| listed("read", input)),
    touching("GetParametersByPath", &["parameters:read:{Path}/*"], |input| {
        input
            .get("Path")
            .and_then(Value::as_str)
            .map_or_else(|| any("read"), |path| vec![below_path(path)])
    }),
    touching("LabelParameterVersion", WRITE, |input| named("write", input)),
    touching("PutParameter", WRITE, |input| named("write", input)),
    touching("RemoveTagsFromResource", TAGS, tags),
    touching("SendCommand", COMMAND, send_command),
    touching("StartAutomationExecution", &["automation:start:{DocumentName}"], start_automation),
    touching("StartChangeRequestExecution", &["automation:start:*"], |_| {
        vec![Access::new(Area::Automation, "start", "*".to_owned())]
    }),
    touching("UnlabelParameterVersion", WRITE, |input| named("write", input)),
    touching("UpdateOpsItem", &["ops:update"], |_| ops("update")),
];

/// Returns all of them.
pub fn all() -> &'static [Touching] {
    &TOUCHING
}

/// Returns what an operation touches beside itself, by its name in any spelling.
pub fn touching_by(operation: &str) -> Option<&'static Touching> {
    let folded = fold(operation);
    TOUCHING.iter().find(|touching| fold(touching.operation) == folded)
}

/// Returns all that a call touches.
pub(super) fn touched(call: &ApiCall) -> Vec<Access> {
    let service = call.service.to_ascii_lowercase();
    let mut touched = vec![Access::new(Area::Api, &service, escape(&call.operation))];
    if let Some(touching) = touching_by(&call.operation) {
        touched.extend((touching.access)(&call.input));
    }
    touched.extend(call.secrets.values().flat_map(|name| named_parameter("read", name)));
    touched
}

/// A request without a name touches every parameter, so that no narrow grant lets it pass.
fn any(verb: &str) -> Vec<Access> {
    vec![Access::new(Area::Parameters, verb, "*".to_owned())]
}

fn named(verb: &str, input: &Value) -> Vec<Access> {
    let name = input.get("Name").and_then(Value::as_str);
    name.map_or_else(|| any(verb), |name| named_parameter(verb, name))
}

fn listed(verb: &str, input: &Value) -> Vec<Access> {
    let names = texts(input.get("Names").unwrap_or(&Value::Null));
    let access =
        |name: Option<String>| name.map_or_else(|| any(verb), |name| named_parameter(verb, &name));
    names.into_iter().flat_map(access).collect()
}

fn tags(input: &Value) -> Vec<Access> {
    let part =
        |name| input.get(name).and_then(Value::as_str).map_or_else(|| "*".to_owned(), escape);
    let resource = format!("{}/{}", part("ResourceType"), part("ResourceId"));
    vec![Access::new(Area::Tags, "write", resource)]
}

fn ops(verb: &str) -> Vec<Access> {
    vec![Access::new(Area::Ops, verb, String::new())]
}
