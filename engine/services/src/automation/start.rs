//! Starting a run: everything that stays the same is fixed here, and one transaction holds it all.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use host_api::grant::{GrantSet, Grants};
use host_api::identifier::{Digest, RunId};
use machine::event::{Parent, RunStarted};
use machine::status::RunStatus;
use runbook::action::Catalogue;
use runbook::need::{Starting, grants_of};
use runbook::plan::{Action, Plan, StepId};
use runbook::value::bind::{self, BindError, Supplied};
use serde_json::{Value, json};
use store::runs::{self, NewRun};
use store::{Tx, inbox, plans, plugins};

use super::{DEPTH_MAX, START, StartAutomationExecutionRequest};
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::documents::AUTOMATION;
use crate::documents::beside::{self, BesideDocument};
use crate::error::{ErrorKind, ServiceError};
use crate::plugins::Component;

const TOKEN_SCOPE: &str = "StartAutomationExecution";

/// A run to be started from a plan that the caller has loaded.
#[derive(Debug, Clone)]
pub struct Start {
    pub plan: Plan,
    pub parameters: BTreeMap<String, Supplied>,
    /// Documents that lie beside the runbook, by name, for steps that name them.
    pub beside: BTreeMap<String, BesideDocument>,
    /// The event that starts it; null when it is started by hand.
    pub event: Value,
    /// What the starter may do; everything for the owner of an embedded engine.
    pub starter: GrantSet,
}

impl Start {
    /// Returns the start of a plan by hand, by somebody who may do everything.
    pub fn by_hand(plan: Plan, parameters: BTreeMap<String, Supplied>) -> Self {
        let (beside, starter) = (BTreeMap::new(), GrantSet::everything());
        Self { plan, parameters, beside, event: Value::Null, starter }
    }
}

/// What one transaction writes.
struct Prepared {
    plan_digest: Digest,
    plan: String,
    run: NewRun,
    started: String,
    components: BTreeMap<String, Digest>,
    /// Encoded.
    beside: Vec<(String, String)>,
}

impl Services {
    /// Starts a run of a document and returns its id.
    pub async fn start_automation_execution(
        &self,
        actor: &Actor,
        request: StartAutomationExecutionRequest,
    ) -> Result<RunId, ServiceError> {
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
        match self.start_document(&actor, request).await {
            Err(error) if error.kind == ErrorKind::Request => {
                self.answered_before(&actor, error).await
            }
            result => result,
        }
    }

    async fn start_document(
        &self,
        actor: &Actor,
        request: StartAutomationExecutionRequest,
    ) -> Result<RunId, ServiceError> {
        check_available(&request)?;
        let version = request.document_version.as_deref();
        let found = self
            .find_document(&request.document_name, version, AUTOMATION, actor.run())
            .await
            .map_err(as_automation_error)?;
        let plan = self.compile_document(&found).await?;
        let supplied = request.parameters.into_iter();
        let parameters = supplied.map(|(name, values)| (name, Supplied::Wire(values))).collect();
        let starter = actor.step().map_or_else(GrantSet::everything, |step| step.starter.clone());
        self.start_plan(actor, Start { starter, ..Start::by_hand(plan, parameters) }).await
    }

    /// Starts a run of a plan and returns its id. The run is in the store when this returns; the driver finds it in its inbox.
    pub async fn start_plan(&self, actor: &Actor, start: Start) -> Result<RunId, ServiceError> {
        let prepared = self.prepare(actor, start).await?;
        let run = prepared.run.id.clone();
        let deed = Deed::new("StartAutomationExecution", format!("automation-execution/{run}"))
            .details(json!({
                "document": prepared.run.document_name,
                "plan": prepared.plan_digest.as_str(),
            }));
        self.change(actor, deed, move |tx| write(tx, &prepared)).await
    }

    async fn prepare(&self, actor: &Actor, start: Start) -> Result<Prepared, ServiceError> {
        let parent = parent_of(actor)?;
        if runbook::value::holds_reference(&start.event) {
            let key = runbook::value::SECRET_KEY;
            return Err(invalid_parameters(format!("the event has the reserved key {key:?}")));
        }
        self.check_named(actor, &start).await?;
        let parameters = self.bind_parameters(&start.plan, start.parameters).await?;
        let (grants, components) =
            self.fix_grants(&start.plan, &parameters, &start.starter).await?;
        let beside = start
            .beside
            .iter()
            .map(|(name, document)| document.encoded().map(|encoded| (name.clone(), encoded)));
        let beside = beside.collect::<Result<Vec<_>, _>>()?;
        let run = RunId::new(uuid::Uuid::new_v4().to_string());
        let (sealed, sealed_seed) = self.sealed_seed(&run)?;
        let plan_digest = start.plan.digest();
        let started = RunStarted {
            run: run.clone(),
            plan: plan_digest.clone(),
            principal: actor.principal.clone(),
            parameters,
            grants,
            components: components.clone(),
            event: start.event,
            parent: parent.clone(),
            sealed_seed,
            account_id: self.place().account_id.clone(),
            region: self.place().region.clone(),
            interactive: false,
        };
        let encode = |error: serde_json::Error| {
            ServiceError::internal(format!("a run cannot be encoded: {error}"))
        };
        Ok(Prepared {
            plan: serde_json::to_string(&start.plan).map_err(encode)?,
            started: serde_json::to_string(&started).map_err(encode)?,
            run: NewRun {
                id: run,
                document_name: start.plan.document.name.clone(),
                document_version: start.plan.document.version.clone(),
                plan_digest: plan_digest.clone(),
                status: RunStatus::Pending.as_str().to_owned(),
                principal: actor.principal.clone(),
                depth: parent.as_ref().map_or(0, |parent| parent.depth),
                parent: parent.map(|parent| runs::Parent { run: parent.run, path: parent.step }),
                created_ms: now_ms(),
                sealed_seed: Some(sealed),
            },
            plan_digest,
            components,
            beside,
        })
    }

