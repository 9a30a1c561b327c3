//! The ceilings over a step, and what remains under all of them.

use std::collections::BTreeMap;

use host_api::grant::{
    Ceiling, Expansion, Grant, GrantError, GrantSet, Grants, Origin, expand, takes_host_from_value,
};
use host_api::manifest::ActionManifest;
use serde_json::Value;

use super::{Need, Source, needs_of};
use crate::plan::{Action, Plan, Schema, Step, StepId};
use crate::value;

/// What is fixed when a run starts, beside its plan.
#[derive(Debug, Clone, Copy)]
pub struct Starting<'a> {
    pub parameters: &'a BTreeMap<String, Value>,
    pub operator: &'a GrantSet,
    pub starter: &'a GrantSet,
}

/// A need that the document does not let its step have.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncovered {
    pub need: Need,
    /// The grant that is missing, as wide as it can become.
    pub add: Grant,
}

impl Uncovered {
    /// Returns what to add to `capabilities`, narrowed by `{{ Parameter }}` where that can be written.
    pub fn capability(&self) -> String {
        match (&self.need.source, &self.need.narrow) {
            (Source::Parameters { .. }, Some(narrow)) if self.need.grants.len() == 1 => {
                narrow.clone()
            }
            _ => self.add.to_string(),
        }
    }
}

/// Returns what a step may do in a run: what it needs, under every ceiling.
///
/// What a built-in action needs is derived from its inputs. Where these depend on another step, schema 0.3 grants the widest need
/// and 0.4 only what its capabilities list. A third-party action of a document and step without capabilities gets nothing.
pub fn grants_of(
    plan: &Plan,
    step: StepId,
    manifest: &ActionManifest,
    starting: Starting<'_>,
) -> Result<Grants, GrantError> {
    let needs = needs_of(plan, step, manifest, Some(starting.parameters));
    let step = plan.step(step);
    let lists_capabilities = plan.capabilities.is_some() || step.capabilities.is_some();
    let origin = if is_third_party(step) { Origin::Manifest } else { Origin::Derived };
    if is_third_party(step) && !lists_capabilities {
        return Ok(Grants::nothing(Origin::Document));
    }
    let is_granted = |need: &&Need| {
        lists_capabilities
            || plan.schema == Schema::V0_3
            || !matches!(need.source, Source::Until(_))
    };
    let needed = needs.iter().filter(is_granted).flat_map(|need| need.grants.iter().cloned());
    let mut grants = Grants::new(origin, needed.collect());
    for (origin, listed) in listed(plan, step) {
        let mut ceiling = expanded(origin, listed, Some(starting.parameters))?;
        for need in needs.iter().filter(|need| need.is_bound_handle()) {
            need.grants.iter().cloned().for_each(|grant| ceiling.grants.insert(grant));
        }
        grants = grants.under_ceiling(ceiling);
    }
    Ok(grants
        .under(Origin::Operator, starting.operator.clone())
        .under(Origin::Starter, starting.starter.clone()))
}

/// Returns the needs that the document's and the step's capabilities do not let the step have: every one, where a third-party action
/// or (in 0.4) an input that another step decides has no capability listed. For the checker.
pub fn uncovered(
    plan: &Plan,
    step: StepId,
    manifest: &ActionManifest,
) -> Result<Vec<Uncovered>, GrantError> {
    let needs = needs_of(plan, step, manifest, None);
    let step = plan.step(step);
    let mut ceilings = Vec::new();
    for (origin, listed) in listed(plan, step) {
        ceilings.push(expanded(origin, listed, None)?.grants);
    }
    let mut uncovered = Vec::new();
    for need in needs {
        let must_list = is_third_party(step)
            || (plan.schema == Schema::V0_4 && matches!(need.source, Source::Until(_)));
        let is_covered = need.is_handle && !(is_third_party(step) && ceilings.is_empty());
        if is_covered || need.is_possible {
            continue;
        }
        for grant in &need.grants {
            let is_listed =
                ceilings.iter().all(|set| set.iter().any(|listed| listed.overlaps(grant)));
            if !is_listed || (ceilings.is_empty() && must_list) {
                uncovered.push(Uncovered { need: need.clone(), add: grant.clone() });
            }
        }
    }
    Ok(uncovered)
}

impl Need {
    /// Whether it is a secret that a parameter names, and exactly that one.
    fn is_bound_handle(&self) -> bool {
        self.is_handle
            && matches!(self.source, Source::Known | Source::Parameters { bound: true, .. })
    }
}

fn listed<'p>(plan: &'p Plan, step: &'p Step) -> impl Iterator<Item = (Origin, &'p [String])> {
    let document = plan.capabilities.as_deref().map(|listed| (Origin::Document, listed));
    let own = step.capabilities.as_deref().map(|listed| (Origin::Step, listed));
    document.into_iter().chain(own)
}

/// Puts parameters in the place of `{{ Parameter }}`; while they are not bound, `*`.
fn expanded(
    origin: Origin,
    listed: &[String],
    parameters: Option<&BTreeMap<String, Value>>,
) -> Result<Ceiling, GrantError> {
    let lookup = |name: &str| Some(value::to_wire(parameters?.get(name)?));
    let mut ceiling = Ceiling::new(origin, GrantSet::default());
    for text in listed {
        let (Expansion::Known(grants) | Expansion::Unknown { widest: grants, .. }) =
            expand(text, &lookup)?;
        for grant in grants {
            if takes_host_from_value(text) {
                ceiling.hosts_from_values.insert(grant.clone());
            }
            ceiling.grants.insert(grant);
        }
    }
    Ok(ceiling)
}

fn is_third_party(step: &Step) -> bool {
    match &step.action {
        Action::Component { name, .. } => name.contains(':') && !name.starts_with("aws:"),
        Action::Branch(_)
        | Action::Loop(_)
        | Action::Sleep(_)
        | Action::Pause
        | Action::Approve(_)
        | Action::UpdateVariable { .. } => false,
    }
}
