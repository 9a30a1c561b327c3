//! The steps of a document, numbered in document order, before any of them is read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::{Checker, STEPS_MAX};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{Flow, StepId};
use crate::source::Span;

/// Where a step stands: steps of one container follow each other and may lead to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Container {
    Main,
    Body(StepId),
    Finally,
}

#[derive(Debug, Clone)]
pub(crate) struct Listed<'d> {
    pub(crate) name: String,
    pub(crate) node: Node<'d>,
    pub(crate) container: Container,
    /// The next step of the same container in document order.
    pub(crate) following: Option<StepId>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Outline<'d> {
    pub(crate) steps: Vec<Listed<'d>>,
    pub(crate) names: BTreeMap<String, StepId>,
}

/// Returns the step of a position; there are never more than [`STEPS_MAX`].
pub(crate) fn id(number: usize) -> StepId {
    StepId(u32::try_from(number).unwrap_or(u32::MAX))
}

impl<'d> Outline<'d> {
    pub(crate) fn get(&self, id: StepId) -> &Listed<'d> {
        &self.steps[id.0 as usize]
    }

    /// Where a step's name stands, else its first character.
    pub(crate) fn span(&self, id: StepId) -> Span {
        let node = &self.get(id).node;
        node.get("name").map_or_else(|| node.focus_start(), |name| name.span())
    }

    pub(crate) fn container(&self, container: Container) -> Vec<StepId> {
        let ids = (0..self.steps.len()).map(id);
        ids.filter(|id| self.get(*id).container == container).collect()
    }

    /// Returns the step and the loops around it, from the inside out.
    pub(crate) fn chain(&self, step: StepId) -> Vec<StepId> {
        let mut chain = vec![step];
        let mut container = self.get(step).container;
        while let Container::Body(parent) = container {
            chain.push(parent);
            container = self.get(parent).container;
        }
        chain
    }

    /// Returns the step itself, or the outermost loop that holds it.
    pub(crate) fn top(&self, step: StepId) -> StepId {
        self.chain(step).last().copied().unwrap_or(step)
    }

    pub(crate) fn in_finally(&self, step: StepId) -> bool {
        self.get(self.top(step)).container == Container::Finally
    }

    /// Whether the step's order comes from dependencies.
    pub(crate) fn in_graph(&self, step: StepId, flow: Flow) -> bool {
        flow == Flow::Graph && self.get(step).container == Container::Main
    }
}

impl<'d> Checker<'d> {
    pub(crate) fn outline(&mut self, root: &Node<'d>) {
        match self.required(root, "the runbook", "mainSteps") {
            Some(node) => self.outline_list(&node, Container::Main),
            None => return,
        }
        if let Some(node) = root.get("finally") {
            self.outline_list(&node, Container::Finally);
        }
        self.number_names();
    }

    pub(crate) fn outline_list(&mut self, list: &Node<'d>, container: Container) {
        let Some(nodes) = self.list(list) else { return };
        if nodes.is_empty() {
            let message = "at least one step is wanted here";
            self.error(codes::INVALID_VALUE, list.focus(), message);
        }
        let mut previous: Option<StepId> = None;
        for node in nodes {
            if !node.value.is_object() {
                self.wrong_type(&node, "a step, which is a map,");
                continue;
            }
            if self.outline.steps.len() == STEPS_MAX {
                let message = format!("a runbook has at most {STEPS_MAX} steps");
                self.error(codes::TOO_LARGE, node.span(), message);
                return;
            }
            let own = id(self.outline.steps.len());
            let name = node.get("name").and_then(|name| name.text().map(str::to_owned));
            self.outline.steps.push(Listed {
                name: name.unwrap_or_default(),
                node: node.clone(),
                container,
                following: None,
            });
            if let Some(previous) = previous {
                self.outline.steps[previous.0 as usize].following = Some(own);
            }
            previous = Some(own);
            if is_loop(&node)
                && let Some(body) = node.get("inputs").and_then(|inputs| inputs.get("Steps"))
            {
                self.outline_list(&body, Container::Body(own));
            }
        }
    }

    fn number_names(&mut self) {
        for number in 0..self.outline.steps.len() {
            let step = id(number);
            let name = self.outline.get(step).name.clone();
            if name.is_empty() {
                continue;
            }
            if let Some(first) = self.outline.names.get(&name) {
                let message = format!("two steps are named `{name}`");
                let diagnostic =
                    Diagnostic::error(codes::DUPLICATE_NAME, self.outline.span(step), message)
                        .label(self.outline.span(*first), "the first is here");
                self.report(diagnostic);
            } else {
                self.outline.names.insert(name, step);
            }
        }
    }
}

fn is_loop(node: &Node<'_>) -> bool {
    let action = node.get("action").map(|action| action.value);
    action.and_then(Value::as_str).is_some_and(|action| matches!(action, "aws:loop" | "loop"))
}
