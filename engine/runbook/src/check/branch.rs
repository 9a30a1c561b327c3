//! `aws:branch`, and the conditions it shares with loops.

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::{Branch, Choice, Condition, Operator, StepId};
use crate::template::Template;

const OPERATORS: &[&str] = &[
    "StringEquals",
    "EqualsIgnoreCase",
    "StartsWith",
    "EndsWith",
    "Contains",
    "NumericEquals",
    "NumericGreater",
    "NumericLesser",
    "NumericGreaterOrEquals",
    "NumericLesserOrEquals",
    "BooleanEquals",
];

impl<'d> Checker<'d> {
    pub(crate) fn branch(&mut self, inputs: &Node<'d>, id: StepId) -> Branch {
        let mut branch = Branch { choices: Vec::new(), default: None };
        self.keys(inputs, "aws:branch", &["Choices", "Default"]);
        if let Some(node) = self.required(inputs, "aws:branch", "Choices") {
            let choices = self.list(&node).unwrap_or_default();
            if choices.is_empty() && node.value.is_array() {
                self.error(codes::CHOICE, node.focus(), "a branch needs at least one choice");
            }
            for choice in choices {
                branch.choices.extend(self.choice(&choice, id));
            }
        }
        if let Some(node) = inputs.get("Default")
            && let Some(name) = self.text(&node)
        {
            branch.default = self.target(&node, name, id);
        }
        branch
    }

    fn choice(&mut self, node: &Node<'d>, id: StepId) -> Option<Choice> {
        self.map(node)?;
        let next = self.required(node, "a choice", "NextStep");
        let next = next.and_then(|next| {
            let name = self.text(&next)?;
            self.target(&next, name, id)
        });
        let condition = self.condition(node, &["NextStep"]);
        Some(Choice { condition: condition?, next: next? })
    }

    /// Reads `Variable` with one operator, or `And`, `Or`, `Not`; `beside` are the keys that may stand beside.
    pub(crate) fn condition(&mut self, node: &Node<'d>, beside: &[&str]) -> Option<Condition> {
        self.map(node)?;
        let joined: Vec<&str> =
            ["And", "Or", "Not"].into_iter().filter(|key| node.get(key).is_some()).collect();
        let plain = node
            .entries()
            .into_iter()
            .find(|(key, _)| *key == "Variable" || OPERATORS.contains(key));
        match (joined.as_slice(), plain) {
            ([], _) => self.comparison(node, beside),
            ([join], None) => {
                let known: Vec<&str> = beside.iter().copied().chain([*join]).collect();
                self.keys(node, "a condition", &known);
                self.joined(&node.get(join)?, join)
            }
            ([join, ..], _) => {
                let message =
                    format!("`{join}` stands alone: the conditions it joins go inside it");
                let span = node.get(join).map_or_else(|| node.focus(), |child| child.key_span());
                self.error(codes::CHOICE, span, message);
                None
            }
        }
    }

    fn joined(&mut self, node: &Node<'d>, join: &str) -> Option<Condition> {
        if join == "Not" {
            // SSM's own examples write a list of one under Not as well.
            let elements = node.elements();
            let inner = match elements.as_slice() {
                [only] => only.clone(),
                _ => node.clone(),
            };
            return Some(Condition::Not(Box::new(self.condition(&inner, &[])?)));
        }
        let elements = self.list(node)?;
        if elements.is_empty() {
            self.error(
                codes::CHOICE,
                node.focus(),
                format!("`{join}` needs at least one condition"),
            );
        }
        let count = elements.len();
        let conditions: Vec<Condition> =
            elements.iter().filter_map(|element| self.condition(element, &[])).collect();
        if conditions.len() != count || count == 0 {
            return None;
        }
        Some(if join == "And" { Condition::And(conditions) } else { Condition::Or(conditions) })
    }

    fn comparison(&mut self, node: &Node<'d>, beside: &[&str]) -> Option<Condition> {
        let variable = self.required(node, "a condition", "Variable");
        let variable = variable.map(|variable| self.template(&variable));
        let mut found: Option<(Operator, Template)> = None;
        let mut several = false;
        for (key, child) in node.entries() {
            if key == "Variable" || beside.contains(&key) {
                continue;
            }
            let Some(operator) = Operator::named(key) else {
                let diagnostic = Diagnostic::error(
                    codes::CHOICE,
                    child.key_span(),
                    format!("`{key}` is not an operator"),
                )
                .suggest(
                    key,
                    OPERATORS.iter().copied(),
                    format!("the operators are {}", OPERATORS.join(", ")),
                );
                self.report(diagnostic);
                several = true;
                continue;
            };
            if found.is_some() {
                let diagnostic = Diagnostic::error(
                    codes::CHOICE,
                    child.key_span(),
                    "a condition has one operator, here is another",
                )
                .help("join several by And or Or");
                self.report(diagnostic);
                several = true;
                continue;
            }
            self.operand(operator, &child);
            found = Some((operator, self.template(&child)));
        }
        if found.is_none() && !several {
            let message = "the condition has no operator";
            let diagnostic = Diagnostic::error(codes::CHOICE, node.focus_start(), message)
                .help(format!("the operators are {}", OPERATORS.join(", ")));
            self.report(diagnostic);
        }
        let (operator, value) = found.filter(|_| !several)?;
        Some(Condition::Compare { variable: variable?, operator, value })
    }

    /// Checks a literal operand: what can never compare is a mistake now, not when the branch is reached.
    fn operand(&mut self, operator: Operator, node: &Node<'d>) {
        if node.text().is_some_and(|text| text.contains("{{")) {
            return;
        }
        let numeric = matches!(
            operator,
            Operator::NumericEquals
                | Operator::NumericGreater
                | Operator::NumericLesser
                | Operator::NumericGreaterOrEquals
                | Operator::NumericLesserOrEquals
        );
        let number = node.value.is_number()
            || node.text().is_some_and(|text| text.trim().parse::<f64>().is_ok());
        let boolean = node.value.is_boolean()
            || node
                .text()
                .is_some_and(|text| matches!(text.to_lowercase().as_str(), "true" | "false"));
        let plain = !node.value.is_object() && !node.value.is_array() && !node.value.is_null();
        let (fits, wanted) = if operator == Operator::BooleanEquals {
            (boolean, "true or false")
        } else if numeric {
            (number, "a number")
        } else {
            (plain, "text")
        };
        if !fits {
            self.wrong_type(node, wanted);
        }
    }
}
