//! Command documents, schema 1.2, 2.0 and 2.2: from their JSON to what is to be executed. Pure.
//!
//! The rules are SSM's: a failed step stops later ones only if it says so, a step for another platform is skipped, parameters
//! are put in by one pass.

mod interpolate;
mod parameter;
mod precondition;
mod step;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::plan::PlannedStep;
use parameter::Parameter;
use step::Step;

/// The steps of one document.
pub const STEPS_MAX: usize = 100;

/// Why a document, or what was given for its parameters, is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("{place} must be {expected}")]
    Type { place: String, expected: &'static str },
    #[error("{place} has no key `{key}`; there are {known}")]
    UnknownKey { place: String, key: String, known: String },
    #[error("schema version `{0}` is not one of a command document: 1.2, 2.0, 2.2")]
    SchemaVersion(String),
    #[error("document has no `{0}`")]
    Missing(&'static str),
    #[error("document has more than {STEPS_MAX} steps")]
    TooManySteps,
    #[error("step name `{0}` is given twice")]
    DuplicateStep(String),
    #[error("document has no parameter `{0}`")]
    UnknownParameter(String),
    #[error("parameter `{0}` has no value and no default")]
    NoValue(String),
    #[error("parameter `{name}`: {problem}")]
    Parameter { name: String, problem: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Schema {
    V1,
    V2,
    V22,
}

/// A command document whose shape is checked.
#[derive(Debug, Clone)]
pub struct Document {
    schema: Schema,
    parameters: BTreeMap<String, Parameter>,
    steps: Vec<Step>,
}

impl Document {
    /// Reads a document.
    pub fn parse(document: &Value) -> Result<Self, DocumentError> {
        let known =
            ["$schema", "schemaVersion", "description", "parameters", "mainSteps", "runtimeConfig"];
        let document = object(document, "document", &known)?;
        let version = document.get("schemaVersion").and_then(Value::as_str);
        let schema = match version.ok_or(DocumentError::Missing("schemaVersion"))? {
            "1.0" | "1.2" => Schema::V1,
            "2.0" | "2.0.1" | "2.0.2" | "2.0.3" => Schema::V2,
            "2.2" => Schema::V22,
            other => return Err(DocumentError::SchemaVersion(other.to_owned())),
        };
        let parameters = match document.get("parameters") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(Value::Object(parameters)) => parameters
                .iter()
                .map(|(name, text)| Ok((name.clone(), Parameter::parse(name, text)?)))
                .collect::<Result<_, DocumentError>>()?,
            Some(_) => return Err(type_error("parameters", "a map")),
        };
        let steps = step::parse_all(schema, document)?;
        Ok(Self { schema, parameters, steps })
    }

    /// Returns the names of the steps in order.
    pub fn step_names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.name.as_str())
    }

    /// Checks the given values and puts them in.
    pub fn check(&self, given: &BTreeMap<String, Value>) -> Result<(), DocumentError> {
        self.plan(given).map(drop)
    }

    pub(crate) fn plan(
        &self,
        given: &BTreeMap<String, Value>,
    ) -> Result<Vec<PlannedStep>, DocumentError> {
        if let Some(name) = given.keys().find(|name| !self.parameters.contains_key(*name)) {
            return Err(DocumentError::UnknownParameter(name.clone()));
        }
        let mut values = Values::default();
        for (name, parameter) in &self.parameters {
            let value = parameter.value(name, given.get(name))?;
            if !interpolate::is_name(name) {
                continue;
            }
            if parameter.by_environment {
                let text = interpolate::text_of(&value);
                values.environment.insert(format!("SSM_{name}"), text);
                values.by_environment.insert(name.clone(), value);
            } else {
                values.pasted.insert(name.clone(), value);
            }
        }
        let last = self.steps.len().saturating_sub(1);
        Ok(self
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| step.plan(self.schema, &values, index == last))
            .collect())
    }
}

/// The values of a document's parameters.
#[derive(Debug, Default)]
struct Values {
    /// Go into any text.
    pasted: BTreeMap<String, Value>,
    /// Go into any text but a script's.
    by_environment: BTreeMap<String, Value>,
    environment: BTreeMap<String, String>,
}

impl Values {
    fn outside_scripts(&self) -> BTreeMap<String, Value> {
        let mut values = self.pasted.clone();
        values.extend(self.by_environment.clone());
        values
    }
}

fn type_error(place: impl Into<String>, expected: &'static str) -> DocumentError {
    DocumentError::Type { place: place.into(), expected }
}

/// Returns the map, in which every key is a known one.
fn object<'v>(
    value: &'v Value,
    place: &str,
    known: &[&str],
) -> Result<&'v Map<String, Value>, DocumentError> {
    let object = value.as_object().ok_or_else(|| type_error(place, "a map"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(DocumentError::UnknownKey {
            place: place.to_owned(),
            key: key.clone(),
            known: known.join(", "),
        }),
        None => Ok(object),
    }
}
