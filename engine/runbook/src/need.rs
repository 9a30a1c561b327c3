//! What a step may need, and what it is granted.
//!
//! A need comes from the manifest of the step's action, with the step's inputs put in. It is known from the document alone, or once
//! parameters are bound, or only when another step has ended; then the widest grant that it can become stands for it.

mod ceiling;
mod input;
mod operation;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use host_api::grant::{Expansion, Grant, GrantError, escape, expand};
use host_api::manifest::ActionManifest;
use serde_json::Value;

use crate::plan::{Action, Plan, Step, StepId, ValueType};
use crate::template::{Global, Template};
use input::{Input, Inputs};

pub use ceiling::{Starting, Uncovered, grants_of, uncovered};

/// One need of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// As the manifest has it: `http:{Method}:{Url}`; for a secret among the inputs, the grant itself.
    pub template: String,
    /// What is needed; where not all is known, the widest it can become. Empty when an optional input is absent.
    pub grants: Vec<Grant>,
    pub source: Source,
    /// The need as a capability would list it, with `{{ Parameter }}` where only the start tells, if it can be written so.
    pub narrow: Option<String>,
    /// Whether it is the use, by handle, of the secret that a parameter of type Secret names. Naming that parameter covers it: who
    /// starts the run binds it, and no other secret comes with it.
    pub is_handle: bool,
    /// Whether only some of the operations that the step may turn out to call need it: no capability has to list it.
    pub is_possible: bool,
}

/// How much is known of a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// From the document alone.
    Known,
    /// From parameters: exact when `bound`.
    Parameters { names: BTreeSet<String>, bound: bool },
    /// Only during the run.
    Until(BTreeSet<Cause>),
    /// The inputs make no grant: nothing is needed because nothing can be done with them.
    Invalid(GrantError),
}

/// What has to be known first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Step(String),
    Variable(String),
    Global(Global),
    ExecutionId,
    Run,
    Event,
    Item,
}

/// Returns what a step needs; nothing for an action that the engine carries out itself.
///
/// `parameters` are the bound ones, or `None` before a run is started.
pub fn needs_of(
    plan: &Plan,
    step: StepId,
    manifest: &ActionManifest,
    parameters: Option<&BTreeMap<String, Value>>,
) -> Vec<Need> {
    let step = plan.step(step);
    let Action::Component { inputs, .. } = &step.action else {
        return Vec::new();
    };
    let inputs = Inputs::new(step, inputs, manifest, parameters, &plan.parameters);
    let mut needs: Vec<Need> =
        manifest.needs.iter().map(|template| of_template(template, &inputs)).collect();
    operation::touched(&inputs, &manifest.needs, &mut needs);
    secrets(plan, step, &inputs, &mut needs);
    needs
}

fn of_template(template: &str, inputs: &Inputs<'_>) -> Need {
    let found = names_in(template).into_iter().map(|name| (name, inputs.named(name))).collect();
    expanded(template, &found)
}

fn expanded(template: &str, found: &BTreeMap<&str, Input>) -> Need {
    let source = source(found.values());
    let expansion = expand(&with_parts(template, found), &|name| found.get(name)?.values())
        .or_else(|_| expand(template, &|name| found.get(name)?.values()));
    match expansion {
        Ok(Expansion::Known(grants) | Expansion::Unknown { widest: grants, .. }) => Need {
            template: template.to_owned(),
            grants,
            source,
            narrow: narrow(template, found),
            is_handle: false,
            is_possible: false,
        },
        Err(error) => Need::invalid(template, Source::Invalid(error)),
    }
}

impl Need {
    /// Returns the need of inputs with which nothing can be done.
    fn invalid(template: &str, source: Source) -> Self {
        let template = template.to_owned();
        let (grants, narrow) = (Vec::new(), None);
        Self { template, grants, source, narrow, is_handle: false, is_possible: false }
    }
}

/// Puts each input in as the document writes it, where that is one text of literals and parameters.
fn narrow(template: &str, found: &BTreeMap<&str, Input>) -> Option<String> {
    let mut text = template.to_owned();
    for (name, input) in found {
        text = text.replace(&format!("{{{name}}}"), input.written.as_deref()?);
    }
    Some(text)
}

/// Puts what is known of a partly known input in the place of its name, so that `https://host/{{ Step.Path }}` needs that host alone.
fn with_parts(template: &str, found: &BTreeMap<&str, Input>) -> String {
    let mut text = template.to_owned();
    for (name, input) in found {
        let Some(parts) = input.parts() else { continue };
        let known = parts.iter().map(|part| match part {
            Some(literal) => escape(literal),
            None => format!("{{{name}}}"),
        });
        text = text.replace(&format!("{{{name}}}"), &known.collect::<String>());
    }
    text
}

fn source<'i>(inputs: impl Iterator<Item = &'i Input>) -> Source {
    let mut causes = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut bound = true;
    for input in inputs {
        causes.extend(input.causes.iter().cloned());
        names.extend(input.parameters.iter().cloned());
        bound &= input.values().is_some();
    }
    if !causes.is_empty() {
        Source::Until(causes)
    } else if !names.is_empty() {
        Source::Parameters { names, bound }
    } else {
        Source::Known
    }
}

