//! Properties of steps: order, conditions, repetition.

use crate::action::FlowAction;
use crate::check::Checker;
use crate::check::component::Resolved;
use crate::check::outline::Container;
use crate::codes;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::node::Node;
use crate::plan::{Amount, ForEach, OnUnknown, Runs, Schema, StepId};
use crate::template::{Expression, Template};

/// Items of one `forEach` that run at once, when nothing is said.
const CONCURRENCY_DEFAULT: u32 = 10;

impl<'d> Checker<'d> {
    /// Reads `nextStep` and `isEnd`; gives whether the step ends the run, and what follows it.
    pub(crate) fn next_of(&mut self, step: &Node<'d>, id: StepId) -> (bool, Option<StepId>) {
        let in_graph = self.outline.in_graph(id, self.flow);
        let following = self.outline.get(id).following.filter(|_| !in_graph);
        let end = step.get("isEnd");
        let is_end = end.as_ref().and_then(|node| self.boolean(node)).unwrap_or(false);
        if let Some(end) = end.as_ref().filter(|_| is_end) {
            let instead =
                "what depends on nothing that fails simply ends; use `when` to leave steps out";
            self.jump_allowed(end, id, instead);
        }
        let next = step.get("nextStep").and_then(|node| {
            let name = self.text(&node)?;
            if is_end {
                let message = "a step that ends the run leads nowhere: state `isEnd` or `nextStep`";
                let diagnostic = Diagnostic::error(codes::KEY_CONFLICT, node.key_span(), message);
                let severity = match self.schema {
                    Schema::V0_3 => Severity::Warning,
                    Schema::V0_4 => Severity::Error,
                };
                self.report(
                    Diagnostic { severity, ..diagnostic }
                        .help("`isEnd` counts, `nextStep` does not"),
                );
                return None;
            }
            let instead =
                format!("write `dependsOn: [{}]` in the step `{name}`", self.outline.get(id).name);
            if !self.jump_allowed(&node, id, &instead) {
                return None;
            }
            self.target(&node, name, id)
        });
        (is_end, if is_end { None } else { next.or(following) })
    }

    pub(crate) fn for_each(&mut self, step: &Node<'d>) -> Option<ForEach> {
        let Some(node) = step.get("forEach") else {
            for key in ["as", "maxConcurrency", "maxErrors"] {
                if let Some(node) = step.get(key).filter(|_| self.schema == Schema::V0_4) {
                    let message = format!("`{key}` goes with `forEach` only");
                    self.error(codes::KEY_CONFLICT, node.key_span(), message);
                }
            }
            return None;
        };
        self.item_known = false;
        let list = self.template(&node);
        let open = matches!(list, Template::Reference(_) | Template::Expression(_));
        if !open && !node.value.is_array() {
            self.wrong_type(&node, "a list or a reference to one");
        }
        let as_name = step.get("as").and_then(|node| {
            let name = self.text(&node)?;
            self.name("an item", name, node.span());
            if matches!(name, "value" | "index") {
                let message = format!("`item.{name}` has a meaning already");
                self.error(codes::INVALID_NAME, node.span(), message);
            }
            Some(name.to_owned())
        });
        let max_concurrency = step.get("maxConcurrency").and_then(|node| self.amount(&node, 1));
        let max_errors = step.get("maxErrors").and_then(|node| self.amount(&node, 0));
        Some(ForEach {
            list,
            as_name,
            max_concurrency: max_concurrency.unwrap_or(Amount::Count(CONCURRENCY_DEFAULT)),
            max_errors: max_errors.unwrap_or(Amount::Count(0)),
        })
    }

    /// Reads `when`. It is looked at once, before there are items.
    pub(crate) fn when(&mut self, step: &Node<'d>) -> Option<Expression> {
        let node = step.get("when")?;
        let item_known = std::mem::replace(&mut self.item_known, false);
        let when = self.expression(&node);
        self.item_known = item_known;
        when
    }

    /// Whether a loop around the step repeats for items.
    pub(crate) fn inside_for_each(&self, id: StepId) -> bool {
        let chain = self.outline.chain(id);
        chain.iter().any(|step| self.outline.get(*step).node.get("forEach").is_some())
    }

