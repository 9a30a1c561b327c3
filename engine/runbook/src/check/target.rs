//! Where a step leads: `nextStep`, `onFailure`, `onCancel`, choices.

use crate::action;
use crate::check::Checker;
use crate::check::outline::Container;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{OnCancel, OnFailure, StepId};

impl<'d> Checker<'d> {
    /// Returns the step of a name that `from` may lead to: one of the same container.
    pub(crate) fn target(&mut self, node: &Node<'d>, name: &str, from: StepId) -> Option<StepId> {
        let Some(found) = self.outline.names.get(name).copied() else {
            let known: Vec<&str> = self.outline.names.keys().map(String::as_str).collect();
            let message = format!("there is no step `{name}`");
            let diagnostic = Diagnostic::error(codes::TARGET, node.locate(name), message)
                .suggest(name, known, None);
            self.report(diagnostic);
            return None;
        };
        let (here, there) = (self.outline.get(from).container, self.outline.get(found).container);
        if here != there {
            let place = match there {
                Container::Main => "outside this step's list of steps".to_owned(),
                Container::Finally => "in `finally`".to_owned(),
                Container::Body(parent) => {
                    format!("inside the loop `{}`", self.outline.get(parent).name)
                }
            };
            let message = format!("a step cannot lead to `{name}`, which is {place}");
            let diagnostic =
                Diagnostic::error(codes::TARGET_NOT_ALLOWED, node.locate(name), message)
                    .label(self.outline.span(found), "that step is here");
            self.report(diagnostic);
            return None;
        }
        Some(found)
    }

    /// Reports a jump where order does not come from jumps; returns whether a jump is allowed.
    pub(crate) fn jump_allowed(&mut self, node: &Node<'d>, from: StepId, instead: &str) -> bool {
        if self.outline.in_graph(from, self.flow) {
            let message = "a graph has no jumps: its order comes from dependencies";
            let diagnostic =
                Diagnostic::error(codes::JUMP, node.key_span(), message).help(instead.to_owned());
            self.report(diagnostic);
            return false;
        }
        if self.outline.get(from).container == Container::Finally {
            let message = "steps of `finally` run one after the other, all of them";
            let diagnostic = Diagnostic::error(codes::JUMP, node.key_span(), message)
                .help("use `when` to leave one out");
            self.report(diagnostic);
            return false;
        }
        true
    }

    pub(crate) fn on_failure(&mut self, step: &Node<'d>, id: StepId) -> OnFailure {
        let Some(node) = step.get("onFailure") else { return OnFailure::Abort };
        let Some(text) = self.text(&node) else { return OnFailure::Abort };
        if let Some(name) = text.strip_prefix("step:") {
            let instead = "let the other step depend on this one and give it `runs: onFailure`";
            if self.jump_allowed(&node, id, instead)
                && let Some(target) = self.target(&node, name.trim(), id)
            {
                return OnFailure::Step(target);
            }
            return OnFailure::Abort;
        }
        match self.word(&node, &["Abort", "Continue", "step:NAME"]) {
            Some(1) => OnFailure::Continue,
            _ => OnFailure::Abort,
        }
    }

    pub(crate) fn on_cancel(&mut self, step: &Node<'d>, id: StepId, action: &str) -> OnCancel {
        let Some(node) = step.get("onCancel") else { return OnCancel::Abort };
        let Some(text) = self.text(&node) else { return OnCancel::Abort };
        if matches!(action, "loop" | "updateVariable") {
            let message = format!("aws:{action} has no `onCancel`");
            self.error(codes::NOT_ON_THIS_ACTION, node.key_span(), message);
            return OnCancel::Abort;
        }
        let Some(name) = text.strip_prefix("step:") else {
            self.word(&node, &["Abort", "step:NAME"]);
            return OnCancel::Abort;
        };
        if !self.jump_allowed(&node, id, "put what must run on cancel under `finally`") {
            return OnCancel::Abort;
        }
        let Some(target) = self.target(&node, name.trim(), id) else { return OnCancel::Abort };
        let target_action = self.outline.get(target).node.get("action").and_then(|a| a.text());
        let target_action = target_action.unwrap_or_default();
        let known = action::known(target_action.strip_prefix("aws:").unwrap_or(target_action));
        if known.is_some_and(|known| !known.cancel_target) {
            let message = format!("`onCancel` cannot lead to a step of {target_action}");
            let diagnostic = Diagnostic::error(codes::TARGET_NOT_ALLOWED, node.span(), message)
                .label(self.outline.span(target), "this step")
                .help("a cancelled run has two minutes; SSM refuses approve, copyImage, createImage, createStack, createTags, pause, runInstances and sleep here");
            self.report(diagnostic);
            return OnCancel::Abort;
        }
        OnCancel::Step(target)
    }
}
