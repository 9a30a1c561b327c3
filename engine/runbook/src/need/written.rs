//! Inputs as a grant would have them: with `{{ Parameter }}` where only the start tells.

use serde_json::Value;

use crate::template::{Reference, Segment, Template};

/// Returns a template as a grant would have it, if it is one text of literals and parameters.
pub(super) fn written(template: &Template) -> Option<String> {
    let reference = |reference: &Reference| match reference {
        Reference::Parameter(name) => Some(format!("{{{{ {name} }}}}")),
        Reference::StepOutput { .. }
        | Reference::Variable(_)
        | Reference::Global(_)
        | Reference::ExecutionId => None,
    };
    match template {
        Template::Literal(Value::String(text)) => written_literal(text),
        Template::Reference(name) => reference(name),
        Template::Text(segments) => segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) => written_literal(text),
                Segment::Reference(name) => reference(name),
                Segment::Expression(_) => None,
            })
            .collect(),
        Template::List(items) => match items.as_slice() {
            [only] => written(only),
            _ => None,
        },
        Template::Literal(_) | Template::Expression(_) | Template::Map(_) | Template::Secret(_) => {
            None
        }
    }
}

pub(super) fn written_literal(text: &str) -> Option<String> {
    (!text.contains(['{', '}'])).then(|| host_api::grant::escape(text))
}
