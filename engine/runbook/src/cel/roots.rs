//! The names an expression can read, and the values behind those that it does.

use std::collections::{BTreeMap, BTreeSet};

use ::cel::common::types::CelString;
use ::cel::common::value::Val;
use ::cel::{Context, Program};
use serde_json::Value;

use super::convert::{map, to_cel};
use super::{ExpressionError, reads};
use crate::template::{OutputRead, Reads, Scope};

/// Every name an expression can begin with.
pub(super) const ROOTS: [&str; 6] = ["parameters", "variables", "steps", "run", "event", "item"];

/// What an expression reads, by path: nothing else is fetched for an evaluation.
#[derive(Default)]
pub(super) struct Roots {
    pub(super) parameters: BTreeSet<String>,
    pub(super) variables: BTreeSet<String>,
    pub(super) steps: BTreeMap<String, StepRead>,
    pub(super) run: bool,
    pub(super) event: bool,
    pub(super) item: bool,
}

/// What is read of one step.
#[derive(Default)]
pub(super) struct StepRead {
    pub(super) status: bool,
    /// Outputs by name.
    pub(super) outputs: BTreeSet<String>,
    /// The map of outputs itself, as in `has(steps.A.outputs)`.
    pub(super) all_outputs: bool,
}

impl Roots {
    /// Returns what a parsed expression reads; refuses what could read anything.
    pub(super) fn of(program: &Program) -> Result<Self, ExpressionError> {
        reads::of(program)
    }

    pub(super) fn reads(&self) -> Reads {
        let outputs = self.steps.iter().flat_map(|(step, read)| {
            read.outputs
                .iter()
                .map(|output| OutputRead { step: step.clone(), output: output.clone() })
        });
        Reads {
            parameters: self.parameters.iter().cloned().collect(),
            variables: self.variables.iter().cloned().collect(),
            steps: self.steps.keys().cloned().collect(),
            outputs: outputs.collect(),
            run: self.run,
            event: self.event,
            item: self.item,
        }
    }

    /// Fetches what is read; what has no value is left out, so that `has` and `default` see it.
    pub(super) fn gather(&self, scope: &dyn Scope) -> Gathered<'_> {
        let named = |names: &BTreeSet<String>, find: &dyn Fn(&str) -> Option<Value>| {
            names.iter().filter_map(|name| Some((name.clone(), find(name)?))).collect()
        };
        Gathered {
            roots: self,
            parameters: named(&self.parameters, &|name| scope.parameter(name)),
            variables: named(&self.variables, &|name| scope.variable(name)),
            steps: self.steps.iter().map(|(name, read)| read.gather(name, scope)).collect(),
            run: self.run.then(|| scope.run()),
            event: self.event.then(|| scope.event()),
            item: if self.item { scope.item() } else { None },
        }
    }
}

impl StepRead {
    fn gather<'r>(&self, name: &'r str, scope: &dyn Scope) -> GatheredStep<'r> {
        let outputs = if self.all_outputs {
            scope.step_outputs(name)
        } else {
            let found: serde_json::Map<String, Value> = self
                .outputs
                .iter()
                .filter_map(|output| Some((output.clone(), scope.step_output(name, output)?)))
                .collect();
            // A step without these outputs may still have others, which is what `has(steps.A.outputs)` asks.
            let is_there = !found.is_empty() || scope.step_outputs(name).is_some();
            is_there.then_some(Value::Object(found))
        };
        let status = if self.status { scope.step_status(name) } else { None };
        GatheredStep { name, status, outputs }
    }
}

/// The values for one evaluation.
pub(super) struct Gathered<'r> {
    roots: &'r Roots,
    parameters: Vec<(String, Value)>,
    variables: Vec<(String, Value)>,
    steps: Vec<GatheredStep<'r>>,
    run: Option<Value>,
    event: Option<Value>,
    item: Option<Value>,
}

struct GatheredStep<'r> {
    name: &'r str,
    status: Option<&'static str>,
    outputs: Option<Value>,
}

impl<'v> Gathered<'v> {
    /// Binds the roots that are read.
    pub(super) fn bind(&'v self, context: &mut Context<'_, 'v>) {
        if !self.roots.parameters.is_empty() {
            context.add_variable_as_val("parameters", named(&self.parameters));
        }
        if !self.roots.variables.is_empty() {
            context.add_variable_as_val("variables", named(&self.variables));
        }
        if !self.roots.steps.is_empty() {
            let steps = self.steps.iter().map(|step| (step.name, step.bound()));
            context.add_variable_as_val("steps", Box::new(map(steps)));
        }
        for (name, value) in [("run", &self.run), ("event", &self.event), ("item", &self.item)] {
            if let Some(value) = value {
                context.add_variable_as_val(name, to_cel(value));
            }
        }
    }
}

fn named<'v>(values: &'v [(String, Value)]) -> Box<dyn Val + 'v> {
    Box::new(map(values.iter().map(|(name, value)| (name.as_str(), to_cel(value)))))
}

impl GatheredStep<'_> {
    fn bound(&self) -> Box<dyn Val + '_> {
        let outputs = self.outputs.iter().map(|outputs| ("outputs", to_cel(outputs)));
        let status = self.status.iter().map(|status| {
            let text: Box<dyn Val> = Box::new(CelString::from(*status));
            ("status", text)
        });
        Box::new(map(outputs.chain(status)))
    }
}
