//! Inputs of SSM's actions that have no counterpart here. Those whose absence changes nothing in a run's outcome are left out of the
//! plan of a 0.3 document, so that it runs as it is; the others are refused with the reason.

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::Schema;

/// An input without a counterpart.
struct Without {
    name: &'static str,
    /// What is missing.
    reason: &'static str,
    /// Whether a run comes out the same without it.
    is_harmless: bool,
    instead: &'static str,
}

const OUTPUT: &str = "the output stays in the run's own record";
const NOTICE: &str = "nothing is sent when the command ends";

const fn harmless(name: &'static str, reason: &'static str) -> Without {
    Without { name, reason, is_harmless: true, instead: "remove the input" }
}

const fn refused(name: &'static str, reason: &'static str, instead: &'static str) -> Without {
    Without { name, reason, is_harmless: false, instead }
}

const RUN_COMMAND: &[Without] = &[
    harmless("OutputS3BucketName", OUTPUT),
    harmless("OutputS3KeyPrefix", OUTPUT),
    harmless("OutputS3Region", OUTPUT),
    harmless("CloudWatchOutputConfig", OUTPUT),
    harmless("ServiceRoleArn", NOTICE),
    harmless("NotificationConfig", NOTICE),
];

const ONE_RUN: &str = "one child run is started, on no targets of its own";
const REPEAT: &str = "repeat the step with `forEach` (schema 0.4), which has `maxConcurrency` and `maxErrors`, or with aws:loop";

const EXECUTE_AUTOMATION: &[Without] = &[
    refused("Targets", ONE_RUN, REPEAT),
    refused("TargetParameterName", ONE_RUN, REPEAT),
    refused("TargetMaps", ONE_RUN, REPEAT),
    refused("TargetLocations", "there is one account and one region", "remove the input"),
    refused("MaxConcurrency", ONE_RUN, REPEAT),
    refused("MaxErrors", ONE_RUN, REPEAT),
    refused("Tags", "runs have no tags yet", "remove the input"),
];

impl<'d> Checker<'d> {
    /// Reports inputs without a counterpart; returns the names of those that the plan leaves out.
    pub(crate) fn without_counterpart(
        &mut self,
        action: &str,
        inputs: &Node<'d>,
    ) -> Vec<&'static str> {
        let list = match action {
            "runCommand" => RUN_COMMAND,
            "executeAutomation" => EXECUTE_AUTOMATION,
            _ => return Vec::new(),
        };
        let mut left_out = Vec::new();
        for without in list {
            let Some(node) = inputs.get(without.name) else { continue };
            self.passed_over.push(node.path.clone());
            let accepted = self.schema == Schema::V0_3 && without.is_harmless;
            if accepted || says_nothing(without.name, node.value) {
                left_out.push(without.name);
            }
            if !says_nothing(without.name, node.value) {
                self.report(without.diagnostic(&node, accepted));
            }
        }
        left_out
    }
}

impl Without {
    fn diagnostic(&self, node: &Node<'_>, accepted: bool) -> Diagnostic {
        let Self { name, reason, instead, .. } = self;
        let span = node.key_span();
        if accepted {
            let message = format!("`{name}` is accepted and has no effect here: {reason}");
            return Diagnostic::warning(codes::INPUT_WITHOUT_COUNTERPART, span, message);
        }
        let message = format!("`{name}` has no counterpart here: {reason}");
        Diagnostic::error(codes::INPUT_WITHOUT_COUNTERPART, span, message).help(*instead)
    }
}

/// Whether an input is written and asks for nothing: empty, or output to `CloudWatch` that is not enabled.
fn says_nothing(name: &str, value: &Value) -> bool {
    let is_enabled = value.get("CloudWatchOutputEnabled");
    let is_off = |value: &Value| {
        matches!(value, Value::Bool(false))
            || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("false"))
    };
    (name == "CloudWatchOutputConfig" && value.is_object() && is_enabled.is_none_or(is_off))
        || is_empty(value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
    }
}
