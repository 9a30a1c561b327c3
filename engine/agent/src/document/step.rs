//! The steps of a command document.

use std::collections::{BTreeMap, BTreeSet};

use host_api::node::JobStepStatus;
use serde_json::{Map, Value};

use super::interpolate::{interpolate, text_of};
use super::{DocumentError, STEPS_MAX, Schema, Values, object, precondition, type_error};
use crate::plan::{OnFailure, PlannedStep, Script, Work};

const SHELL: &str = "aws:runShellScript";
const TIMEOUT_SECONDS_DEFAULT: u64 = 3_600;
const TIMEOUT_SECONDS: std::ops::RangeInclusive<u64> = 5..=172_800;

/// SSM's plugins for Linux that this agent does not have.
const ELSEWHERE_ON_LINUX: [&str; 10] = [
    "aws:runPowerShellScript",
    "aws:configureDocker",
    "aws:runDockerAction",
    "aws:configurePackage",
    "aws:domainJoin",
    "aws:downloadContent",
    "aws:runDocument",
    "aws:refreshAssociation",
    "aws:softwareInventory",
    "aws:updateSsmAgent",
];
const WINDOWS: [&str; 4] =
    ["aws:applications", "aws:psModule", "aws:cloudWatch", "aws:updateAgent"];

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) name: String,
    plugin: String,
    precondition: Option<Value>,
    inputs: Map<String, Value>,
}

pub(super) fn parse_all(
    schema: Schema,
    document: &Map<String, Value>,
) -> Result<Vec<Step>, DocumentError> {
    let steps = if schema == Schema::V1 {
        let config =
            document.get("runtimeConfig").ok_or(DocumentError::Missing("runtimeConfig"))?;
        runtime_config(config)?
    } else {
        let steps = document.get("mainSteps").ok_or(DocumentError::Missing("mainSteps"))?;
        let steps = steps.as_array().ok_or_else(|| type_error("mainSteps", "a list"))?;
        steps
            .iter()
            .enumerate()
            .map(|(index, step)| main_step(index, step))
            .collect::<Result<_, _>>()?
    };
    if steps.is_empty() {
        return Err(type_error("the document's steps", "at least one"));
    }
    if steps.len() > STEPS_MAX {
        return Err(DocumentError::TooManySteps);
    }
    let mut names = BTreeSet::new();
    match steps.iter().find(|step| !names.insert(step.name.clone())) {
        Some(step) => Err(DocumentError::DuplicateStep(step.name.clone())),
        None => Ok(steps),
    }
}

fn main_step(index: usize, step: &Value) -> Result<Step, DocumentError> {
    let place = format!("step {}", index + 1);
    let keys = object(step, &place, &["name", "action", "description", "inputs", "precondition"])?;
    let text = |key: &str| {
        let text = keys.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| type_error(format!("{key} of {place}"), "a text"))
    };
    let inputs = match keys.get("inputs") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(inputs)) => inputs.clone(),
        Some(_) => return Err(type_error(format!("inputs of {place}"), "a map")),
    };
    let precondition = keys.get("precondition").filter(|value| !value.is_null()).cloned();
    Ok(Step { name: text("name")?, plugin: text("action")?, precondition, inputs })
}

/// Schema 1.2: a map of plugins, each with one set of properties or a list of them.
fn runtime_config(config: &Value) -> Result<Vec<Step>, DocumentError> {
    let plugins = config.as_object().ok_or_else(|| type_error("runtimeConfig", "a map"))?;
    let mut steps = Vec::new();
    for (plugin, config) in plugins {
        let config = object(config, plugin, &["properties", "settings", "description"])?;
        let properties = match config.get("properties") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one) => vec![one],
            None => return Err(type_error(format!("properties of `{plugin}`"), "given")),
        };
        for (index, inputs) in properties.iter().enumerate() {
            let place = || type_error(format!("properties of `{plugin}`"), "maps");
            let inputs = inputs.as_object().ok_or_else(place)?.clone();
            let name = if properties.len() == 1 {
                plugin.clone()
            } else {
                let id = inputs.get("id").and_then(Value::as_str);
                id.map_or_else(|| format!("{index}.{plugin}"), str::to_owned)
            };
            steps.push(Step { name, plugin: plugin.clone(), precondition: None, inputs });
        }
    }
    Ok(steps)
}

impl Step {
    pub(super) fn plan(&self, schema: Schema, values: &Values, last: bool) -> PlannedStep {
        let failed = |message: String| Work::Settled { status: JobStepStatus::Failed, message };
        let skipped = |message: String| Work::Settled { status: JobStepStatus::Skipped, message };
        let mut step = PlannedStep {
            name: self.name.clone(),
            plugin: self.plugin.clone(),
            work: skipped(String::new()),
            on_failure: OnFailure::Continue,
            exit_on_success: false,
            is_final: false,
        };
        let inputs = interpolate_map(&self.inputs, &values.outside_scripts());
        if let Err(message) = flow(&inputs, last, &mut step) {
            step.work = failed(message);
            return step;
        }
        let judged = self
            .precondition
            .as_ref()
            .map(|condition| precondition::satisfied(schema, condition, values));
        step.work = match judged {
            Some(Err(message)) => failed(message),
            Some(Ok(false)) => skipped("the precondition is not met".to_owned()),
            Some(Ok(true)) | None if self.plugin == SHELL => {
                self.script(&inputs, values).map_or_else(failed, Work::Script)
            }
            None if schema == Schema::V22 && WINDOWS.contains(&self.plugin.as_str()) => {
                skipped(format!("plugin `{}` is not for this platform", self.plugin))
            }
            Some(Ok(true)) | None => failed(self.unsupported()),
        };
        step
    }

