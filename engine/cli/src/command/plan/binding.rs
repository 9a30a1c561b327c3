//! The parameters of a plan, as far as they can be known before a run.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use runbook::need::{Need, Source};
use runbook::plan::{Action, Plan, Step, ValueType};
use runbook::value::bind::{BindReason, StoreDefault, Supplied, bind};
use serde_json::Value;

use crate::command::run::parsed;
use crate::exit::Refusal;

/// What is bound, and what is not.
#[derive(Debug)]
pub(super) struct Binding {
    pub values: BTreeMap<String, Value>,
    /// Those that must be given and were not.
    pub missing: BTreeSet<String>,
    /// Those whose default is read from Parameter Store when the run starts.
    pub stored: Vec<StoreDefault>,
}

impl Binding {
    /// Binds what was given. A required parameter may be missing; a wrong one is a mistake.
    pub(super) fn of(plan: &Plan, parameters: &[String]) -> Result<Self> {
        let supplied: BTreeMap<_, _> = parsed(parameters)?
            .into_iter()
            .map(|(name, text)| (name, Supplied::Text(text)))
            .collect();
        let given = |name: &String| supplied.contains_key(name);
        let missing: BTreeSet<String> = (plan.parameters.iter())
            .filter(|(name, parameter)| parameter.default.is_none() && !given(name))
            .map(|(name, _)| name.clone())
            .collect();
        let present = match bind(&plan.parameters, supplied.clone()) {
            Ok(bound) => return Ok(Self::new(bound, missing)),
            Err(errors) => {
                let wrong = errors.iter().filter(|error| error.reason != BindReason::Missing);
                let wrong: Vec<String> = wrong.map(ToString::to_string).collect();
                if !wrong.is_empty() {
                    bail!(Refusal::bad_input(wrong.join("\n")))
                }
                let parameters = plan.parameters.clone().into_iter();
                parameters.filter(|(name, _)| !missing.contains(name)).collect()
            }
        };
        let bound = bind(&present, supplied).map_err(|errors| {
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Refusal::bad_input(texts.join("\n"))
        })?;
        Ok(Self::new(bound, missing))
    }

    fn new(bound: runbook::value::bind::Bound, missing: BTreeSet<String>) -> Self {
        Self { values: bound.values, missing, stored: bound.parameter_store }
    }

    /// Returns what a step's grants wait for, in words: unbound parameters in its needs, its secrets, or the capabilities over it.
    pub(super) fn awaited(&self, plan: &Plan, step: &Step, needs: &[Need]) -> Vec<String> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        for need in needs {
            if let Source::Parameters { names: of_need, .. } = &need.source {
                names.extend(of_need.iter().cloned());
            }
        }
        if let Action::Component { inputs, .. } = &step.action {
            let is_secret = |name: &String| {
                plan.parameters.get(name).is_some_and(|known| known.value_type == ValueType::Secret)
            };
            names.extend(inputs.references().parameters.into_iter().filter(is_secret));
        }
        let capabilities = [&plan.capabilities, &step.capabilities].into_iter().flatten().flatten();
        capabilities.for_each(|text| names.extend(references_of(text)));
        let missing = names.iter().filter(|name| self.missing.contains(*name));
        let mut awaited: Vec<_> =
            missing.map(|name| format!("the parameter {name} is given")).collect();
        let stored = self.stored.iter().filter(|default| names.contains(&default.parameter));
        awaited.extend(stored.map(|default| {
            format!(
                "the default of the parameter {} is read from {}",
                default.parameter, default.name
            )
        }));
        awaited
    }
}

/// Returns the names of the parameters in the text of a capability.
fn references_of(text: &str) -> impl Iterator<Item = String> {
    let names = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
    names.map(|(name, _)| name.trim().to_owned())
}
