//! What values refer to: whether it exists. Whether it is there in time is the matter of `order`.

use crate::action::declared_outputs;
use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{Action, Step, StepId};
use crate::template::References;

/// One text and what it refers to.
#[derive(Debug, Clone)]
pub(crate) struct Use<'d> {
    /// The step whose value it is; `None` for the document's own.
    pub(crate) step: Option<StepId>,
    pub(crate) item_known: bool,
    pub(crate) references: References,
    pub(crate) node: Node<'d>,
}

impl Checker<'_> {
    pub(crate) fn check_reads(&mut self, steps: &[Step]) {
        for used in std::mem::take(&mut self.uses) {
            let before = self.diagnostics.len();
            self.check_use(&used, steps);
            if self.diagnostics.len() > before {
                self.faulty.extend(used.step);
            }
            self.uses.push(used);
        }
    }

    fn check_use(&mut self, used: &Use<'_>, steps: &[Step]) {
        for name in &used.references.parameters {
            if !self.parameters.contains_key(name) {
                self.unknown_parameter(&used.node, name);
            }
        }
        for name in &used.references.variables {
            if !self.variables.contains_key(name) {
                let message = format!("there is no variable `{name}`");
                let known: Vec<&str> = self.variables.keys().map(String::as_str).collect();
                let diagnostic =
                    Diagnostic::error(codes::UNKNOWN_VARIABLE, used.node.locate(name), message)
                        .suggest(name, known, Some("declare it under `variables`".to_owned()));
                self.report(diagnostic);
            }
        }
        for name in &used.references.steps {
            if !self.outline.names.contains_key(name) {
                let message = format!("there is no step `{name}`");
                let known: Vec<&str> = self.outline.names.keys().map(String::as_str).collect();
                let diagnostic =
                    Diagnostic::error(codes::UNKNOWN_STEP, used.node.locate(name), message)
                        .suggest(name, known, None);
                self.report(diagnostic);
            }
        }
        for (step, output) in &used.references.outputs {
            self.check_output(&used.node, step, output, steps);
        }
        if used.references.item && !used.item_known {
            let of_step = used.step.map(|step| &self.outline.get(step).node);
            let repeated = of_step.is_some_and(|step| step.get("forEach").is_some());
            let message = if repeated && used.node.path.ends_with("/when") {
                "`when` is looked at once, before there are items"
            } else {
                "`item` means something only in the values of a step with `forEach`"
            };
            let mut diagnostic = Diagnostic::error(codes::ITEM, used.node.locate("item"), message);
            if repeated && used.node.path.ends_with("/when") {
                diagnostic = diagnostic.help(
                    "leave items out of the list: `forEach: ${{ LIST.filter(x, CONDITION) }}`",
                );
            }
            self.report(diagnostic);
        }
    }

    fn unknown_parameter(&mut self, node: &Node<'_>, name: &str) {
        let message = format!("there is no parameter `{name}`");
        let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
        let otherwise = if self.variables.contains_key(name) {
            format!("a variable is written {{{{ variable:{name} }}}}")
        } else if self.outline.names.contains_key(name) {
            format!("an output of the step is written {{{{ {name}.Output }}}}")
        } else {
            "declare it under `parameters`".to_owned()
        };
        let diagnostic = Diagnostic::error(codes::UNKNOWN_PARAMETER, node.locate(name), message)
            .suggest(name, known, otherwise);
        self.report(diagnostic);
    }

    pub(crate) fn check_output(
        &mut self,
        node: &Node<'_>,
        step: &str,
        output: &str,
        steps: &[Step],
    ) {
        let Some(id) = self.outline.names.get(step) else { return };
        let Some(step) = steps.get(id.0 as usize) else { return };
        let Some(known) = self.known_outputs(step) else { return };
        if known.iter().any(|known| known == output) {
            return;
        }
        let message = format!("the step `{}` has no output `{output}`", step.name);
        let otherwise = if known.is_empty() {
            "its action has no outputs".to_owned()
        } else {
            format!("its outputs are {}", known.join(", "))
        };
        let diagnostic = Diagnostic::error(codes::UNKNOWN_OUTPUT, node.locate(output), message)
            .suggest(output, known.iter().map(String::as_str), otherwise);
        self.report(diagnostic);
    }

    /// The outputs a step surely has; `None` when that cannot be said.
    fn known_outputs(&self, step: &Step) -> Option<Vec<String>> {
        if step.for_each.is_some() {
            return None;
        }
        let mut known: Vec<String> =
            step.outputs.iter().map(|output| output.name.clone()).collect();
        let own: Vec<&str> = match &step.action {
            Action::Component { name, .. } => declared_outputs(self.manifest(name)?)?,
            Action::Branch(_)
            | Action::Sleep(_)
            | Action::Pause
            | Action::UpdateVariable { .. } => Vec::new(),
            Action::Loop(_) => crate::action::FlowAction::Loop.outputs().to_vec(),
            Action::Approve(_) => crate::action::FlowAction::Approve.outputs().to_vec(),
        };
        known.extend(own.into_iter().map(str::to_owned));
        known.sort();
        known.dedup();
        Some(known)
    }
}
