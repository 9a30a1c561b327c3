//! Values with references: reading them, and noting what they refer to.

use serde_json::Value;

use crate::check::Checker;
use crate::check::reads::Use;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{Schema, ValueType};
use crate::source::Span;
use crate::template::{Expression, Reference, References, Segment, Template, TemplateError};

impl<'d> Checker<'d> {
    /// Reads a value that may refer to others.
    pub(crate) fn template(&mut self, node: &Node<'d>) -> Template {
        self.template_of(node, node.value.clone())
    }

    /// Reads a value of which the checker has made another, such as text made a number; `node` says where it stands.
    pub(crate) fn template_of(&mut self, node: &Node<'d>, value: Value) -> Template {
        let before = self.diagnostics.len();
        self.note(node);
        let is_script = |path: &str| self.is_script(&format!("{}{path}", node.path));
        match Template::from_inputs(value.clone(), self.schema, &is_script) {
            Ok(template) => template,
            Err(errors) => {
                if self.diagnostics.len() == before {
                    for (path, error) in errors {
                        self.template_error(&node.descend(&path), &error);
                    }
                }
                Template::Literal(value)
            }
        }
    }

    /// Reads text that may refer to others.
    pub(crate) fn text_template(&mut self, node: &Node<'d>) -> Option<Template> {
        self.text(node)?;
        Some(self.template(node))
    }

    /// Reads `when`, with or without its braces.
    pub(crate) fn expression(&mut self, node: &Node<'d>) -> Option<Expression> {
        let text = self.text(node)?;
        let trimmed = text.trim();
        let inner = trimmed.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
        let Some(inner) = inner else {
            let diagnostic =
                Diagnostic::error(codes::EXPRESSION, node.span(), "an expression is wanted here")
                    .help(format!("write ${{{{ {} }}}}", as_expression(trimmed)));
            self.report(diagnostic);
            return None;
        };
        match Expression::parse(inner.trim()) {
            Ok(expression) => {
                let mut references = References::default();
                references.add_expression(&expression);
                self.used(node, references);
                Some(expression)
            }
            Err(error) => {
                let span = node
                    .find(inner.trim())
                    .map_or_else(|| node.span(), |span| self.within(span, error.offset));
                self.error(codes::EXPRESSION, span, brief(&error.message));
                None
            }
        }
    }

    /// Notes what every text of a value refers to, and reports what cannot be read.
    fn note(&mut self, node: &Node<'d>) {
        match node.value {
            Value::String(text) => {
                let is_script = self.is_script(&node.path);
                let (template, errors) = Template::parse_all(text, self.schema, is_script);
                self.no_secret_in_text(node, &template);
                let references = template.references();
                if !references.is_empty() {
                    self.used(node, references);
                }
                for error in &errors {
                    self.template_error(node, error);
                }
            }
            Value::Array(_) => node.elements().iter().for_each(|child| self.note(child)),
            Value::Object(_) => node.entries().iter().for_each(|(_, child)| self.note(child)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether the text at a path is a script's, where braces that cannot be a reference are the script's own.
    pub(crate) fn is_script(&self, path: &str) -> bool {
        let Some(script) = &self.script else { return false };
        path.strip_prefix(script.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn used(&mut self, node: &Node<'d>, references: References) {
        self.uses.push(Use {
            step: self.current,
            item_known: self.item_known,
            references,
            node: node.clone(),
        });
    }

    fn no_secret_in_text(&mut self, node: &Node<'d>, template: &Template) {
        let Template::Text(segments) = template else { return };
        for segment in segments {
            let mut references = References::default();
            match segment {
                Segment::Text(_) => {}
                Segment::Reference(reference) => references.add_reference(reference),
                Segment::Expression(expression) => references.add_expression(expression),
            }
            for name in references.parameters {
                let declared = self.parameters.get(&name);
                if declared.is_some_and(|parameter| parameter.value_type == ValueType::Secret) {
                    let message = format!("the secret `{name}` cannot be a part of a text");
                    let diagnostic = Diagnostic::error(codes::SECRET, node.locate(&name), message)
                        .help(format!(
                            "give it as a whole value, `{{ secret: \"{{{{ {name} }}}}\" }}`: it stays a reference"
                        ));
                    self.report(diagnostic);
                }
            }
        }
    }

    pub(crate) fn template_error(&mut self, node: &Node<'d>, error: &TemplateError) {
        let text = node.text().unwrap_or_default();
        let rest = text.get(error.offset..).unwrap_or_default();
        let needle = rest.lines().next().unwrap_or_default();
        let end = needle.find("}}").map_or(needle.len(), |end| end + 2);
        let found = node.find(&needle[..end]).filter(|_| end > 0);
        let span = found.unwrap_or_else(|| node.focus());
        let code = if rest.starts_with("{{") && error.message.contains("ssm") {
            codes::PARAMETER_STORE
        } else if self.schema == Schema::V0_4 && !rest.starts_with("{{") && !rest.starts_with("${{")
        {
            codes::EXPRESSION
        } else {
            codes::TEMPLATE
        };
        let mut diagnostic = Diagnostic::error(code, span, brief(&error.message));
        diagnostic.help.clone_from(&error.help);
        self.report(diagnostic);
    }

    /// The one character at a byte offset into a span of one line.
    fn within(&self, span: Span, offset: usize) -> Span {
        let index = &self.root.document.index;
        let at = span.start.offset + offset.min(span.end.offset - span.start.offset);
        Span { start: index.byte(at), end: span.end.max(index.byte(at)) }
    }
}

/// Returns what an expression says for a text that is a reference in SSM's form, else the text.
fn as_expression(text: &str) -> String {
    match Template::parse_text(text, Schema::V0_4) {
        Ok(Template::Reference(Reference::Parameter(name))) => format!("parameters.{name}"),
        Ok(Template::Reference(Reference::Variable(name))) => format!("variables.{name}"),
        Ok(Template::Reference(Reference::StepOutput { step, output })) => {
            format!("steps.{step}.outputs.{output}")
        }
        _ => text.to_owned(),
    }
}

/// Leaves out the parser's list of all that could have stood in a place.
fn brief(message: &str) -> String {
    message.split(" expecting {").next().unwrap_or(message).to_owned()
}
