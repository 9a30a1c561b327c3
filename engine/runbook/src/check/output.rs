//! Outputs: those a step reads from its response, and those of the document.

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{DocumentOutput, Schema, StepOutput, ValueType};
use crate::selector::Selector;
use crate::template::{Reference, References, Template};

impl<'d> Checker<'d> {
    pub(crate) fn step_outputs(&mut self, step: &Node<'d>, flow_action: bool) -> Vec<StepOutput> {
        let Some(node) = step.get("outputs") else { return Vec::new() };
        if flow_action {
            let message = "this action gives no response that outputs could be read from";
            self.error(codes::NOT_ON_THIS_ACTION, node.key_span(), message);
        }
        let mut outputs: Vec<StepOutput> = Vec::new();
        for node in self.list(&node).unwrap_or_default() {
            let Some(output) = self.step_output(&node) else { continue };
            if outputs.iter().any(|other| other.name == output.name) {
                let message = format!("two outputs are named `{}`", output.name);
                let span = node.get("Name").map_or_else(|| node.focus(), |name| name.span());
                self.error(codes::DUPLICATE_NAME, span, message);
            }
            outputs.push(output);
        }
        outputs
    }

    fn step_output(&mut self, node: &Node<'d>) -> Option<StepOutput> {
        self.map(node)?;
        self.keys(node, "an output", &["Name", "Selector", "Type"]);
        let name_node = self.required(node, "the output", "Name");
        let selector = self.required(node, "the output", "Selector");
        let selector = selector.and_then(|selector| self.selector(&selector));
        let value_type = match node.get("Type") {
            Some(stated) => self.value_type(&stated, false).unwrap_or(ValueType::String),
            None => ValueType::String,
        };
        let name_node = name_node?;
        let name = self.text(&name_node)?;
        self.name("an output", name, name_node.span());
        Some(StepOutput { name: name.to_owned(), selector: selector?, value_type })
    }

    fn selector(&mut self, node: &Node<'d>) -> Option<Selector> {
        let text = self.text(node)?;
        match Selector::parse(text) {
            Ok(selector) => Some(selector),
            Err(error) => {
                let diagnostic = Diagnostic::error(codes::SELECTOR, node.span(), error.to_string())
                    .help("a selector starts with `$.` and knows `.child`, `..deep` and `[0]`");
                self.report(diagnostic);
                None
            }
        }
    }

    pub(crate) fn document_outputs(&mut self, root: &Node<'d>) -> Vec<DocumentOutput> {
        let Some(node) = root.get("outputs") else { return Vec::new() };
        let mut outputs = Vec::new();
        if node.value.is_object()
            && self.only_0_4("outputs with names of their own", node.key_span())
        {
            self.named_outputs(&node, &mut outputs);
            return outputs;
        }
        for element in self.list(&node).unwrap_or_default() {
            if element.value.is_object() && self.schema == Schema::V0_4 {
                self.named_outputs(&element, &mut outputs);
            } else {
                outputs.extend(self.document_output(&element));
            }
        }
        outputs
    }

    fn named_outputs(&mut self, node: &Node<'d>, outputs: &mut Vec<DocumentOutput>) {
        for (name, child) in node.entries() {
            self.name("an output", name, child.key_span());
            let value = self.template(&child);
            outputs.push(DocumentOutput::Value { name: name.to_owned(), value });
        }
    }

    /// Reads `Step.Output`, `Step` or `variable:name`, with or without braces.
    fn document_output(&mut self, node: &Node<'d>) -> Option<DocumentOutput> {
        let text = self.text(node)?.trim();
        let inner =
            text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(text);
        let inner = inner.trim();
        if let Some(name) = inner.strip_prefix("variable:") {
            let reference = Reference::Variable(name.to_owned());
            self.output_use(node, &reference);
            return Some(DocumentOutput::Value {
                name: inner.to_owned(),
                value: Template::Reference(reference),
            });
        }
        let mut parts = inner.split('.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(step), Some(output), None) if !step.is_empty() && !output.is_empty() => {
                let (step, output) = (step.to_owned(), output.to_owned());
                let reference =
                    Reference::StepOutput { step: step.clone(), output: output.clone() };
                self.output_use(node, &reference);
                Some(DocumentOutput::Output { step, output })
            }
            (Some(step), None, _) if !step.is_empty() => {
                if !self.outline.names.contains_key(step) {
                    let known: Vec<&str> = self.outline.names.keys().map(String::as_str).collect();
                    let message = format!("there is no step `{step}`");
                    let diagnostic = Diagnostic::error(codes::UNKNOWN_STEP, node.span(), message)
                        .suggest(step, known, None);
                    self.report(diagnostic);
                }
                Some(DocumentOutput::Step(step.to_owned()))
            }
            _ => {
                let diagnostic = Diagnostic::error(
                    codes::TEMPLATE,
                    node.span(),
                    format!("`{text}` does not name an output"),
                )
                .help("write Step.Output, or the name of a step for all its outputs");
                self.report(diagnostic);
                None
            }
        }
    }

    fn output_use(&mut self, node: &Node<'d>, reference: &Reference) {
        let mut references = References::default();
        references.add_reference(reference);
        self.uses.push(crate::check::reads::Use {
            step: None,
            item_known: false,
            references,
            node: node.clone(),
        });
    }
}
