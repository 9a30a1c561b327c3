//! Starting a run because of an event.

use std::collections::BTreeMap;

use host_api::grant::GrantSet;
use host_api::identifier::RunId;
use runbook::value::bind::Supplied;
use serde_json::Value;

use super::Start;
use super::requested::as_automation_error;
use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::Actor;
use crate::documents::AUTOMATION;
use crate::error::ServiceError;

/// A run that an event leads to.
#[derive(Debug, Clone)]
pub struct StartForEvent {
    pub document: String,
    /// A number, `$DEFAULT` (when nothing is said) or `$LATEST`.
    pub version: Option<String>,
    pub parameters: BTreeMap<String, Supplied>,
    /// What `event` is in the runbook's expressions.
    pub event: Value,
}

impl Services {
    /// Starts a run of a document of the store, or of a shipped one. The policies are asked as for `StartAutomationExecution`.
    ///
    /// # Errors
    /// Those of `StartAutomationExecution`.
    pub async fn start_for_event(
        &self,
        actor: &Actor,
        start: StartForEvent,
    ) -> Result<RunId, ServiceError> {
        let StartForEvent { document, version, parameters, event } = start;
        let found = self
            .find_document(&document, version.as_deref(), AUTOMATION, None)
            .await
            .map_err(as_automation_error)?;
        let asked_version = version.unwrap_or_else(|| "$DEFAULT".to_owned());
        let resources = [Resource::AutomationDefinition(found.name.clone(), asked_version)];
        let question = Question {
            operation: "StartAutomationExecution",
            access: Access::Write,
            resources: &resources,
            conditions: &[],
        };
        self.authorise(actor, question).await?;
        let plan = self.compile_document(&found).await?;
        let start =
            Start { event, starter: GrantSet::everything(), ..Start::by_hand(plan, parameters) };
        self.start_plan(actor, start).await
    }
}
