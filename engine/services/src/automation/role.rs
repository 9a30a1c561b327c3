//! The role that a run acts as: `assumeRole` of its document.

use std::collections::BTreeMap;

use host_api::identifier::Principal;
use runbook::plan::Plan;
use runbook::template::{Global, Scope};
use serde_json::Value;

use super::start::invalid_parameters;
use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::Actor;
use crate::error::ServiceError;
use crate::parameters::Place;

impl Services {
    /// Returns the principal of a run: the role that its document names, or who starts it. `parameters` are bound.
    ///
    /// The owner of an embedded store has no roles; there the document's role means nothing.
    ///
    /// # Errors
    /// `InvalidAutomationExecutionParametersException` for what is no role of this account; `AccessDeniedException` if the policies do
    /// not let the actor pass the role.
    pub(super) async fn acting_principal(
        &self,
        actor: &Actor,
        plan: &Plan,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Principal, ServiceError> {
        let starter = &actor.principal;
        if actor.is_owner || starter.as_str().starts_with("os:") {
            return Ok(starter.clone());
        }
        let Some(template) = &plan.assume_role else { return Ok(starter.clone()) };
        let scope = AtStart { parameters, place: self.place() };
        let role = template
            .resolve(&scope)
            .map_err(|error| invalid_parameters(format!("assumeRole: {error}")))?;
        let text = runbook::value::text(&role);
        if text.trim().is_empty() {
            return Ok(starter.clone());
        }
        let role = Resource::Role(role_name(text.trim(), self.place())?);
        let acting = Principal::new(role.arn(self.place()));
        if acting == *starter {
            return Ok(acting);
        }
        let question = Question {
            operation: "PassRole",
            access: Access::Write,
            resources: std::slice::from_ref(&role),
            conditions: &[],
        };
        self.authorise(actor, question).await?;
        Ok(acting)
    }
}

/// Returns the name of a role that is given by its ARN; a path before the name tells no roles apart.
fn role_name(text: &str, place: &Place) -> Result<String, ServiceError> {
    let refused = |why: &str| invalid_parameters(format!("the assume role {text:?} {why}"));
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", _partition, "iam", _region, account, resource] = parts.as_slice() else {
        return Err(refused("is not the ARN of a role"));
    };
    if *account != place.account_id {
        return Err(refused(&format!("is not of the account {}", place.account_id)));
    }
    let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    match name {
        Some(name) if !name.is_empty() && name.bytes().all(plain) => Ok(name.to_owned()),
        _ => Err(refused("is not the ARN of a role")),
    }
}

/// What a document can refer to before its run has begun.
struct AtStart<'s> {
    parameters: &'s BTreeMap<String, Value>,
    place: &'s Place,
}

impl Scope for AtStart<'_> {
    fn parameter(&self, name: &str) -> Option<Value> {
        self.parameters.get(name).cloned()
    }

    fn global(&self, global: Global) -> Value {
        match global {
            Global::AccountId => Value::from(self.place.account_id.as_str()),
            Global::Region => Value::from(self.place.region.as_str()),
            Global::AwsPartition => Value::from("aws"),
            Global::Date | Global::DateTime => Value::Null,
        }
    }
}