fn names_in(template: &str) -> BTreeSet<&str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.trim()))
        .filter(|name| !name.is_empty())
        .collect()
}

/// Every secret among the inputs is read by the host on the step's behalf.
fn secrets(plan: &Plan, step: &Step, inputs: &Inputs<'_>, needs: &mut Vec<Need>) {
    inputs.each_secret(&mut |name| needs.push(of_secret(&name)));
    let mut outputs = BTreeMap::new();
    if let Action::Component { inputs, .. } = &step.action {
        secret_outputs(plan, inputs, &mut outputs);
    }
    for (step, reader) in outputs {
        // A SecureString read by an earlier step: what that step may read, this one may use.
        let read = match reader {
            Reader::Parameter(members) => vec![of_secret(&inputs.resolve(members.get("Name")))],
            Reader::Operation(members) => operation::secrets_read(&members, inputs),
        };
        for mut need in read {
            need.source = match need.source {
                Source::Until(_) | Source::Invalid(_) => need.source,
                Source::Known | Source::Parameters { .. } => {
                    Source::Until(BTreeSet::from([Cause::Step(step.clone())]))
                }
            };
            needs.push(need);
        }
    }
}

fn of_secret(name: &Input) -> Need {
    const TEMPLATE: &str = "parameters:read:{Name}";
    let found = BTreeMap::from([("Name", name.without_selectors())]);
    let expansion = expand(TEMPLATE, &|name| found.get(name)?.values());
    let (grants, source) = match expansion {
        Ok(Expansion::Known(grants) | Expansion::Unknown { widest: grants, .. }) => {
            (grants, source(found.values()))
        }
        Err(error) => (Vec::new(), Source::Invalid(error)),
    };
    let template = grants.first().map_or_else(String::new, Grant::to_string);
    Need {
        template,
        grants,
        source,
        narrow: narrow(TEMPLATE, &found),
        is_handle: name.is_handle,
        is_possible: false,
    }
}

type Members = BTreeMap<String, Template>;

/// A step that reads parameters, by its inputs.
enum Reader {
    /// getParameter.
    Parameter(Members),
    /// aws:executeAwsApi.
    Operation(Members),
}

impl Reader {
    /// Returns the step as a reader, if the output may be a secret.
    fn of(step: &Step, output: &str) -> Option<Self> {
        let Action::Component { name, inputs } = &step.action else { return None };
        match name.trim_start_matches("aws:") {
            "getParameter" if output == "Value" => Some(Self::Parameter(members_of(inputs))),
            "executeAwsApi" => {
                let declared = step.outputs.iter().find(|declared| declared.name == output);
                let is_other_text = declared.is_some_and(|declared| {
                    declared.value_type == ValueType::String
                        && !declared.selector.source().ends_with("Value")
                });
                (!is_other_text).then(|| Self::Operation(members_of(inputs)))
            }
            _ => None,
        }
    }
}

/// Finds whole values that are outputs of a step which reads parameters, and so may be secrets.
fn secret_outputs(plan: &Plan, template: &Template, found: &mut BTreeMap<String, Reader>) {
    match template {
        Template::Reference(crate::template::Reference::StepOutput { step, output }) => {
            let reader = plan.step_named(step).map(|id| plan.step(id));
            if let Some(reader) = reader.and_then(|reader| Reader::of(reader, output)) {
                found.insert(step.clone(), reader);
            }
        }
        Template::List(items) => items.iter().for_each(|item| secret_outputs(plan, item, found)),
        Template::Map(members) => {
            for member in members.values() {
                secret_outputs(plan, member, found);
            }
        }
        Template::Secret(name) => secret_outputs(plan, name, found),
        Template::Literal(_)
        | Template::Reference(_)
        | Template::Expression(_)
        | Template::Text(_) => {}
    }
}

fn members_of(inputs: &Template) -> Members {
    match inputs {
        Template::Map(members) => members.clone(),
        Template::Literal(Value::Object(members)) => members
            .iter()
            .map(|(name, member)| (name.clone(), Template::Literal(member.clone())))
            .collect(),
        Template::Literal(_)
        | Template::Reference(_)
        | Template::Expression(_)
        | Template::Text(_)
        | Template::List(_)
        | Template::Secret(_) => BTreeMap::new(),
    }
}

impl fmt::Display for Source {
    /// Writes the words of a plan: `known`, `from parameter X`, `unknown until STEP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known => f.write_str("known"),
            Self::Parameters { names, .. } => {
                write!(f, "from parameter {}", names.iter().cloned().collect::<Vec<_>>().join(", "))
            }
            Self::Until(causes) => {
                let causes: Vec<String> = causes.iter().map(Cause::to_string).collect();
                write!(f, "unknown until {}", causes.join(", "))
            }
            Self::Invalid(error) => write!(f, "invalid: {error}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(name) => f.write_str(name),
            Self::Variable(name) => write!(f, "variable {name} is read"),
            Self::Global(_) | Self::ExecutionId | Self::Run => f.write_str("the run has started"),
            Self::Event => f.write_str("the event is known"),
            Self::Item => f.write_str("the items are known"),
        }
    }
}
