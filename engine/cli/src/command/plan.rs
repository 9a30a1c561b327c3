//! `runwright plan`: what a run would do, before it does it.

mod binding;
mod place;
mod text;

use std::collections::BTreeMap;

use anyhow::Result;
use host_api::grant::{Ceiling, Grant, GrantSet};
use host_api::manifest::ActionManifest;
use runbook::action::Catalogue;
use runbook::need::{Cause, Need, Source, Starting, grants_of, needs_of};
use runbook::plan::{Action, Flow, Plan, Step, StepId};
use serde::Serialize;

use crate::exit::{Exit, Refusal};
use crate::render::{self, Printer};
use crate::source;
use binding::Binding;
use place::Documents;

pub(crate) use place::Node;

/// A plan's effects as data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Effects {
    document: String,
    digest: String,
    flow: Flow,
    /// What is read from Parameter Store when the run starts, by the parameter whose default it is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    defaults: BTreeMap<String, String>,
    steps: Vec<StepEffects>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StepEffects {
    name: String,
    action: String,
    depends_on: Vec<String>,
    part: &'static str,
    touches: Vec<Touch>,
    /// What remains under all ceilings; absent while parameters are missing.
    grants: Option<Vec<String>>,
    /// What must be known before the grants are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_until: Vec<String>,
    ceilings: Vec<CeilingText>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CeilingText {
    origin: String,
    grants: Vec<String>,
}

impl CeilingText {
    fn of(ceiling: &Ceiling) -> Self {
        Self {
            origin: ceiling.origin.to_string(),
            grants: ceiling.grants.iter().map(Grant::to_string).collect(),
        }
    }
}

/// One thing a step would touch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Touch {
    grant: String,
    /// `known`, `from parameter NAME`, or `unknown until STEP`.
    known: String,
    /// For commands: the nodes that match now.
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<String>>,
    /// Who does not let the step have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_by: Option<String>,
    /// The document it names, where there is none of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent_document: Option<String>,
}

pub(crate) fn run(
    file: &str,
    parameters: &[String],
    catalogue: &Catalogue,
    nodes: &[Node],
    printer: Printer,
) -> Result<Exit> {
    let found = source::find(file)?;
    let loaded = source::load(&found, catalogue)?;
    for warning in &loaded.warnings {
        render::note(runbook::diagnostic::render::plain(&found.source, warning).trim_end());
    }
    let plan = loaded.plan;
    let binding = Binding::of(&plan, parameters)?;
    let surroundings = Surroundings { catalogue, binding, nodes, documents: Documents::of(&found) };
    let steps = order(&plan)
        .into_iter()
        .map(|(id, part)| surroundings.step(&plan, id, part))
        .collect::<Result<Vec<_>>>()?;
    let stored = surroundings.binding.stored.into_iter();
    let effects = Effects {
        document: plan.document.name.clone(),
        digest: plan.digest().to_string(),
        flow: plan.flow,
        defaults: stored.map(|default| (default.parameter, default.name)).collect(),
        steps,
    };
    printer.result(&effects, || text::whole(&effects))?;
    Ok(Exit::Done)
}

fn order(plan: &Plan) -> Vec<(StepId, &'static str)> {
    let mut order = Vec::new();
    for (top, part) in [(&plan.main, "main"), (&plan.finally, "finally")] {
        for id in top {
            push(plan, *id, part, &mut order);
        }
    }
    order
}

fn push(plan: &Plan, id: StepId, part: &'static str, order: &mut Vec<(StepId, &'static str)>) {
    order.push((id, part));
    if let Action::Loop(body) = &plan.step(id).action {
        for inner in &body.body {
            push(plan, *inner, part, order);
        }
    }
}

/// What a step's effects are looked up in.
struct Surroundings<'a> {
    catalogue: &'a Catalogue,
    binding: Binding,
    nodes: &'a [Node],
    documents: Documents,
}

impl Surroundings<'_> {
    fn step(&self, plan: &Plan, id: StepId, part: &'static str) -> Result<StepEffects> {
        let step = plan.step(id);
        let depends_on = step.depends_on.iter().map(|id| plan.step(*id).name.clone()).collect();
        let mut effects = StepEffects {
            name: step.name.clone(),
            action: action_name(step).to_owned(),
            depends_on,
            part,
            touches: Vec::new(),
            grants: None,
            unknown_until: Vec::new(),
            ceilings: Vec::new(),
        };
        let Some(manifest) = manifest_of(plan, step, self.catalogue) else { return Ok(effects) };
        let parameters = &self.binding.values;
        let needs = needs_of(plan, id, manifest, Some(parameters));
        effects.unknown_until = self.binding.awaited(plan, step, &needs);
        let mut ceilings = Vec::new();
        if effects.unknown_until.is_empty() {
            let everything = GrantSet::everything();
            let starting = Starting { parameters, operator: &everything, starter: &everything };
            let grants = grants_of(plan, id, manifest, starting)
                .map_err(|error| Refusal::bad_input(format!("step {}: {error}", step.name)))?;
            effects.grants = Some(grants.effective());
            ceilings.extend(grants.ceilings().cloned());
        }
        for need in &needs {
            let touches = need.grants.iter().map(|grant| self.touch(need, grant, &ceilings));
            effects.touches.extend(touches);
        }
        effects.ceilings = ceilings.iter().map(CeilingText::of).collect();
        Ok(effects)
    }

    fn touch(&self, need: &Need, grant: &Grant, ceilings: &[Ceiling]) -> Touch {
        let denies = |ceiling: &&Ceiling| !ceiling.grants.iter().any(|held| held.overlaps(grant));
        Touch {
            grant: grant.to_string(),
            known: known(need),
            nodes: place::nodes(grant, ceilings, self.nodes),
            denied_by: ceilings.iter().find(denies).map(|ceiling| ceiling.origin.to_string()),
            absent_document: self.documents.absent(grant),
        }
    }
}

/// Returns the name of a step's action as a runbook writes it.
fn action_name(step: &Step) -> &str {
    match &step.action {
        Action::Component { name, .. } => name,
        Action::Branch(_) => "aws:branch",
        Action::Loop(_) => "aws:loop",
        Action::Sleep(_) => "aws:sleep",
        Action::Pause => "aws:pause",
        Action::Approve(_) => "aws:approve",
        Action::UpdateVariable { .. } => "aws:updateVariable",
    }
}

fn manifest_of<'c>(
    plan: &Plan,
    step: &'c Step,
    catalogue: &'c Catalogue,
) -> Option<&'c ActionManifest> {
    let Action::Component { name, .. } = &step.action else { return None };
    catalogue.built_in(name).or_else(|| {
        let mut installed = catalogue.installed(name);
        let pinned = installed
            .find(|installed| plan.plugins.get(&installed.package) == Some(&installed.pin))?;
        Some(&pinned.manifest)
    })
}

fn known(need: &Need) -> String {
    match &need.source {
        Source::Known => "known".to_owned(),
        Source::Parameters { names, .. } => {
            format!(
                "from parameter {}",
                names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            )
        }
        Source::Until(causes) => {
            let causes: Vec<String> = causes.iter().map(cause).collect();
            format!("unknown until {}", causes.join(", "))
        }
        Source::Invalid(error) => format!("invalid: {error}"),
    }
}

fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Step(step) => step.clone(),
        Cause::Variable(name) => format!("variable {name}"),
        Cause::Global(_) | Cause::ExecutionId | Cause::Run | Cause::Event => {
            "the run starts".to_owned()
        }
        Cause::Item => "its items are known".to_owned(),
    }
}
