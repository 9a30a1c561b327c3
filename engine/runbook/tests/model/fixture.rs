//! A scope written down as data, and the reading of tables.

use std::collections::BTreeMap;

use runbook::template::{Global, Scope};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fixture {
    pub(crate) parameters: BTreeMap<String, Value>,
    pub(crate) variables: BTreeMap<String, Value>,
    pub(crate) steps: BTreeMap<String, FixtureStep>,
    pub(crate) event: Value,
    pub(crate) item: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FixtureStep {
    pub(crate) status: Option<String>,
    pub(crate) outputs: Option<Map<String, Value>>,
}

impl Scope for Fixture {
    fn parameter(&self, name: &str) -> Option<Value> {
        self.parameters.get(name).cloned()
    }

    fn variable(&self, name: &str) -> Option<Value> {
        self.variables.get(name).cloned()
    }

    fn step_output(&self, step: &str, output: &str) -> Option<Value> {
        self.steps.get(step)?.outputs.as_ref()?.get(output).cloned()
    }

    fn step_outputs(&self, step: &str) -> Option<Value> {
        self.steps.get(step)?.outputs.clone().map(Value::Object)
    }

    fn step_status(&self, step: &str) -> Option<&'static str> {
        match self.steps.get(step)?.status.as_deref()? {
            "Success" => Some("Success"),
            "Failed" => Some("Failed"),
            "Skipped" => Some("Skipped"),
            other => panic!("the fixture has no status {other}"),
        }
    }

    fn global(&self, global: Global) -> Value {
        Value::String(format!("<{global}>"))
    }

    fn execution_id(&self) -> Value {
        json!("8f6b5b6e-0000-4000-8000-000000000001")
    }

    fn run(&self) -> Value {
        json!({
            "id": "8f6b5b6e-0000-4000-8000-000000000001",
            "status": "Failed",
            "failures": [{ "step": "Drain", "code": "HttpStatus", "message": "503" }],
        })
    }

    fn event(&self) -> Value {
        self.event.clone()
    }

    fn item(&self) -> Option<Value> {
        self.item.clone()
    }
}

/// Reads a table; YAML integers stay integers on the way.
#[track_caller]
pub(crate) fn table<T: DeserializeOwned>(text: &str) -> T {
    let value: Value = serde_yaml::from_str(text).expect("the table is YAML");
    serde_json::from_value(value).expect("the table has the shape of its cases")
}

/// The scope that most tables speak of.
pub(crate) fn scope() -> Fixture {
    table(include_str!("../data/template/scope.yaml"))
}
