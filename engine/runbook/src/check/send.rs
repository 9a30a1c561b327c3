//! The rules of runCommand that a schema cannot say, as far as its values are literal (SSM's `SendCommand`).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;

const COMMENT_CHARACTERS_MAX: usize = 100;

impl<'d> Checker<'d> {
    pub(crate) fn run_command(&mut self, inputs: &Node<'d>) {
        let ids = inputs.get("InstanceIds");
        let targets = inputs.get("Targets");
        match (&ids, &targets) {
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
            (Some(one), None) | (None, Some(one)) => self.somebody(one),
        }
        for (key, most) in [("InstanceIds", 50), ("Targets", 5)] {
            let node = inputs.get(key);
            if let Some(node) = node.filter(|node| node.elements().len() > most) {
                let message = format!("`{key}` has at most {most} entries");
                self.error(codes::INVALID_INPUT, node.key_span(), message);
            }
        }
        self.seconds(inputs, "TimeoutSeconds", 30..=2_592_000, "the time to deliver a command");
        self.rate(inputs, "MaxConcurrency", 1);
        self.rate(inputs, "MaxErrors", 0);
        self.comment(inputs);
        self.command_script(inputs);
    }

    fn somebody(&mut self, nodes: &Node<'d>) {
        if nodes.value.as_array().is_some_and(Vec::is_empty) {
            let message = "a command needs at least one node, here is none";
            self.error(codes::INVALID_INPUT, nodes.key_span(), message);
        }
        let mut seen = BTreeSet::new();
        for element in nodes.elements() {
            if let Some(name) = element.text().filter(|name| !name.contains("{{"))
                && !seen.insert(name)
            {
                let message = format!("the node `{name}` stands here twice");
                self.error(codes::INVALID_INPUT, element.span(), message);
            }
        }
    }

    fn comment(&mut self, inputs: &Node<'d>) {
        let Some(node) = inputs.get("Comment") else { return };
        let literal = node.text().filter(|text| !text.contains("{{"));
        if literal.is_some_and(|text| text.chars().count() > COMMENT_CHARACTERS_MAX) {
            let message = format!("a comment has at most {COMMENT_CHARACTERS_MAX} characters");
            self.error(codes::INVALID_INPUT, node.focus(), message);
        }
    }

    /// A count, or a percentage to 100% (ssm.md 16); what is neither does not fit the schema.
    fn rate(&mut self, inputs: &Node<'d>, key: &str, least: u64) {
        let Some(node) = inputs.get(key) else { return };
        let text = match node.value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return,
        };
        let (digits, most) = match text.strip_suffix('%') {
            Some(digits) => (digits, 100),
            None => (text.as_str(), u64::MAX),
        };
        let Ok(number) = digits.parse::<u64>() else { return };
        let is_padded = digits.len() > 1 && digits.starts_with('0');
        if !(least..=most).contains(&number) || is_padded || text.len() > 7 {
            let message = format!(
                "`{key}` is a count of at least {least} or a percentage from {least}% to 100%, not {text}"
            );
            self.error(codes::INVALID_INPUT, node.focus(), message);
        }
    }

    /// Reports a literal number of seconds that is out of bounds.
    pub(crate) fn seconds(
        &mut self,
        inputs: &Node<'d>,
        key: &str,
        bounds: std::ops::RangeInclusive<u64>,
        what: &str,
    ) {
        let Some(node) = inputs.get(key) else { return };
        let text = node.text().map_or_else(|| node.value.to_string(), str::to_owned);
        if text.parse::<u64>().is_ok_and(|seconds| !bounds.contains(&seconds)) {
            let message = if *bounds.end() == u64::MAX {
                format!("{what} is at least {} seconds", bounds.start())
            } else {
                format!("{what} is {} to {} seconds", bounds.start(), bounds.end())
            };
            self.error(codes::INVALID_INPUT, node.span(), message);
        }
    }
}