    fn unsupported(&self) -> String {
        let plugin = &self.plugin;
        if WINDOWS.contains(&plugin.as_str()) {
            format!("plugin `{plugin}` is not for this platform")
        } else if ELSEWHERE_ON_LINUX.contains(&plugin.as_str()) {
            format!("plugin `{plugin}` is not available on this agent; there is {SHELL}")
        } else {
            format!("unknown plugin `{plugin}`; there is {SHELL}")
        }
    }

    fn script(&self, inputs: &Map<String, Value>, values: &Values) -> Result<Script, String> {
        let known = [
            "id",
            "runCommand",
            "timeoutSeconds",
            "workingDirectory",
            "environment",
            "onFailure",
            "onSuccess",
            "finallyStep",
        ];
        if let Some(key) = inputs.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("{SHELL} has no input `{key}`; there are {}", known.join(", ")));
        }
        let commands = self.inputs.get("runCommand").ok_or("input `runCommand` is missing")?;
        let mut lines = Vec::new();
        collect_lines(&interpolate(commands, &values.pasted), &mut lines)?;
        let working_directory = match inputs.get("workingDirectory") {
            None | Some(Value::Null) => None,
            Some(Value::String(path)) => Some(path.clone()).filter(|path| !path.is_empty()),
            Some(_) => return Err("input `workingDirectory` must be a text".to_owned()),
        };
        let mut environment = environment(inputs.get("environment"))?;
        environment.extend(values.environment.clone());
        let nul = |text: &String| text.contains('\0');
        if lines.iter().any(nul) || environment.values().any(nul) {
            return Err("a command or variable holds a zero byte".to_owned());
        }
        Ok(Script {
            text: lines.join("\n") + "\n",
            working_directory,
            environment,
            timeout_ms: timeout_seconds(inputs.get("timeoutSeconds")) * 1_000,
        })
    }
}

fn interpolate_map(
    map: &Map<String, Value>,
    values: &BTreeMap<String, Value>,
) -> Map<String, Value> {
    map.iter().map(|(key, value)| (key.clone(), interpolate(value, values))).collect()
}

/// Reads the inputs that every plugin has.
fn flow(inputs: &Map<String, Value>, last: bool, step: &mut PlannedStep) -> Result<(), String> {
    step.on_failure = match inputs.get("onFailure").map(text_of).as_deref() {
        None => OnFailure::Continue,
        Some("exit") => OnFailure::Exit,
        Some("successAndExit") => OnFailure::SuccessAndExit,
        Some(other) => {
            return Err(format!("onFailure is `{other}`; it may be exit or successAndExit"));
        }
    };
    step.exit_on_success = match inputs.get("onSuccess").map(text_of).as_deref() {
        None => false,
        Some("exit") => true,
        Some(other) => return Err(format!("onSuccess is `{other}`; it may be exit")),
    };
    step.is_final = match inputs.get("finallyStep").map(text_of).as_deref() {
        None | Some("false") => false,
        // On any other step it has no effect, as SSM has it.
        Some("true") => last,
        Some(other) => return Err(format!("finallyStep is `{other}`; it may be true or false")),
    };
    Ok(())
}

fn collect_lines(value: &Value, lines: &mut Vec<String>) -> Result<(), String> {
    match value {
        Value::String(text) => lines.push(text.clone()),
        Value::Array(list) => {
            for item in list {
                collect_lines(item, lines)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return Err("input `runCommand` must be a list of texts".to_owned());
        }
    }
    Ok(())
}

fn environment(input: Option<&Value>) -> Result<BTreeMap<String, String>, String> {
    let map = match input {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err("input `environment` must be a map".to_owned()),
    };
    map.iter()
        .map(|(name, value)| {
            let valid = !name.is_empty() && !name.contains(['=', '\0']);
            if !valid || value.is_array() || value.is_object() {
                return Err(format!("input `environment` has a bad variable `{name}`"));
            }
            Ok((name.clone(), if value.is_null() { String::new() } else { text_of(value) }))
        })
        .collect()
}

/// A text or number from 5 to 172,800; anything else is 3,600, as SSM has it.
fn timeout_seconds(input: Option<&Value>) -> u64 {
    input
        .and_then(|value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()))
        .filter(|seconds| TIMEOUT_SECONDS.contains(seconds))
        .unwrap_or(TIMEOUT_SECONDS_DEFAULT)
}
