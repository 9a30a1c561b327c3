//! Starting a run: everything that stays the same is fixed here, and one transaction holds it all.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use host_api::grant::{GrantSet, Grants};
use host_api::identifier::{Digest, Principal, RunId};
use machine::event::{Parent, RunStarted};
use machine::status::RunStatus;
use runbook::action::Catalogue;
use runbook::need::{Starting, grants_of};
use runbook::plan::{Action, Plan, StepId};
use runbook::value::bind::{self, BindError, Supplied};
use serde_json::{Value, json};
use store::runs::{self, NewRun};
use store::{ReadTx, Tx, inbox, plans, plugins, tags};

use super::asked::Asked;
use super::{DEPTH_MAX, START};
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::documents::beside::{self, BesideDocument};
use crate::error::ServiceError;
use crate::plugins::Component;

const LIMIT_EXCEEDED: &str = "AutomationExecutionLimitExceededException";

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

/// What a start says beyond its plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Extra {
    pub(super) asked: Asked,
    pub(super) tags: Vec<(String, String)>,
    /// As whom the run acts, if that does not follow from its plan.
    pub(super) principal: Option<Principal>,
}

/// What one transaction writes.
struct Prepared {
    /// How many runs may be active before this one; `None` for a child, whose parent has begun.
    others_max: Option<u32>,
    plan_digest: Digest,
    plan: String,
    run: NewRun,
    started: String,
    components: BTreeMap<String, Digest>,
    /// Encoded.
    beside: Vec<(String, String)>,
    /// Encoded.
    asked: String,
    tags: Vec<(String, String)>,
}

impl Services {
    /// Starts a run of a plan and returns its id. The run is in the store when this returns; the driver finds it in its inbox.
    pub async fn start_plan(&self, actor: &Actor, start: Start) -> Result<RunId, ServiceError> {
        self.start_with(actor, start, Extra::default()).await
    }

    pub(super) async fn start_with(
        &self,
        actor: &Actor,
        start: Start,
        extra: Extra,
    ) -> Result<RunId, ServiceError> {
        let prepared = self.prepare(actor, start, extra).await?;
        let run = prepared.run.id.clone();
        let deed = Deed::new("StartAutomationExecution", format!("automation-execution/{run}"))
            .details(json!({
                "document": prepared.run.document_name,
                "plan": prepared.plan_digest.as_str(),
                "principal": prepared.run.principal.as_str(),
            }));
        self.change(actor, deed, move |tx| write(tx, &prepared)).await
    }

    async fn prepare(
        &self,
        actor: &Actor,
        start: Start,
        extra: Extra,
    ) -> Result<Prepared, ServiceError> {
        let parent = parent_of(actor)?;
        if runbook::value::holds_reference(&start.event) {
            let key = runbook::value::SECRET_KEY;
            return Err(invalid_parameters(format!("the event has the reserved key {key:?}")));
        }
        self.check_named(actor, &start).await?;
        let parameters = self.bind_parameters(&start.plan, start.parameters).await?;
        let principal = match extra.principal {
            Some(principal) => principal,
            None => self.acting_principal(actor, &start.plan, &parameters).await?,
        };
        let asked = self.completed(actor, extra.asked).await?;
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
            principal: principal.clone(),
            parameters,
            grants,
            components: components.clone(),
            event: start.event,
            parent: parent.clone(),
            sealed_seed,
            account_id: self.place().account_id.clone(),
            region: self.place().region.clone(),
            interactive: asked.interactive,
        };
        let others_max = parent.is_none().then(|| self.active_runs_max().get());
        Ok(Prepared {
            others_max,
            plan: encoded(&start.plan)?,
            started: encoded(&started)?,
            asked: encoded(&asked)?,
            tags: extra.tags,
            run: NewRun {
                id: run,
                document_name: start.plan.document.name.clone(),
                document_version: start.plan.document.version.clone(),
                plan_digest: plan_digest.clone(),
                status: RunStatus::Pending.as_str().to_owned(),
                principal,
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

    /// Adds to what was asked who asks, and which target of its parent a run is for.
    async fn completed(&self, actor: &Actor, asked: Asked) -> Result<Asked, ServiceError> {
        let mut asked = Asked { executed_by: Some(actor.principal.to_string()), ..asked };
        if let Some(step) = actor.step()
            && let Some(item) = step.activation.path.item
        {
            let parent = step.activation.run.clone();
            let read = move |tx: &ReadTx<'_>| runs::find(tx, &parent);
            if let Some(row) = self.store().read(read).await? {
                asked.target = Asked::of(&row)?.resolved.get(item as usize).cloned();
            }
        }
        Ok(asked)
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
    if let Some(max) = prepared.others_max
        && runs::are_active(tx, max)?
    {
        return Err(ServiceError::request(
            LIMIT_EXCEEDED,
            format!(
                "{max} runs are active, as many as the operator allows; try again when some have ended"
            ),
        ));
    }
    plans::put(tx, &prepared.plan_digest, &prepared.plan, prepared.run.created_ms)?;
    runs::insert(tx, &prepared.run)?;
    for (action, digest) in &prepared.components {
        plugins::pin(tx, run, action, digest)?;
    }
    for (name, document) in &prepared.beside {
        beside::keep(tx, run, name, document)?;
    }
    runs::set_request(tx, run, &prepared.asked)?;
    for (key, value) in &prepared.tags {
        tags::set(tx, tags::AUTOMATION, run.as_str(), key, value)?;
    }
    inbox::put(tx, run, START, &prepared.started)?;
    Ok(run.clone())
}

fn encoded(value: &impl serde::Serialize) -> Result<String, ServiceError> {
    serde_json::to_string(value)
        .map_err(|error| ServiceError::internal(format!("a run cannot be encoded: {error}")))
}

fn parent_of(actor: &Actor) -> Result<Option<Parent>, ServiceError> {
    let Some(step) = actor.step() else { return Ok(None) };
    let depth = step.depth + 1;
    if depth > DEPTH_MAX {
        return Err(ServiceError::request(
            LIMIT_EXCEEDED,
            format!("runs start runs at most {DEPTH_MAX} levels deep"),
        ));
    }
    Ok(Some(Parent {
        run: step.activation.run.clone(),
        step: step.activation.path.to_string(),
        depth,
    }))
}

pub(super) fn invalid(errors: &[BindError]) -> ServiceError {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    invalid_parameters(texts.join("; "))
}

pub(super) fn invalid_parameters(message: String) -> ServiceError {
    ServiceError::request("InvalidAutomationExecutionParametersException", message)
}
