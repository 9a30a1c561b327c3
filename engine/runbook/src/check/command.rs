//! Checking command documents (ssm user guide, "Command document plugin reference"; agent 3.3).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::command::{CommandDocument, CommandParameter, CommandSchema, CommandStep};
use crate::document::node::Node;
use crate::plan::{Schema, ValueType};

/// The plugins that SSM's agent has.
const PLUGINS: &[&str] = &[
    "aws:applications",
    "aws:cloudWatch",
    "aws:configureDocker",
    "aws:configurePackage",
    "aws:domainJoin",
    "aws:downloadContent",
    "aws:psModule",
    "aws:refreshAssociation",
    "aws:runDockerAction",
    "aws:runDocument",
    "aws:runPowerShellScript",
    "aws:runShellScript",
    "aws:softwareInventory",
    "aws:updateAgent",
    "aws:updateSsmAgent",
];
const SHELL: &str = "aws:runShellScript";
const SHELL_INPUTS: &[&str] = &[
    "id",
    "runCommand",
    "timeoutSeconds",
    "workingDirectory",
    "environment",
    "onFailure",
    "onSuccess",
    "finallyStep",
];

pub(crate) fn read(checker: &mut Checker<'_>, root: &Node<'_>) -> Option<CommandDocument> {
    let root = &checker.root.descend(&root.path);
    checker.schema = Schema::V0_3;
    checker.of_command = true;
    let schema = checker.command_schema(root)?;
    let list = if schema == CommandSchema::V1_2 { "runtimeConfig" } else { "mainSteps" };
    checker.keys(root, "a command document", &["schemaVersion", "description", "parameters", list]);
    let description = checker.optional_text(root, "description");
    checker.parameters(root);
    let parameters = checker.command_parameters(root);
    let node = checker.required(root, "the document", list)?;
    let steps = if schema == CommandSchema::V1_2 {
        checker.runtime_config(&node)
    } else {
        checker.command_steps(&node, schema)
    };
    Some(CommandDocument { schema, description, parameters, steps })
}

impl<'d> Checker<'d> {
    fn command_schema(&mut self, root: &Node<'d>) -> Option<CommandSchema> {
        let node = root.get("schemaVersion");
        let found = match node.as_ref().and_then(Node::text) {
            Some("1.2") => Some(CommandSchema::V1_2),
            Some("2.0") => Some(CommandSchema::V2_0),
            Some("2.2") => Some(CommandSchema::V2_2),
            _ => None,
        };
        if found.is_none() {
            let span = node.map_or_else(|| root.focus_start(), |node| node.focus());
            let diagnostic = Diagnostic::error(
                codes::SCHEMA_VERSION,
                span,
                "a command document has schema version \"2.2\", \"2.0\" or \"1.2\"",
            )
            .help("write `schemaVersion: \"2.2\"`, in quotes");
            self.report(diagnostic);
        }
        found
    }

    fn command_parameters(&mut self, root: &Node<'d>) -> BTreeMap<String, CommandParameter> {
        let mut found = BTreeMap::new();
        for (name, parameter) in self.parameters.clone() {
            let node = root.get("parameters").and_then(|node| node.get(&name));
            let stated = node.and_then(|node| node.get("interpolationType"));
            let as_environment = stated.is_some_and(|stated| {
                if parameter.value_type != ValueType::String {
                    let message = "`interpolationType` is for parameters of type String";
                    self.error(codes::CONSTRAINT, stated.key_span(), message);
                }
                self.word(&stated, &["ENV_VAR"]) == Some(0)
            });
            found.insert(name, CommandParameter { parameter, as_environment });
        }
        found
    }

    fn command_steps(&mut self, node: &Node<'d>, schema: CommandSchema) -> Vec<CommandStep> {
        let mut steps: Vec<CommandStep> = Vec::new();
        for step in self.list(node).unwrap_or_default() {
            if self.map(&step).is_none() {
                continue;
            }
            self.keys(
                &step,
                "a step",
                &["name", "action", "inputs", "precondition", "description"],
            );
            let name = self.required(&step, "the step", "name");
            let name = name.and_then(|name| self.text(&name).map(|text| (text, name.span())));
            if let Some((name, span)) = name
                && steps.iter().any(|other| other.name == name)
            {
                let message = format!("two steps are named `{name}`");
                self.error(codes::DUPLICATE_NAME, span, message);
            }
            let precondition = step.get("precondition");
            if let Some(precondition) =
                precondition.as_ref().filter(|_| schema != CommandSchema::V2_2)
            {
                let message = "preconditions need schema version 2.2";
                self.error(codes::UNKNOWN_KEY, precondition.key_span(), message);
            }
            if let Some(precondition) = &precondition {
                self.precondition(precondition);
            }
            let action = self.required(&step, "the step", "action");
            let action = action.and_then(|action| self.plugin(&action));
            let inputs = self.required(&step, "the step", "inputs");
            if let (Some(action), Some(inputs)) = (action, inputs) {
                self.shell_inputs(&inputs);
                steps.push(CommandStep {
                    name: name.map_or_else(String::new, |(name, _)| name.to_owned()),
                    action: action.to_owned(),
                    precondition: precondition.map(|node| node.value.clone()),
                    inputs: inputs.value.clone(),
                });
            }
        }
        steps
    }

