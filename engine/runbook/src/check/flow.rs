//! The inputs of `aws:loop`, `aws:sleep`, `aws:pause` and `aws:updateVariable`.

use serde_json::Value;

use crate::check::Checker;
use crate::check::outline::Container;
use crate::check::timing::SLEEP_MS_MAX;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::duration;
use crate::plan::{Action, Loop, LoopKind, Schema, Sleep, StepId, ValueType};
use crate::template::Template;
use crate::value;
use crate::value::variable::check_variable;

/// SSM's limit of values and of passes.
const ITERATIONS_MAX: u64 = 100;

impl<'d> Checker<'d> {
    pub(crate) fn loop_action(&mut self, inputs: &Node<'d>, id: StepId) -> Option<Action> {
        let keys = ["Steps", "Iterators", "IteratorDataType", "LoopCondition", "MaxIterations"];
        self.keys(inputs, "aws:loop", &keys);
        self.required(inputs, "aws:loop", "Steps");
        let max_iterations = inputs
            .get("MaxIterations")
            .and_then(|node| self.integer(&node, 1..=ITERATIONS_MAX))
            .and_then(|number| u32::try_from(number).ok());
        let kind = match (inputs.get("Iterators"), inputs.get("LoopCondition")) {
            (Some(iterators), None) => self.iterators(inputs, &iterators),
            (None, Some(condition)) => {
                if let Some(node) = inputs.get("IteratorDataType") {
                    let message = "`IteratorDataType` goes with `Iterators` only";
                    self.error(codes::LOOP, node.key_span(), message);
                }
                self.condition(&condition, &[]).map(LoopKind::DoWhile)
            }
            (Some(_), Some(condition)) => {
                let message = "a loop has `Iterators` or `LoopCondition`, not both";
                self.error(codes::LOOP, condition.key_span(), message);
                None
            }
            (None, None) => {
                let message = "a loop needs `Iterators` or `LoopCondition`";
                self.error(codes::LOOP, inputs.focus_start(), message);
                None
            }
        };
        let body = self.outline.container(Container::Body(id));
        Some(Action::Loop(Loop {
            body,
            kind: kind?,
            max_iterations: max_iterations.unwrap_or(100),
        }))
    }

    fn iterators(&mut self, inputs: &Node<'d>, node: &Node<'d>) -> Option<LoopKind> {
        let types = ["String", "Boolean", "Integer", "StringMap"];
        let stated = inputs.get("IteratorDataType");
        let value_type = match stated.and_then(|stated| self.word(&stated, &types)) {
            Some(1) => ValueType::Boolean,
            Some(2) => ValueType::Integer,
            Some(3) => ValueType::StringMap,
            _ => ValueType::String,
        };
        if !node.value.is_array() && !node.value.is_string() {
            self.wrong_type(node, "a list or a reference to one");
            return None;
        }
        let elements = node.elements();
        if elements.len() as u64 > ITERATIONS_MAX {
            let message = format!(
                "a loop goes over at most {ITERATIONS_MAX} values, here are {}",
                elements.len()
            );
            self.error(codes::LOOP, node.focus(), message);
        }
        for element in &elements {
            let open = element.value.to_string().contains("{{");
            if !open && let Err(mismatch) = value::check_type(element.value, &value_type) {
                let message = format!("the value does not fit `IteratorDataType`: {mismatch}");
                self.error(codes::LOOP, element.focus(), message);
            }
        }
        let iterators = self.template(node);
        if matches!(&iterators, Template::Literal(Value::String(_))) {
            self.wrong_type(node, "a list or a reference to one");
        }
        Some(LoopKind::ForEach { iterators, value_type })
    }

