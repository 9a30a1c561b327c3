//! What must not reach a shell, and the rules of runCommand that a schema cannot say.

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{Schema, ValueType};
use crate::template::Template;

impl<'d> Checker<'d> {
    /// `shell`: values reach the script by `env`, never as text.
    pub(crate) fn shell_run(&mut self, inputs: &Node<'d>) {
        let Some(node) = inputs.get("run") else { return };
        let Some(text) = node.text() else { return };
        let Some(open) = text.find("{{") else { return };
        let start = if text[..open].ends_with('$') { open - 1 } else { open };
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

    pub(crate) fn run_command(&mut self, inputs: &Node<'d>) {
        let ids = inputs.get("InstanceIds");
        match (&ids, inputs.get("Targets")) {
            (None, None) => {
                let diagnostic = Diagnostic::error(
                    codes::MISSING_INPUT,
                    inputs.focus_start(),
                    "a command needs `InstanceIds` or `Targets`",
                )
                .help("`InstanceIds: [local]` is this machine");
                self.report(diagnostic);
            }
            (Some(ids), Some(targets)) => {
                let diagnostic = Diagnostic::error(
                    codes::KEY_CONFLICT,
                    targets.key_span(),
                    "a command has `InstanceIds` or `Targets`, not both",
                )
                .label(ids.key_span(), "`InstanceIds` is here");
                self.report(diagnostic);
            }
            _ => {}
        }
        self.command_limits(inputs);
        let document = inputs.get("DocumentName").and_then(|node| node.text());
        let shell = matches!(document, Some("AWS-RunShellScript" | "AWS-RunPowerShellScript"));
        let commands = inputs.get("Parameters").and_then(|node| node.get("commands"));
        if let Some(commands) = commands.filter(|_| shell) {
            self.shell_text(&commands);
        }
    }

    /// The limits of SSM's `SendCommand`, as far as the values are literal.
    fn command_limits(&mut self, inputs: &Node<'d>) {
        for (key, most) in [("InstanceIds", 50), ("Targets", 5)] {
            let node = inputs.get(key);
            if let Some(node) = node.filter(|node| node.elements().len() > most) {
                let message = format!("`{key}` has at most {most} entries");
                self.error(codes::INVALID_INPUT, node.key_span(), message);
            }
        }
        let timeout = inputs.get("TimeoutSeconds");
        let literal = timeout.filter(|node| node.text().is_none_or(|text| !text.contains("{{")));
        if let Some(node) = literal {
            let text = node.text().map_or_else(|| node.value.to_string(), str::to_owned);
            if text.parse::<u64>().is_ok_and(|seconds| !(30..=2_592_000).contains(&seconds)) {
                let message = "the time to deliver a command is 30 to 2592000 seconds";
                self.error(codes::INVALID_INPUT, node.span(), message);
            }
        }
    }

    /// Warns of parameters pasted into shell text without any bound on what they hold.
    fn shell_text(&mut self, node: &Node<'d>) {
        match node.value {
            Value::String(text) => {
                let Ok(template) = Template::parse_text(text, self.schema) else { return };
                for name in template.references().parameters {
                    self.shell_parameter(node, &name);
                }
            }
            Value::Array(_) => node.elements().iter().for_each(|child| self.shell_text(child)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
    }

    fn shell_parameter(&mut self, node: &Node<'d>, name: &str) {
        let Some(parameter) = self.parameters.get(name) else { return };
        let bounded = parameter.allowed_pattern.is_some() || !parameter.allowed_values.is_empty();
        let harmless = matches!(parameter.value_type, ValueType::Integer | ValueType::Boolean);
        // A whole list of commands handed on is the author's purpose, not a slip.
        let handed_on = parameter.value_type == ValueType::StringList
            && node
                .text()
                .is_some_and(|text| text.trim().starts_with("{{") && text.trim().ends_with("}}"));
        if bounded || harmless || handed_on {
            return;
        }
        let message =
            format!("the parameter `{name}` becomes a part of a shell script, whatever it holds");
        let instead = match self.schema {
            Schema::V0_3 => "give the parameter an `allowedPattern` or `allowedValues`",
            Schema::V0_4 => {
                "give the parameter an `allowedPattern` or `allowedValues`, or use the action shell with `env`"
            }
        };
        let diagnostic =
            Diagnostic::warning(codes::SHELL_INTERPOLATION, node.locate(name), message)
                .help(instead);
        self.report(diagnostic);
    }
}
