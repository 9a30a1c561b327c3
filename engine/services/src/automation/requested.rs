//! Starting a run as SSM's request asks for it.

use host_api::grant::GrantSet;
use host_api::identifier::RunId;
use runbook::plan::Plan;
use runbook::value::bind::Supplied;

use super::asked::Asked;
use super::start::{Extra, invalid_parameters};
use super::targets::{self, Children, Wanted};
use super::{Start, StartAutomationExecutionRequest, StartAutomationExecutionResult, TAGS_MAX};
use crate::Services;
use crate::actor::Actor;
use crate::documents::{AUTOMATION, Found};
use crate::error::{ErrorKind, ServiceError};
use crate::tags::{self, Tag};

const TOKEN_SCOPE: &str = "StartAutomationExecution";

impl Services {
    /// Starts a run of a document.
    ///
    /// With targets the run has a child for each, at most `MaxConcurrency` at a time (10 when nothing is said), and ends as Failed when
    /// more than `MaxErrors` of them (0 when nothing is said) did not succeed.
    ///
    /// # Errors
    /// Those that SSM declares; `Unavailable` for other accounts and regions, and for alarms.
    pub async fn start_automation_execution(
        &self,
        actor: &Actor,
        request: StartAutomationExecutionRequest,
    ) -> Result<StartAutomationExecutionResult, ServiceError> {
        let actor = match &request.client_token {
            None => actor.clone(),
            Some(token) => {
                // SSM compares tokens without regard to case.
                let key = uuid::Uuid::parse_str(token)
                    .map_err(|_| ServiceError::validation("ClientToken must be a UUID"))?
                    .to_string();
                let unnamed =
                    StartAutomationExecutionRequest { client_token: None, ..request.clone() };
                actor.with_token(TOKEN_SCOPE, &key, &unnamed)?
            }
        };
        let run: RunId = match self.start_document(&actor, request).await {
            Err(error) if error.kind == ErrorKind::Request => {
                self.answered_before(&actor, error).await?
            }
            result => result?,
        };
        Ok(StartAutomationExecutionResult { automation_execution_id: Some(run.to_string()) })
    }

    async fn start_document(
        &self,
        actor: &Actor,
        request: StartAutomationExecutionRequest,
    ) -> Result<RunId, ServiceError> {
        check_available(&request)?;
        let interactive = is_interactive(request.mode.as_deref())?;
        let tags = start_tags(request.tags.as_deref().unwrap_or_default())?;
        targets::check_amount("MaxConcurrency", request.max_concurrency.as_deref(), 1)?;
        targets::check_amount("MaxErrors", request.max_errors.as_deref(), 0)?;
        let version = request.document_version.as_deref();
        let found = self
            .find_document(&request.document_name, version, AUTOMATION, actor.run())
            .await
            .map_err(as_automation_error)?;
        let plan = self.compile_document(&found).await?;
        let asked = asked(request, interactive);
        let wanted = Wanted {
            parameter_name: asked.target_parameter_name.as_deref(),
            targets: &asked.targets,
            target_maps: &asked.target_maps,
            parameters: &asked.parameters,
        };
        let starter = actor.step().map_or_else(GrantSet::everything, |step| step.starter.clone());
        if let Some(children) = self.children(wanted, &plan).await? {
            let extra = Extra { asked, tags, principal: None };
            return self.start_for_targets(actor, (found, plan), children, extra, starter).await;
        }
        let wire = |(name, values): (&String, &Vec<String>)| {
            (name.clone(), Supplied::Wire(values.clone()))
        };
        let parameters = asked.parameters.iter().map(wire).collect();
        let start = Start { starter, ..Start::by_hand(plan, parameters) };
        self.start_with(actor, start, Extra { asked, tags, principal: None }).await
    }

    async fn start_for_targets(
        &self,
        actor: &Actor,
        (found, plan): (Found, Plan),
        children: Children,
        extra: Extra,
        starter: GrantSet,
    ) -> Result<RunId, ServiceError> {
        if extra.asked.interactive {
            return Err(invalid_parameters(
                "the mode Interactive is for a run without targets".to_owned(),
            ));
        }
        let first = targets::first(&children, &plan)?;
        let principal = Some(self.acting_principal(actor, &plan, &first).await?);
        let concurrency = extra.asked.max_concurrency.as_deref();
        let parent = targets::parent_of(&found, concurrency, extra.asked.max_errors.as_deref());
        let plan = self.compile_document(&parent).await?;
        let start = Start { starter, ..Start::by_hand(plan, targets::supplied(&children)) };
        let asked = Asked { resolved: children.names, ..extra.asked };
        self.start_with(actor, start, Extra { asked, principal, ..extra }).await
    }
}

fn asked(request: StartAutomationExecutionRequest, interactive: bool) -> Asked {
    Asked {
        interactive,
        parameters: request.parameters.unwrap_or_default(),
        target_parameter_name: request.target_parameter_name,
        targets: request.targets.unwrap_or_default(),
        target_maps: request.target_maps.unwrap_or_default(),
        max_concurrency: request.max_concurrency,
        max_errors: request.max_errors,
        ..Asked::default()
    }
}

fn is_interactive(mode: Option<&str>) -> Result<bool, ServiceError> {
    match mode {
        None | Some("Auto") => Ok(false),
        Some("Interactive") => Ok(true),
        Some(other) => Err(ServiceError::validation(format!("there is no mode {other:?}"))),
    }
}

fn start_tags(
    given: &[ssm_model::types::tags::Tag],
) -> Result<Vec<(String, String)>, ServiceError> {
    if given.len() > TAGS_MAX {
        return Err(ServiceError::validation(format!(
            "a run is started with at most {TAGS_MAX} tags, these are {}",
            given.len()
        )));
    }
    let tag =
        |tag: &ssm_model::types::tags::Tag| Tag { key: tag.key.clone(), value: tag.value.clone() };
    tags::checked(&given.iter().map(tag).collect::<Vec<_>>())
}

fn check_available(request: &StartAutomationExecutionRequest) -> Result<(), ServiceError> {
    let refused = [
        (
            "TargetLocations",
            request.target_locations.is_some(),
            "runs stay in this installation's account and region",
        ),
        (
            "TargetLocationsURL",
            request.target_locations_url.is_some(),
            "runs stay in this installation's account and region",
        ),
        (
            "AlarmConfiguration",
            request.alarm_configuration.is_some(),
            "there is no CloudWatch here whose alarms could be watched",
        ),
    ];
    match refused.iter().find(|(_, given, _)| *given) {
        Some((name, _, why)) => Err(ServiceError::unavailable(format!(
            "{name} of StartAutomationExecution is not available: {why}"
        ))),
        None => Ok(()),
    }
}

/// SSM's names for the same errors here.
pub(super) fn as_automation_error(error: ServiceError) -> ServiceError {
    let code = match error.code.as_ref() {
        "InvalidDocument" => "AutomationDefinitionNotFoundException",
        "InvalidDocumentVersion" => "AutomationDefinitionVersionNotFoundException",
        _ => return error,
    };
    ServiceError { code: code.into(), ..error }
}
