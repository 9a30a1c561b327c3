//! Documents that steps name in so many words: what is passed to them is checked when the run starts, not when a step is reached.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use runbook::plan::{Action, Plan};
use runbook::source::Source;
use runbook::template::Template;
use serde_json::Value;

use super::start::{Start, invalid_parameters};
use crate::Services;
use crate::actor::Actor;
use crate::documents::{AUTOMATION, COMMAND};
use crate::error::ServiceError;

/// A document as a step names it, with the parameters that the step passes.
#[derive(Debug)]
struct Named<'p> {
    step: &'p str,
    document: &'p str,
    version: Option<&'p str>,
    kind: &'static str,
    passed: BTreeSet<&'p str>,
}

/// The parameters of a document, and whether each must be given.
type Parameters = BTreeMap<String, bool>;

impl Services {
    /// Refuses a start whose steps pass a document parameters that it does not have, or leave out what it must be given.
    ///
    /// A document that does not exist yet is left to the step: an earlier one may make it, or nothing may lead there.
    pub(super) async fn check_named(
        &self,
        actor: &Actor,
        start: &Start,
    ) -> Result<(), ServiceError> {
        let mut known = BTreeMap::new();
        let mut mistakes = Vec::new();
        for named in named(&start.plan) {
            let key = (named.document, named.version, named.kind);
            let parameters = match known.entry(key) {
                Entry::Occupied(parameters) => parameters.into_mut(),
                Entry::Vacant(place) => {
                    place.insert(self.parameters_of(actor, start, &named).await?)
                }
            };
            if let Some(parameters) = parameters {
                mistakes.extend(mistakes_of(&named, parameters));
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(invalid_parameters(mistakes.join("; "))) }
    }

    async fn parameters_of(
        &self,
        actor: &Actor,
        start: &Start,
        named: &Named<'_>,
    ) -> Result<Option<Parameters>, ServiceError> {
        let stored = self.stored_document(named.document, named.version).await;
        let content = match (stored, start.beside.get(named.document)) {
            (Ok(Some(found)), _) if found.kind == named.kind => found.content,
            (Ok(None), Some(document)) => document.content.clone(),
            (Ok(None), None) => {
                let found =
                    self.find_document(named.document, named.version, named.kind, actor.run());
                match found.await {
                    Ok(found) => found.content,
                    Err(_) => return Ok(None),
                }
            }
            (Ok(Some(_)) | Err(_), _) => return Ok(None),
        };
        let (document, _) = runbook::document::parse(&Source::new(named.document, content));
        Ok(document.map(|document| {
            let parameters = document.value["parameters"].as_object().into_iter().flatten();
            parameters
                .map(|(name, parameter)| (name.clone(), parameter.get("default").is_none()))
                .collect()
        }))
    }
}

fn named(plan: &Plan) -> impl Iterator<Item = Named<'_>> {
    plan.steps.iter().filter_map(|step| {
        let Action::Component { name, inputs } = &step.action else { return None };
        let (kind, parameters) = match name.as_str() {
            "aws:runCommand" => (COMMAND, "Parameters"),
            "aws:executeAutomation" => (AUTOMATION, "RuntimeParameters"),
            _ => return None,
        };
        let text = |member| literal(inputs, member).and_then(Value::as_str);
        Some(Named {
            step: &step.name,
            document: text("DocumentName")?,
            version: text("DocumentVersion"),
            kind,
            passed: keys(inputs, parameters)?,
        })
    })
}

fn literal<'t>(inputs: &'t Template, member: &str) -> Option<&'t Value> {
    if let Template::Map(members) = inputs {
        let Template::Literal(value) = members.get(member)? else { return None };
        return Some(value);
    }
    let Template::Literal(value) = inputs else { return None };
    value.get(member)
}

/// Returns the names in a map of parameters, none where it is left out; nothing where they are only known in the run.
fn keys<'t>(inputs: &'t Template, member: &str) -> Option<BTreeSet<&'t str>> {
    if let Template::Map(members) = inputs
        && let Some(given) = members.get(member)
        && !matches!(given, Template::Literal(_))
    {
        let Template::Map(parameters) = given else { return None };
        return Some(parameters.keys().map(String::as_str).collect());
    }
    match literal(inputs, member) {
        None => Some(BTreeSet::new()),
        Some(value) => Some(value.as_object()?.keys().map(String::as_str).collect()),
    }
}

fn mistakes_of(named: &Named<'_>, parameters: &Parameters) -> Vec<String> {
    let Named { step, document, passed, .. } = named;
    let unknown = passed.iter().filter(|name| !parameters.contains_key(**name)).map(|name| {
        let known: Vec<&str> = parameters.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        format!("step {step}: the document {document} has no parameter `{name}`; it has: {known}")
    });
    let missing = parameters
        .iter()
        .filter(|(name, is_required)| **is_required && !passed.contains(name.as_str()))
        .map(|(name, _)| {
            format!("step {step}: the parameter `{name}` of the document {document} must be given")
        });
    unknown.chain(missing).collect()
}
