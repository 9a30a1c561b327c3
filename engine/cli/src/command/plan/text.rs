//! A plan's effects for people to read.

use runbook::plan::Flow;

use super::{Effects, StepEffects, Touch};

/// Returns a plan's effects as text.
pub(super) fn whole(effects: &Effects) -> String {
    let flow = if effects.flow == Flow::Graph { "graph" } else { "sequence" };
    let mut text = format!("{} ({flow}), plan {}\n", effects.document, &effects.digest[..12]);
    for (parameter, name) in &effects.defaults {
        text.push_str(&format!("reads {name} for the parameter {parameter} when it starts\n"));
    }
    for (number, step) in (1..).zip(&effects.steps) {
        let part = if step.part == "finally" { "  [finally]" } else { "" };
        text.push_str(&format!("\n{number}. {}  {}{part}\n", step.name, step.action));
        if !step.depends_on.is_empty() {
            text.push_str(&format!("   after    {}\n", step.depends_on.join(", ")));
        }
        step.touches.iter().for_each(|touch| text.push_str(&touch.text()));
        text.push_str(&granted(step));
    }
    text
}

impl Touch {
    fn text(&self) -> String {
        let nodes = match self.nodes.as_deref() {
            None => String::new(),
            Some([]) => "  nodes now: none".to_owned(),
            Some(nodes) => format!("  nodes now: {}", nodes.join(", ")),
        };
        let mut text = format!("   touches  {}  ({}){nodes}\n", self.grant, self.known);
        if let Some(origin) = &self.denied_by {
            text.push_str(&format!("   DENIED   {}  by {origin}\n", self.grant));
        }
        if let Some(name) = &self.absent_document {
            text.push_str(&format!("   MISSING  there is no such document here: {name}\n"));
        }
        text
    }
}

fn granted(step: &StepEffects) -> String {
    if !step.unknown_until.is_empty() {
        return format!("   granted  unknown until {}\n", step.unknown_until.join(" and "));
    }
    match &step.grants {
        Some(grants) if !grants.is_empty() => {
            let origins: Vec<_> =
                step.ceilings.iter().map(|ceiling| ceiling.origin.as_str()).collect();
            let origins = origins.join(" ∩ ");
            let line = |grant| format!("   granted  {grant}  (by {origins})\n");
            grants.iter().map(line).collect()
        }
        Some(_) if !step.touches.is_empty() => "   granted  nothing\n".to_owned(),
        Some(_) | None => String::new(),
    }
}