    pub(crate) fn runs(&mut self, step: &Node<'d>, id: StepId) -> Runs {
        let Some(node) = step.get("runs") else { return Runs::OnSuccess };
        if self.schema == Schema::V0_4 && !self.outline.in_graph(id, self.flow) {
            let message = "`runs` says when a step of a graph starts; here steps follow each other";
            let diagnostic = Diagnostic::error(codes::WRONG_FLOW, node.key_span(), message)
                .help("use `onFailure: step:NAME`, or `finally` for what must always run");
            self.report(diagnostic);
        }
        match self.word(&node, &["onSuccess", "onFailure", "always"]) {
            Some(1) => Runs::OnFailure,
            Some(2) => Runs::Always,
            _ => Runs::OnSuccess,
        }
    }

    pub(crate) fn on_unknown(&mut self, step: &Node<'d>) -> OnUnknown {
        let Some(node) = step.get("onUnknown") else { return OnUnknown::Fail };
        match self.word(&node, &["fail", "retry", "ask"]) {
            Some(1) => OnUnknown::Retry,
            Some(2) => OnUnknown::Ask,
            _ => OnUnknown::Fail,
        }
    }

    /// Reports what means nothing on an action that the engine carries out itself.
    pub(crate) fn not_on_flow_actions(&mut self, step: &Node<'d>, resolved: Resolved<'d>) {
        let Resolved::Flow(flow) = resolved else { return };
        let id = self.current;
        let named = step.get("action").and_then(|node| node.text()).unwrap_or_default();
        for key in ["retry", "onUnknown", "capabilities", "forEach"] {
            if let Some(node) = step.get(key).filter(|_| self.schema == Schema::V0_4) {
                let message =
                    format!("`{key}` means nothing on {named}: the engine itself carries it out");
                self.error(codes::NOT_ON_THIS_ACTION, node.key_span(), message);
            }
        }
        let Some(id) = id else { return };
        if flow == FlowAction::Branch
            && let Some(node) = step.get("action")
        {
            let instead = "give the steps that depend on the choice a `when`";
            self.jump_allowed(&node, id, instead);
        }
        let waits = matches!(flow, FlowAction::Approve | FlowAction::Pause);
        if waits
            && self.outline.in_finally(id)
            && let Some(node) = step.get("action")
        {
            let message = "steps of `finally` have two minutes: none may wait for a person";
            self.error(codes::NOT_ON_THIS_ACTION, node.span(), message);
        }
    }

    /// Reads `dependsOn`; `None` when the step has none.
    pub(crate) fn depends_on(&mut self, id: StepId) -> Option<Vec<StepId>> {
        let node = self.outline.get(id).node.get("dependsOn")?;
        if self.schema == Schema::V0_4 && !self.outline.in_graph(id, self.flow) {
            let message = "`dependsOn` orders a graph; here steps follow each other";
            let diagnostic = Diagnostic::error(codes::WRONG_FLOW, node.key_span(), message)
                .help("write `flow: graph` in the document to use dependencies");
            self.report(diagnostic);
            return Some(Vec::new());
        }
        let mut found = Vec::new();
        for element in self.list(&node).unwrap_or_default() {
            let Some(name) = self.text(&element) else { continue };
            if let Some(target) = self.dependency(&element, name, id) {
                found.push(target);
            }
        }
        Some(found)
    }

    fn dependency(&mut self, node: &Node<'d>, name: &str, id: StepId) -> Option<StepId> {
        let Some(target) = self.outline.names.get(name).copied() else {
            let known: Vec<&str> = self.outline.names.keys().map(String::as_str).collect();
            let diagnostic =
                Diagnostic::error(codes::TARGET, node.span(), format!("there is no step `{name}`"))
                    .suggest(name, known, None);
            self.report(diagnostic);
            return None;
        };
        if target == id {
            self.error(codes::CYCLE, node.span(), "a step cannot depend on itself");
            return None;
        }
        if self.outline.get(target).container != Container::Main {
            let message =
                format!("`{name}` is not at the top of the graph: nothing can depend on it");
            self.error(codes::TARGET_NOT_ALLOWED, node.span(), message);
            return None;
        }
        Some(target)
    }
}
