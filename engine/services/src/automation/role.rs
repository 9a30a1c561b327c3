//! The role that a run acts as: `assumeRole` of its document.

use std::collections::BTreeMap;

use host_api::identifier::Principal;
use runbook::plan::Plan;
use runbook::template::{Global, Scope};
use serde_json::Value;

use super::start::invalid_parameters;
use crate::Services;
use crate::access::{Resource, role_name};
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
        let text = text.trim();
        let name = role_name(text, self.place())
            .map_err(|why| invalid_parameters(format!("the assume role {text:?} {why}")))?;
        let role = Resource::Role(name);
        self.pass_role(actor, &role).await?;
        Ok(Principal::new(role.arn(self.place())))
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