    /// Binds parameters, and reads the defaults that stand in Parameter Store.
    pub async fn bind_parameters(
        &self,
        plan: &Plan,
        supplied: BTreeMap<String, Supplied>,
    ) -> Result<BTreeMap<String, Value>, ServiceError> {
        let mut bound =
            bind::bind(&plan.parameters, supplied).map_err(|errors| invalid(&errors))?;
        for default in bound.parameter_store {
            let text = self.read_default(&default.name).await?;
            let Some(parameter) = plan.parameters.get(&default.parameter) else { continue };
            let value = bind::stored(&default.parameter, parameter, &text)
                .map_err(|errors| invalid(&errors))?;
            bound.values.insert(default.parameter, value);
        }
        Ok(bound.values)
    }

    /// Fixes what each component step may do, and the digest of each component.
    async fn fix_grants(
        &self,
        plan: &Plan,
        parameters: &BTreeMap<String, Value>,
        starter: &GrantSet,
    ) -> Result<(BTreeMap<String, Grants>, BTreeMap<String, Digest>), ServiceError> {
        // A plan pins every plugin that it uses; without one, built-in actions are all there is to look up.
        let catalogue =
            if plan.plugins.is_empty() { Catalogue::new() } else { self.catalogue().await? };
        let starting = Starting { parameters, operator: self.ceiling(), starter };
        let mut grants = BTreeMap::new();
        let mut components: BTreeMap<String, Component> = BTreeMap::new();
        for (number, step) in (0..).zip(&plan.steps) {
            let Action::Component { name, .. } = &step.action else { continue };
            let component = match components.entry(name.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.component_of(plan, &catalogue, name)?),
            };
            let granted = grants_of(plan, StepId(number), &component.action, starting);
            let granted = granted.map_err(|error| {
                invalid_parameters(format!("the capabilities of step {}: {error}", step.name))
            })?;
            grants.insert(step.name.clone(), granted);
        }
        let digest = |(name, component): (String, Component)| (name, component.digest);
        Ok((grants, components.into_iter().map(digest).collect()))
    }
}

fn write(tx: &mut Tx<'_>, prepared: &Prepared) -> Result<RunId, ServiceError> {
    let run = &prepared.run.id;
    plans::put(tx, &prepared.plan_digest, &prepared.plan, prepared.run.created_ms)?;
    runs::insert(tx, &prepared.run)?;
    for (action, digest) in &prepared.components {
        plugins::pin(tx, run, action, digest)?;
    }
    for (name, document) in &prepared.beside {
        beside::keep(tx, run, name, document)?;
    }
    inbox::put(tx, run, START, &prepared.started)?;
    Ok(run.clone())
}

fn parent_of(actor: &Actor) -> Result<Option<Parent>, ServiceError> {
    let Some(step) = actor.step() else { return Ok(None) };
    let depth = step.depth + 1;
    if depth > DEPTH_MAX {
        return Err(ServiceError::request(
            "AutomationExecutionLimitExceededException",
            format!("runs start runs at most {DEPTH_MAX} levels deep"),
        ));
    }
    Ok(Some(Parent {
        run: step.activation.run.clone(),
        step: step.activation.path.to_string(),
        depth,
    }))
}

fn check_available(request: &StartAutomationExecutionRequest) -> Result<(), ServiceError> {
    match request.mode.as_deref() {
        None | Some("Auto") => {}
        Some("Interactive") => {
            return Err(ServiceError::unavailable("the mode Interactive is not available yet"));
        }
        Some(other) => {
            return Err(ServiceError::validation(format!("there is no mode {other:?}")));
        }
    }
    let refused = BTreeSet::from([
        ("Tags", !request.tags.is_empty()),
        ("TargetParameterName", request.target_parameter_name.is_some()),
        ("Targets", !request.targets.is_empty()),
        ("TargetMaps", !request.target_maps.is_empty()),
        ("MaxConcurrency", request.max_concurrency.is_some()),
        ("MaxErrors", request.max_errors.is_some()),
        ("TargetLocations", !request.target_locations.is_empty()),
        ("TargetLocationsURL", request.target_locations_url.is_some()),
        ("AlarmConfiguration", request.alarm_configuration.is_some()),
    ]);
    match refused.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(ServiceError::unavailable(format!(
            "{name} of StartAutomationExecution is not available yet"
        ))),
        None => Ok(()),
    }
}

/// SSM's names for the same errors here.
fn as_automation_error(error: ServiceError) -> ServiceError {
    let code = match error.code.as_ref() {
        "InvalidDocument" => "AutomationDefinitionNotFoundException",
        "InvalidDocumentVersion" => "AutomationDefinitionVersionNotFoundException",
        _ => return error,
    };
    ServiceError { code: code.into(), ..error }
}

fn invalid(errors: &[BindError]) -> ServiceError {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    invalid_parameters(texts.join("; "))
}

pub(super) fn invalid_parameters(message: String) -> ServiceError {
    ServiceError::request("InvalidAutomationExecutionParametersException", message)
}
