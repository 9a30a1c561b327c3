//! What must not reach a shell.

use std::collections::BTreeSet;

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{Schema, ValueType};
use crate::template::script::looks_like_reference;
use crate::template::{References, Template};

/// The documents whose parameter `commands` is a script.
const SHELL_DOCUMENTS: &[&str] =
    &["AWS-RunShellScript", "AWS-RunPowerShellScript", "Runwright-Shell"];

/// Where the text of a script stands among an action's inputs.
pub(crate) fn script_input(action: &str) -> Option<&'static str> {
    match action {
        "runCommand" => Some("/Parameters/commands"),
        "shell" => Some("/run"),
        _ => None,
    }
}

impl<'d> Checker<'d> {
    /// `shell`: values reach the script by `env`, never as text.
    pub(crate) fn shell_run(&mut self, inputs: &Node<'d>) {
        let Some(node) = inputs.get("run") else { return };
        let Some(text) = node.text() else { return };
        let (template, errors) = Template::parse_all(text, self.schema, true);
        if template.as_literal().is_some() && errors.is_empty() {
            return;
        }
        let Some(start) = first_reference(text) else { return };
        let rest = &text[start..];
        let end = rest.find("}}").map_or(rest.len(), |end| end + 2);
        let needle = rest[..end].lines().next().unwrap_or_default();
        let diagnostic = Diagnostic::error(
            codes::SHELL_TEXT,
            node.locate(needle),
            "the text of a shell step cannot hold references",
        )
        .help("give the value a name under `env` and read it as \"$NAME\"");
        self.report(diagnostic);
    }

    /// Warns of values pasted into the script of a command without any bound on what they hold.
    pub(crate) fn command_script(&mut self, inputs: &Node<'d>) {
        let document = inputs.get("DocumentName").and_then(|node| node.text());
        let is_shell = document.is_some_and(|name| SHELL_DOCUMENTS.contains(&name));
        let commands = inputs.get("Parameters").and_then(|node| node.get("commands"));
        if let Some(commands) = commands.filter(|_| is_shell) {
            self.shell_text(&commands);
        }
    }

    fn shell_text(&mut self, node: &Node<'d>) {
        if let Some(text) = node.text() {
            let (template, _) = Template::parse_all(text, self.schema, true);
            self.shell_references(node, &template.references());
        }
        node.elements().iter().for_each(|child| self.shell_text(child));
    }

    fn shell_references(&mut self, node: &Node<'d>, references: &References) {
        for name in &references.parameters {
            if !self.is_harmless(name) {
                self.pasted(node, name, &format!("the parameter `{name}`"));
            }
        }
        for name in &references.variables {
            let declared = self.variables.get(name);
            let is_plain = |value_type: &ValueType| {
                matches!(value_type, ValueType::Integer | ValueType::Boolean)
            };
            if declared.is_none_or(|variable| is_plain(&variable.value_type)) {
                continue;
            }
            self.pasted(node, name, &format!("the variable `{name}`"));
        }
        let named: BTreeSet<&String> = references.outputs.iter().map(|(step, _)| step).collect();
        for (step, output) in &references.outputs {
            if self.is_harmless_output(step, output) {
                continue;
            }
            self.pasted(node, step, &format!("the output `{output}` of the step `{step}`"));
        }
        for step in references.steps.iter().filter(|step| !named.contains(step)) {
            self.pasted(node, step, &format!("what the step `{step}` gave"));
        }
    }

    /// Whether a parameter is bound to what its declaration allows, or cannot hold a command. One that does not exist is reported elsewhere.
    fn is_harmless(&self, name: &str) -> bool {
        self.parameters.get(name).is_none_or(|parameter| {
            parameter.allowed_pattern.is_some()
                || !parameter.allowed_values.is_empty()
                || matches!(parameter.value_type, ValueType::Integer | ValueType::Boolean)
        })
    }

    /// Whether an output is a number or a truth value, or goes through values that are harmless.
    fn is_harmless_output(&self, step: &str, output: &str) -> bool {
        let Some(id) = self.outline.names.get(step) else { return true };
        let node = &self.outline.get(*id).node;
        let declared = node.get("outputs").map(|outputs| outputs.elements()).unwrap_or_default();
        let declared = declared
            .iter()
            .find(|declared| declared.get("Name").is_some_and(|name| name.text() == Some(output)));
        if let Some(declared) = declared {
            let stated = declared.get("Type");
            return stated
                .is_some_and(|stated| matches!(stated.text(), Some("Integer" | "Boolean")));
        }
        let action = node.get("action").and_then(|action| action.text()).unwrap_or_default();
        let action = action.strip_prefix("aws:").unwrap_or(action);
        match (action, output) {
            ("loop", "CurrentIteration") => true,
            ("loop", _) => {
                node.get("inputs").is_some_and(|inputs| self.iterates_harmlessly(&inputs))
            }
            _ => self.manifest(&format!("aws:{action}")).is_some_and(|manifest| {
                let stated = manifest.outputs.pointer(&format!("/properties/{output}/type"));
                stated.is_some_and(|stated| matches!(stated.as_str(), Some("integer" | "boolean")))
            }),
        }
    }

    fn iterates_harmlessly(&self, inputs: &Node<'d>) -> bool {
        let stated = inputs.get("IteratorDataType");
        if stated.is_some_and(|stated| matches!(stated.text(), Some("Integer" | "Boolean"))) {
            return true;
        }
        let Some(iterators) = inputs.get("Iterators") else { return false };
        iterators.elements_or_self().iter().all(|iterator| {
            let Some(text) = iterator.text() else { return true };
            let (template, _) = Template::parse_all(text, self.schema, false);
            let references = template.references();
            references.steps.is_empty()
                && references.variables.is_empty()
                && references.parameters.iter().all(|name| self.is_harmless(name))
        })
    }

    fn pasted(&mut self, node: &Node<'d>, name: &str, what: &str) {
        let message = format!("{what} becomes a part of a shell script, whatever it holds");
        let is_parameter = self.parameters.contains_key(name);
        let instead = match (self.schema, is_parameter) {
            (Schema::V0_3, true) => "give the parameter an `allowedPattern` or `allowedValues`",
            (Schema::V0_3, false) => {
                "let a command document take it as a parameter with `interpolationType: ENV_VAR`"
            }
            (Schema::V0_4, true) => {
                "give the parameter an `allowedPattern` or `allowedValues`, or use the action shell with `env`"
            }
            (Schema::V0_4, false) => "use the action shell with `env`",
        };
        let diagnostic =
            Diagnostic::warning(codes::SHELL_INTERPOLATION, node.locate(name), message)
                .help(instead);
        self.report(diagnostic);
    }
}

/// Where the first thing stands that is meant to refer to something.
fn first_reference(text: &str) -> Option<usize> {
    text.match_indices("{{").find_map(|(open, _)| {
        if text[..open].ends_with('$') {
            return Some(open - 1);
        }
        let inner = text[open + 2..].split("}}").next().unwrap_or_default();
        looks_like_reference(inner).then_some(open)
    })
}