    /// Reads `runtimeConfig: { plugin: { properties: […] } }` of schema 1.2.
    fn runtime_config(&mut self, node: &Node<'d>) -> Vec<CommandStep> {
        let mut steps = Vec::new();
        for (plugin, config) in self.map(node).unwrap_or_default() {
            if plugin != SHELL {
                self.no_plugin_runs(plugin, config.key_span());
                continue;
            }
            self.keys(&config, "a plugin", &["properties", "description"]);
            let Some(properties) = self.required(&config, "the plugin", "properties") else {
                continue;
            };
            let list = properties.elements_or_self();
            for (number, inputs) in list.iter().enumerate() {
                self.shell_inputs(inputs);
                let id = inputs.get("id").and_then(|id| id.text());
                steps.push(CommandStep {
                    name: id.map_or_else(|| format!("{plugin}-{number}"), str::to_owned),
                    action: plugin.to_owned(),
                    precondition: None,
                    inputs: inputs.value.clone(),
                });
            }
        }
        steps
    }

    fn plugin(&mut self, node: &Node<'d>) -> Option<&'d str> {
        let text = self.text(node)?;
        if text == SHELL {
            return Some(text);
        }
        if PLUGINS.contains(&text) {
            self.no_plugin_runs(text, node.span());
        } else {
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_ACTION,
                node.span(),
                format!("there is no plugin `{text}`"),
            )
            .suggest(text, PLUGINS.iter().copied(), None);
            self.report(diagnostic);
        }
        None
    }

    fn no_plugin_runs(&mut self, plugin: &str, span: crate::source::Span) {
        let message = format!("the plugin {plugin} cannot be run yet: only {SHELL} can");
        self.error(codes::PLUGIN_NOT_RUNNABLE, span, message);
    }

    fn shell_inputs(&mut self, inputs: &Node<'d>) {
        if self.map(inputs).is_none() {
            return;
        }
        self.keys(inputs, SHELL, SHELL_INPUTS);
        let Some(script) = self.required(inputs, SHELL, "runCommand") else { return };
        if !script.value.is_array() && script.text().is_none_or(|text| !text.contains("{{")) {
            self.wrong_type(&script, "a list of lines");
        }
        for line in script.elements() {
            self.text(&line);
        }
        if let Some(timeout) = inputs.get("timeoutSeconds")
            && timeout.text().is_none_or(|text| !text.contains("{{"))
        {
            self.integer(&timeout, 5..=172_800);
        }
        if let Some(directory) = inputs.get("workingDirectory") {
            self.text(&directory);
        }
        if let Some(environment) = inputs.get("environment")
            && !environment.value.is_object()
            && environment.text().is_none_or(|text| !text.contains("{{"))
        {
            self.wrong_type(&environment, "a map of names and values");
        }
        if let Some(failure) = inputs.get("onFailure") {
            self.word(&failure, &["exit", "successAndExit"]);
        }
        if let Some(success) = inputs.get("onSuccess") {
            self.word(&success, &["exit"]);
        }
        if let Some(finally) = inputs.get("finallyStep") {
            self.boolean(&finally);
        }
        self.command_references(inputs, &script.path);
    }

    /// SSM: `StringEquals` with two arguments, nothing else.
    fn precondition(&mut self, node: &Node<'d>) {
        self.keys(node, "a precondition", &["StringEquals"]);
        let Some(pair) = self.required(node, "the precondition", "StringEquals") else { return };
        let elements = self.list(&pair).unwrap_or_default();
        if pair.value.is_array() && elements.len() != 2 {
            self.error(
                codes::INVALID_VALUE,
                pair.focus(),
                "`StringEquals` compares exactly two values",
            );
        }
        for element in elements {
            self.text(&element);
        }
    }

    /// Reports references to parameters that do not exist, and text that becomes script unchecked.
    fn command_references(&mut self, node: &Node<'d>, script: &str) {
        match node.value {
            Value::String(text) => {
                for name in references(text) {
                    self.command_reference(node, name, script);
                }
            }
            Value::Array(_) => {
                node.elements().iter().for_each(|child| self.command_references(child, script));
            }
            Value::Object(_) => {
                node.entries().iter().for_each(|(_, child)| self.command_references(child, script));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn command_reference(&mut self, node: &Node<'d>, name: &str, script: &str) {
        let Some(parameter) = self.parameters.get(name) else {
            let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
            let message = format!("there is no parameter `{name}`");
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_PARAMETER,
                node.locate(name),
                message,
            )
            .suggest(name, known, Some("declare it under `parameters`".to_owned()));
            self.report(diagnostic);
            return;
        };
        let bounded = parameter.allowed_pattern.is_some() || !parameter.allowed_values.is_empty();
        let text = parameter.value_type == ValueType::String;
        let path = format!("/parameters/{name}/interpolationType");
        let environment = self.root.descend(&path).text() == Some("ENV_VAR");
        if node.path.starts_with(script) && text && !bounded && !environment {
            let message = format!(
                "the parameter `{name}` becomes a part of a shell script, whatever it holds"
            );
            let diagnostic = Diagnostic::warning(codes::SHELL_INTERPOLATION, node.locate(name), message)
                .help(format!(
                    "give it `interpolationType: ENV_VAR` and read it as \"$SSM_{name}\", or an `allowedPattern`"
                ));
            self.report(diagnostic);
        }
    }
}

/// The parameters that a text refers to; other braces are the script's own, as the agent reads it.
fn references(text: &str) -> Vec<&str> {
    let parts = text.split("{{").skip(1);
    let names = parts.filter_map(|part| part.split_once("}}").map(|(name, _)| name.trim()));
    let plain =
        |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    names.filter(plain).collect()
}
