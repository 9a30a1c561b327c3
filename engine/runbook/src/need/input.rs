//! The inputs of a step, as far as they are known.

use std::collections::{BTreeMap, BTreeSet};

use host_api::manifest::ActionManifest;
use serde_json::{Value, json};

use super::Cause;
use super::written::{written, written_literal};
use crate::plan::{Parameter, Step, ValueType};
use crate::template::{Global, Reference, References, Scope, Segment, Template};
use crate::value;

/// One input: its values as texts, or what they wait for.
#[derive(Debug, Clone, Default)]
pub(super) struct Input {
    /// `None` when they are not known.
    values: Option<Vec<String>>,
    /// Of a text that is known in part: the known parts, `None` for the others.
    parts: Option<Vec<Option<String>>>,
    pub(super) parameters: BTreeSet<String>,
    pub(super) causes: BTreeSet<Cause>,
    /// As a grant would have it: `/app/{{ Tier }}`; of several values, nothing.
    pub(super) written: Option<String>,
    /// Whether it is the secret that a parameter of type Secret names.
    pub(super) is_handle: bool,
}

impl Input {
    pub(super) fn values(&self) -> Option<Vec<String>> {
        self.values.clone()
    }

    pub(super) fn parts(&self) -> Option<&[Option<String>]> {
        self.parts.as_deref()
    }

    /// Takes `:version` off the names of parameters.
    pub(super) fn without_selectors(&self) -> Self {
        let name = |text: &String| text.split(':').next().unwrap_or_default().to_owned();
        let values = self.values.as_ref().map(|values| values.iter().map(name).collect());
        let written = self.written.as_ref().map(name);
        Self { values, written, ..self.clone() }
    }

    /// Puts other texts in the place of each value.
    pub(super) fn each(self, texts: impl Fn(&str) -> Vec<String>) -> Self {
        let values =
            self.values.map(|values| values.iter().flat_map(|value| texts(value)).collect());
        let written = self.written.map(|text| texts(&text)).filter(|texts| texts.len() == 1);
        Self { values, written: written.and_then(|mut texts| texts.pop()), ..self }
    }
}

/// The inputs of one step.
pub(super) struct Inputs<'s> {
    step: &'s Step,
    template: &'s Template,
    manifest: &'s ActionManifest,
    parameters: Option<&'s BTreeMap<String, Value>>,
    declared: &'s BTreeMap<String, Parameter>,
}

impl<'s> Inputs<'s> {
    pub(super) fn new(
        step: &'s Step,
        template: &'s Template,
        manifest: &'s ActionManifest,
        parameters: Option<&'s BTreeMap<String, Value>>,
        declared: &'s BTreeMap<String, Parameter>,
    ) -> Self {
        Self { step, template, manifest, parameters, declared }
    }

    /// Returns one input by name: the step's, else the default of the action's schema, else no value at all.
    pub(super) fn named(&self, name: &str) -> Input {
        match self.template {
            Template::Map(members) if members.contains_key(name) => self.resolve(members.get(name)),
            Template::Literal(Value::Object(members)) if members.contains_key(name) => {
                known(members.get(name).unwrap_or(&Value::Null))
            }
            // The inputs as a whole are computed.
            Template::Reference(_) | Template::Expression(_) => self.resolve(Some(self.template)),
            Template::Map(_)
            | Template::Literal(_)
            | Template::Text(_)
            | Template::List(_)
            | Template::Secret(_) => {
                let pointer = format!("/properties/{name}/default");
                known(self.manifest.inputs.pointer(&pointer).unwrap_or(&Value::Null))
            }
        }
    }

