//! `runwright plan`: what a run would do, before it does it.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use host_api::grant::{Grant, GrantSet};
use host_api::manifest::ActionManifest;
use runbook::action::Catalogue;
use runbook::need::{Cause, Need, Source, Starting, grants_of, needs_of};
use runbook::plan::{Action, Flow, Plan, Step, StepId};
use runbook::value::bind::{Supplied, bind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::run::parsed;
use crate::exit::{Exit, Refusal};
use crate::render::{self, Printer};
use crate::source;

/// A plan's effects as data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Effects {
    document: String,
    digest: String,
    flow: Flow,
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
    ceilings: Vec<CeilingText>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CeilingText {
    origin: String,
    grants: Vec<String>,
}

/// One thing a step would touch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Touch {
    grant: String,
    /// `known`, `from parameter NAME`, or `unknown until STEP`.
    known: String,
    /// For commands: the nodes that match now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<String>,
}

/// Where a node stands; enough to match targets.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    pub id: String,
    pub alias: Option<String>,
    pub tags: BTreeMap<String, String>,
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
    let bound = bound(&plan, parameters)?;
    let order = order(&plan);
    let steps = order
        .into_iter()
        .map(|(id, part)| step_effects(&plan, id, part, catalogue, bound.as_ref(), nodes))
        .collect::<Result<Vec<_>>>()?;
    let effects = Effects {
        document: plan.document.name.clone(),
        digest: plan.digest().to_string(),
        flow: plan.flow,
        steps,
    };
    printer.result(&effects, || text(&effects))?;
    Ok(Exit::Done)
}

/// Binds what was given. A required parameter that was not given leaves all unbound; a wrong one is a mistake.
fn bound(plan: &Plan, parameters: &[String]) -> Result<Option<BTreeMap<String, Value>>> {
    let supplied = parsed(parameters)?;
    let supplied = supplied.into_iter().map(|(name, text)| (name, Supplied::Text(text))).collect();
    match bind(&plan.parameters, supplied) {
        Ok(bound) if bound.parameter_store.is_empty() => Ok(Some(bound.values)),
        Ok(_) => Ok(None),
        Err(errors) => {
            use runbook::value::bind::BindReason;
            let wrong: Vec<String> = errors
                .iter()
                .filter(|error| error.reason != BindReason::Missing)
                .map(ToString::to_string)
                .collect();
            if wrong.is_empty() {
                return Ok(None);
            }
            bail!(Refusal::bad_input(wrong.join("\n")))
        }
    }
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

fn step_effects(
    plan: &Plan,
    id: StepId,
    part: &'static str,
    catalogue: &Catalogue,
    bound: Option<&BTreeMap<String, Value>>,
    nodes: &[Node],
) -> Result<StepEffects> {
    let step = plan.step(id);
    let depends_on = step.depends_on.iter().map(|id| plan.step(*id).name.clone()).collect();
    let mut effects = StepEffects {
        name: step.name.clone(),
        action: action_name(step).to_owned(),
        depends_on,
        part,
        touches: Vec::new(),
        grants: None,
        ceilings: Vec::new(),
    };
    let Some(manifest) = manifest_of(plan, step, catalogue) else { return Ok(effects) };
    for need in needs_of(plan, id, manifest, bound) {
        let known = known(&need);
        effects.touches.extend(need.grants.iter().map(|grant| Touch {
            grant: grant.to_string(),
            known: known.clone(),
            nodes: matched(grant, nodes),
        }));
    }
    if let Some(parameters) = bound {
        let everything = GrantSet::everything();
        let starting = Starting { parameters, operator: &everything, starter: &everything };
        let grants = grants_of(plan, id, manifest, starting)
            .map_err(|error| Refusal::bad_input(format!("step {}: {error}", step.name)))?;
        effects.grants = Some(grants.effective());
        effects.ceilings = grants
            .ceilings()
            .map(|ceiling| CeilingText {
                origin: ceiling.origin.to_string(),
                grants: ceiling.grants.iter().map(Grant::to_string).collect(),
            })
            .collect();
    }
    Ok(effects)
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

/// Returns the nodes that a command grant's target matches now.
fn matched(grant: &Grant, nodes: &[Node]) -> Vec<String> {
    let text = grant.to_string();
    if !text.starts_with("commands:send:") {
        return Vec::new();
    }
    let matches = |node: &&Node| {
        let mut names = vec![node.id.clone()];
        names.extend(node.alias.clone());
        names.extend(node.tags.iter().map(|(key, value)| format!("tag:{key}={value}")));
        let Some((document, _)) = text.rsplit_once('@') else { return true };
        names.iter().any(|name| {
            let concrete = format!("{document}@{}", host_api::grant::escape(name));
            Grant::parse(&concrete).is_ok_and(|concrete| grant.covers(&concrete))
        })
    };
    nodes.iter().filter(matches).map(|node| node.id.clone()).collect()
}

fn text(effects: &Effects) -> String {
    let flow = if effects.flow == Flow::Graph { "graph" } else { "sequence" };
    let mut text = format!("{} ({flow}), plan {}\n", effects.document, &effects.digest[..12]);
    for (number, step) in (1..).zip(&effects.steps) {
        let part = if step.part == "finally" { "  [finally]" } else { "" };
        text.push_str(&format!("\n{number}. {}  {}{part}\n", step.name, step.action));
        if !step.depends_on.is_empty() {
            text.push_str(&format!("   after    {}\n", step.depends_on.join(", ")));
        }
        for touch in &step.touches {
            let nodes = match touch.nodes.as_slice() {
                [] => String::new(),
                nodes => format!("  nodes now: {}", nodes.join(", ")),
            };
            text.push_str(&format!("   touches  {}  ({}){nodes}\n", touch.grant, touch.known));
        }
        match &step.grants {
            Some(grants) if !grants.is_empty() => {
                let origins: Vec<_> =
                    step.ceilings.iter().map(|ceiling| ceiling.origin.as_str()).collect();
                for grant in grants {
                    text.push_str(&format!("   granted  {grant}  (by {})\n", origins.join(" ∩ ")));
                }
            }
            Some(_) if !step.touches.is_empty() => text.push_str("   granted  nothing\n"),
            _ => {}
        }
    }
    text
}