    pub(crate) fn sleep(&mut self, inputs: &Node<'d>) -> Option<Action> {
        self.keys(inputs, "aws:sleep", &["Duration", "Timestamp"]);
        match (inputs.get("Duration"), inputs.get("Timestamp")) {
            (Some(node), None) => {
                let template = self.text_template(&node)?;
                if let Template::Literal(Value::String(text)) = &template {
                    self.sleep_duration(&node, text);
                }
                Some(Action::Sleep(Sleep::Duration(template)))
            }
            (None, Some(node)) => {
                let template = self.text_template(&node)?;
                if let Template::Literal(Value::String(text)) = &template
                    && let Err(error) = duration::timestamp(text)
                {
                    self.error(codes::DURATION, node.span(), error.to_string());
                }
                Some(Action::Sleep(Sleep::Timestamp(template)))
            }
            (Some(_), Some(node)) => {
                let message = "a sleep has a `Duration` or a `Timestamp`, not both";
                self.error(codes::KEY_CONFLICT, node.key_span(), message);
                None
            }
            (None, None) => {
                let message = "a sleep needs a `Duration` or a `Timestamp`";
                self.error(codes::MISSING_INPUT, inputs.focus_start(), message);
                None
            }
        }
    }

    fn sleep_duration(&mut self, node: &Node<'d>, text: &str) {
        if self.schema == Schema::V0_3 && !text.trim().starts_with('P') {
            let diagnostic = Diagnostic::error(
                codes::DURATION,
                node.span(),
                format!("`{text}` is not an ISO 8601 duration"),
            )
            .help("write PT10M for ten minutes");
            self.report(diagnostic);
            return;
        }
        match duration::parse(text) {
            Ok(duration_ms) if duration_ms > SLEEP_MS_MAX => {
                let message = "a sleep lasts at most 604799 seconds, just under seven days";
                self.error(codes::DURATION, node.span(), message);
            }
            Ok(_) => {}
            Err(error) => self.error(codes::DURATION, node.span(), error.to_string()),
        }
    }

    pub(crate) fn pause(&mut self, inputs: Option<&Node<'d>>) -> Action {
        if let Some(inputs) = inputs.filter(|inputs| !inputs.value.is_null()) {
            self.map(inputs);
            self.keys(inputs, "aws:pause", &[]);
        }
        Action::Pause
    }

    pub(crate) fn update_variable(&mut self, inputs: &Node<'d>) -> Option<Action> {
        self.keys(inputs, "aws:updateVariable", &["Name", "Value"]);
        let name = self.required(inputs, "aws:updateVariable", "Name");
        let value = self.required(inputs, "aws:updateVariable", "Value");
        let template = value.as_ref().map(|value| self.template(value));
        let node = name?;
        let text = self.text(&node)?;
        let Some(name) = text.strip_prefix("variable:") else {
            let diagnostic = Diagnostic::error(
                codes::INVALID_VALUE,
                node.span(),
                format!("`{text}` does not name a variable"),
            )
            .help(format!("write variable:{text}"));
            self.report(diagnostic);
            return None;
        };
        let Some(variable) = self.variables.get(name).cloned() else {
            let known: Vec<&str> = self.variables.keys().map(String::as_str).collect();
            let message = format!("there is no variable `{name}`");
            let diagnostic = Diagnostic::error(codes::UNKNOWN_VARIABLE, node.locate(name), message)
                .suggest(name, known, Some("declare it under `variables`".to_owned()));
            self.report(diagnostic);
            return None;
        };
        let template = template?;
        if let (Template::Literal(literal), Some(value)) = (&template, &value) {
            let typed = value::check_type(literal, &variable.value_type);
            let fault = match typed {
                Err(mismatch) => Some(mismatch.to_string()),
                Ok(()) => check_variable(&variable.value_type, literal).err().map(str::to_owned),
            };
            if let Some(fault) = fault {
                let message = format!("the variable `{name}` cannot hold this: {fault}");
                self.error(codes::INVALID_INPUT, value.focus(), message);
            }
        }
        Some(Action::UpdateVariable { name: name.to_owned(), value: template })
    }
}
