//! Counts and percentages.

use serde_json::Value;

use crate::check::Checker;
use crate::codes;
use crate::document::node::Node;
use crate::plan::Amount;

impl<'d> Checker<'d> {
    /// Reads `20`, `"20"` or `"10%"`; a count of at least `least`.
    pub(crate) fn amount(&mut self, node: &Node<'d>, least: u32) -> Option<Amount> {
        let count = |number: u64| u32::try_from(number).ok().filter(|count| *count >= least);
        let amount = match node.value {
            Value::Number(number) => number.as_u64().and_then(count).map(Amount::Count),
            Value::String(text) => match text.strip_suffix('%') {
                Some(percent) => {
                    let percent = percent.parse::<u8>().ok();
                    percent.filter(|percent| *percent <= 100).map(Amount::Percent)
                }
                None => text.parse().ok().and_then(count).map(Amount::Count),
            },
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if amount.is_none() {
            let message =
                format!("a count of at least {least} or a percentage such as `10%` is wanted here");
            self.error(codes::INVALID_VALUE, node.focus(), message);
        }
        amount
    }
}