    /// Returns the values of a template of this step.
    pub(super) fn resolve(&self, template: Option<&Template>) -> Input {
        let Some(template) = template else { return known(&Value::Null) };
        let references = template.references();
        let mut input = Input {
            parameters: references.parameters.clone(),
            written: written(template),
            ..Input::default()
        };
        input.causes = causes(&references);
        let mut items = None;
        if references.item {
            let list = self.step.for_each.as_ref().map(|for_each| &for_each.list);
            let list_references = list.map(Template::references).unwrap_or_default();
            input.parameters.extend(list_references.parameters.iter().cloned());
            input.causes.extend(causes(&list_references));
            items = list.and_then(|list| self.items(list, &input));
            if items.is_none() && input.causes.is_empty() && !self.are_bound(&input.parameters) {
                return input;
            }
            if items.is_none() {
                input.causes.insert(Cause::Item);
            }
        }
        if !input.causes.is_empty() || !self.are_bound(&input.parameters) {
            input.parts = parts(template, self.parameters);
            return input;
        }
        let items = items.unwrap_or_else(|| vec![Value::Null]);
        let mut values = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let as_name = self.step.for_each.as_ref().and_then(|each| each.as_name.as_deref());
            let scope =
                Known { parameters: self.parameters, item: Some(binding(item, index, as_name)) };
            // An input that cannot be resolved fails its step before anything is done.
            if let Ok(value) = template.resolve(&scope) {
                texts(&value, &mut values);
            }
        }
        input.values = Some(values);
        input
    }

    fn items(&self, list: &Template, input: &Input) -> Option<Vec<Value>> {
        if !input.causes.is_empty() || !self.are_bound(&input.parameters) {
            return None;
        }
        match list.resolve(&Known { parameters: self.parameters, item: None }) {
            Ok(Value::Array(items)) if items.len() <= host_api::grant::EXPANSIONS_MAX => {
                Some(items)
            }
            _ => None,
        }
    }

    fn are_bound(&self, names: &BTreeSet<String>) -> bool {
        names.iter().all(|name| self.parameters.is_some_and(|bound| bound.contains_key(name)))
    }

    /// Visits every `{ secret: NAME }` in the inputs, and every parameter that is one.
    pub(super) fn each_secret(&self, visit: &mut dyn FnMut(Input)) {
        self.secrets_in(self.template, visit);
    }

    fn names_secret_parameter(&self, template: &Template) -> bool {
        let name = match template {
            Template::Reference(Reference::Parameter(name)) => name.as_str(),
            Template::Expression(expression) => {
                expression.source.trim().strip_prefix("parameters.").unwrap_or_default()
            }
            Template::Literal(_)
            | Template::Reference(_)
            | Template::Text(_)
            | Template::List(_)
            | Template::Map(_)
            | Template::Secret(_) => "",
        };
        let declared = self.declared.get(name);
        declared.is_some_and(|parameter| parameter.value_type == ValueType::Secret)
    }

    fn secrets_in(&self, template: &Template, visit: &mut dyn FnMut(Input)) {
        match template {
            Template::Secret(name) => {
                let is_handle = self.names_secret_parameter(name);
                visit(Input { is_handle, ..self.resolve(Some(name)) });
            }
            Template::Literal(literal) => secrets_of(literal, &mut |name| {
                visit(Input { values: Some(vec![name.to_owned()]), ..Input::default() });
            }),
            Template::Reference(Reference::Parameter(name)) => {
                let is_handle = self.names_secret_parameter(template);
                if is_handle && !self.parameters.is_some_and(|bound| bound.contains_key(name)) {
                    return visit(Input { is_handle, ..self.resolve(Some(template)) });
                }
                let value = self.parameters.and_then(|bound| bound.get(name));
                secrets_of(value.unwrap_or(&Value::Null), &mut |secret| {
                    visit(Input {
                        values: Some(vec![secret.to_owned()]),
                        parameters: BTreeSet::from([name.clone()]),
                        is_handle,
                        ..Input::default()
                    });
                });
            }
            Template::List(items) => items.iter().for_each(|item| self.secrets_in(item, visit)),
            Template::Map(members) => {
                for member in members.values() {
                    self.secrets_in(member, visit);
                }
            }
            Template::Reference(_) | Template::Expression(_) | Template::Text(_) => {}
        }
    }
}

fn known(value: &Value) -> Input {
    let mut values = Vec::new();
    texts(value, &mut values);
    let written = match values.as_slice() {
        [only] => written_literal(only),
        _ => None,
    };
    Input { values: Some(values), written, ..Input::default() }
}

fn secrets_of(value: &Value, visit: &mut dyn FnMut(&str)) {
    if let Some(name) = value::secret_name(value) {
        return visit(name);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| secrets_of(item, visit)),
        Value::Object(members) => members.values().for_each(|member| secrets_of(member, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns each text of a value: items of a list one by one, SSM's targets as `Key=Value`, a secret by its name.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(value::text(value)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => {
            if let Some(name) = value::secret_name(value) {
                found.push(name.to_owned());
                return;
            }
            let key = members.get("Key").and_then(Value::as_str).unwrap_or_default();
            let mut of_key = Vec::new();
            texts(members.get("Values").unwrap_or(&Value::Null), &mut of_key);
            found.extend(of_key.into_iter().map(|one| match key {
                "InstanceIds" => one,
                _ => format!("{key}={one}"),
            }));
        }
    }
}

fn causes(references: &References) -> BTreeSet<Cause> {
    let mut causes: BTreeSet<Cause> = references.steps.iter().cloned().map(Cause::Step).collect();
    causes.extend(references.variables.iter().cloned().map(Cause::Variable));
    causes.extend(references.globals.iter().copied().map(Cause::Global));
    for (read, cause) in [
        (references.execution_id, Cause::ExecutionId),
        (references.run, Cause::Run),
        (references.event, Cause::Event),
    ] {
        if read {
            causes.insert(cause);
        }
    }
    causes
}

/// Returns a text's parts, where one at least is known and none could be taken for a template.
fn parts(
    template: &Template,
    parameters: Option<&BTreeMap<String, Value>>,
) -> Option<Vec<Option<String>>> {
    let Template::Text(segments) = template else {
        return None;
    };
    let known = |segment: &Segment| match segment {
        Segment::Text(literal) => Some(literal.clone()),
        Segment::Reference(Reference::Parameter(name)) => parameters?.get(name).map(value::text),
        Segment::Reference(_) | Segment::Expression(_) => None,
    };
    let parts: Vec<Option<String>> = segments.iter().map(known).collect();
    let is_plain =
        |part: &Option<String>| !part.as_ref().is_some_and(|text| text.contains(['{', '}']));
    parts.iter().all(is_plain).then_some(parts)
}

fn binding(item: Value, index: usize, as_name: Option<&str>) -> Value {
    let mut bound = json!({ "index": index, "value": item.clone() });
    if let (Some(name), Some(members)) = (as_name, bound.as_object_mut()) {
        members.insert(name.to_owned(), item);
    }
    bound
}

/// What is known before a run: its parameters, and one item.
struct Known<'p> {
    parameters: Option<&'p BTreeMap<String, Value>>,
    item: Option<Value>,
}

impl Scope for Known<'_> {
    fn parameter(&self, name: &str) -> Option<Value> {
        self.parameters?.get(name).cloned()
    }

    fn global(&self, _global: Global) -> Value {
        Value::Null
    }

    fn item(&self) -> Option<Value> {
        self.item.clone()
    }
}
