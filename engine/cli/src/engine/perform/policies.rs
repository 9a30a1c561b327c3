//! Policies: which there are, how they stand, and what they would decide.

use std::net::IpAddr;

use anyhow::{Result, bail};
use host_api::identifier::Principal;
use serde_json::{Value, json};
use services::access::{Action, Circumstances, Trial, actions};
use services::parameters::Place;
use services::{Actor, Resource};

use super::{Engine, refused};
use crate::exit::Refusal;
use crate::operation::PolicyOperation;

/// What `--context` can say.
const CONTEXT: &str = "documentType, httpHost, httpMethod, mfa, overwrite, recursive, requestedCapabilities, sourceAddress, \
                       withDecryption";
/// The version of a document when none is named.
const DEFAULT_VERSION: &str = "$DEFAULT";

/// What a trial of the policies asks.
struct Asked {
    user: Option<String>,
    role: Option<String>,
    action: String,
    resource: String,
    context: Vec<(String, String)>,
}

impl Engine {
    pub(super) async fn policy(&self, actor: &Actor, operation: PolicyOperation) -> Result<Value> {
        match operation {
            PolicyOperation::List => Ok(serde_json::to_value(self.services().list_policies())?),
            PolicyOperation::Status => Ok(serde_json::to_value(self.services().policy_status())?),
            PolicyOperation::Try { user, role, action, resource, context } => {
                self.try_policies(actor, Asked { user, role, action, resource, context }).await
            }
        }
    }

    async fn try_policies(&self, actor: &Actor, asked: Asked) -> Result<Value> {
        let services = self.services();
        let place = services.place();
        let principal = match (&asked.user, &asked.role) {
            (Some(name), _) => {
                let users = services.list_users(actor).await.map_err(refused)?;
                if !users.iter().any(|user| user.name == *name) {
                    bail!(
                        Refusal::bad_input(format!("there is no user {name}"))
                            .with_help("`runwright auth user list` shows all")
                    );
                }
                services.user_principal(name)
            }
            (None, Some(name)) => Principal::new(Resource::Role(name.clone()).arn(place)),
            (None, None) => bail!(Refusal::bad_input("nobody is named who would ask")),
        };
        let resource = resource(&asked.resource, place)?;
        let arn = resource.arn(place);
        let operation = operation(&asked.action)?.to_owned();
        let circumstances = circumstances(&asked.context)?;
        let trial = Trial { principal: principal.clone(), operation, resource, circumstances };
        let decision = services.try_policies(&trial).await.map_err(refused)?;
        let mut value = serde_json::to_value(decision)?;
        value["principal"] = json!(principal);
        value["action"] = json!(asked.action);
        value["resource"] = json!(arn);
        Ok(value)
    }
}

/// Returns the operation of an action, which may be named with its service or without.
fn operation(action: &str) -> Result<&'static str> {
    let found = actions().find(|known| known.id() == action || known.operation == action);
    let Some(found) = found else {
        let wanted = action.rsplit(':').next().unwrap_or(action).to_ascii_lowercase();
        let near: Vec<String> = actions()
            .filter(|known| known.operation.to_ascii_lowercase().contains(&wanted))
            .map(Action::id)
            .collect();
        let help = if near.is_empty() {
            "`runwright policy schema` shows all".to_owned()
        } else {
            format!("there are {}", near.join(", "))
        };
        bail!(Refusal::bad_input(format!("there is no action {action}")).with_help(help));
    };
    Ok(found.operation)
}

/// Reads a resource: an ARN of this installation, or what stands at its end.
fn resource(text: &str, place: &Place) -> Result<Resource> {
    let refuse = |message: String| {
        Refusal::bad_input(message).with_help(
            "name it as parameter/app/x, document/NAME, automation-definition/NAME:VERSION, automation-execution/ID, \
             managed-instance/ID, servicesetting/ID, event-bus/NAME, rule/NAME, role/NAME, user/NAME, or * for none",
        )
    };
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let rest = match parts.as_slice() {
        ["arn", _, service, region, account, rest] => {
            let is_here = *account == place.account_id
                && (*region == place.region || (*service == "iam" && region.is_empty()));
            if !is_here {
                let Place { account_id, region } = place;
                let here = format!("{account_id} in {region}");
                bail!(refuse(format!(
                    "{text} is not of this installation, whose account is {here}"
                )));
            }
            *rest
        }
        _ => text,
    };
    if rest == "*" {
        return Ok(Resource::Account);
    }
    if rest.starts_with('/') {
        return Ok(Resource::Parameter(rest.to_owned()));
    }
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    if name.is_empty() {
        bail!(refuse(format!("{text:?} is not a resource")));
    }
    let owned = || name.to_owned();
    Ok(match kind {
        // The ARN of a parameter does not say whether its name begins with a slash; one with several levels does.
        "parameter" if name.contains('/') && !name.starts_with('/') => {
            Resource::Parameter(format!("/{name}"))
        }
        "parameter" => Resource::Parameter(owned()),
        "document" => Resource::Document(owned()),
        "automation-definition" => {
            let (name, version) = name.rsplit_once(':').unwrap_or((name, DEFAULT_VERSION));
            Resource::AutomationDefinition(name.to_owned(), version.to_owned())
        }
        "automation-execution" => Resource::AutomationExecution(owned()),
        "managed-instance" => Resource::ManagedInstance(owned()),
        "servicesetting" => Resource::ServiceSetting(format!("/{}", name.trim_start_matches('/'))),
        "event-bus" => Resource::EventBus(owned()),
        "rule" => Resource::EventRule(owned()),
        "role" => Resource::Role(owned()),
        "user" => Resource::User(owned()),
        _ => bail!(refuse(format!("there are no resources of the kind {kind:?}"))),
    })
}

fn circumstances(context: &[(String, String)]) -> Result<Circumstances> {
    let mut circumstances = Circumstances::default();
    for (key, value) in context {
        let truth = || match value.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Refusal::bad_input(format!("--context {key} is either true or false"))),
        };
        match key.as_str() {
            "mfa" => circumstances.is_mfa = truth()?,
            "overwrite" => circumstances.overwrite = truth()?,
            "recursive" => circumstances.recursive = truth()?,
            "withDecryption" => circumstances.with_decryption = truth()?,
            "documentType" => circumstances.document_type = Some(value.clone()),
            "httpMethod" => circumstances.http_method = Some(value.clone()),
            "httpHost" => circumstances.http_host = Some(value.clone()),
            "requestedCapabilities" => {
                circumstances.requested_capabilities =
                    value.split(',').map(str::to_owned).collect();
            }
            "sourceAddress" => {
                let address: IpAddr = value.parse().map_err(|_| {
                    Refusal::bad_input(format!("--context {key}: {value:?} is not an IP address"))
                })?;
                circumstances.source_address = Some(address);
            }
            _ => bail!(
                Refusal::bad_input(format!("policies see no {key:?} of a request"))
                    .with_help(format!("they see {CONTEXT}"))
            ),
        }
    }
    Ok(circumstances)
}
