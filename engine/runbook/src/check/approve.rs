//! The inputs of `aws:approve`.

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::document::node::Node;
use crate::plan::{Action, Approve};
use crate::template::Template;

/// SSM's limit of approvers.
const APPROVERS_MAX: usize = 10;
/// SSM's limit of a message, in characters.
const MESSAGE_CHARACTERS_MAX: usize = 4_096;

impl<'d> Checker<'d> {
    pub(crate) fn approve(&mut self, inputs: &Node<'d>) -> Option<Action> {
        let keys = ["NotificationArn", "Message", "MinRequiredApprovals", "Approvers"];
        self.keys(inputs, "aws:approve", &keys);
        let approvers = self.required(inputs, "aws:approve", "Approvers");
        let approvers = approvers.and_then(|node| self.approvers(&node));
        let message = inputs.get("Message").and_then(|node| {
            let text = self.text(&node)?;
            if text.chars().count() > MESSAGE_CHARACTERS_MAX {
                let fault = format!("a message has at most {MESSAGE_CHARACTERS_MAX} characters");
                self.error(codes::INVALID_INPUT, node.key_span(), fault);
            }
            Some(self.template(&node))
        });
        let notification_arn = inputs.get("NotificationArn").and_then(|node| self.topic(&node));
        let count = approvers.as_ref().and_then(certain_count);
        let min_required_approvals = match inputs.get("MinRequiredApprovals") {
            None => Template::Literal(Value::from(1)),
            Some(node) if node.text().is_some_and(|text| text.contains("{{")) => {
                self.template(&node)
            }
            Some(node) => {
                let least = self.integer(&node, 1..=APPROVERS_MAX as u64).unwrap_or(1);
                if count.is_some_and(|count| least > count) {
                    let fault = format!("{least} approvals are asked of fewer approvers");
                    self.error(codes::INVALID_INPUT, node.span(), fault);
                }
                Template::Literal(Value::from(least))
            }
        };
        let approvers = approvers?;
        Some(Action::Approve(Approve {
            approvers,
            message,
            min_required_approvals,
            notification_arn,
        }))
    }

    fn approvers(&mut self, node: &Node<'d>) -> Option<Template> {
        if node.text().is_some() {
            let template = self.template(node);
            if template.as_literal().is_some() {
                self.wrong_type(node, "a list of names");
                return None;
            }
            return Some(template);
        }
        let elements = self.list(node)?;
        if elements.is_empty() || elements.len() > APPROVERS_MAX {
            let fault = format!("1 to {APPROVERS_MAX} approvers are wanted here");
            self.error(codes::INVALID_INPUT, node.focus(), fault);
        }
        for element in &elements {
            self.text(element);
        }
        Some(self.template(node))
    }

    /// SSM: the name of the topic begins with `Automation`.
    fn topic(&mut self, node: &Node<'d>) -> Option<Template> {
        let text = self.text(node)?;
        let name = text.rsplit(':').next().unwrap_or(text);
        if !text.contains("{{") && !name.starts_with("Automation") {
            let fault = format!("the name of the topic, `{name}`, must begin with Automation");
            self.error(codes::INVALID_INPUT, node.span(), fault);
        }
        Some(self.template(node))
    }
}

/// How many approvers there surely are; a reference may stand for several.
fn certain_count(approvers: &Template) -> Option<u64> {
    let list = approvers.as_literal()?.as_array()?;
    u64::try_from(list.len()).ok()
}
