//! What all pictures show: boxes and arrows.

use crate::plan::{Action, Flow, LoopKind, OnCancel, OnFailure, Plan, Step, StepId};

pub(crate) struct Diagram {
    pub(crate) title: String,
    pub(crate) boxes: Vec<Shape>,
    pub(crate) arrows: Vec<Arrow>,
}

pub(crate) struct Shape {
    pub(crate) id: StepId,
    pub(crate) name: String,
    /// The action, and how often or whether it runs.
    pub(crate) note: String,
    pub(crate) is_decision: bool,
    /// The loop around it.
    pub(crate) parent: Option<StepId>,
    pub(crate) in_finally: bool,
}

pub(crate) struct Arrow {
    pub(crate) from: StepId,
    pub(crate) to: StepId,
    pub(crate) label: String,
    /// Taken only when something goes wrong, or leading into a body.
    pub(crate) dashed: bool,
}

pub(crate) fn of(plan: &Plan) -> Diagram {
    let ids = (0..plan.steps.len()).filter_map(|number| u32::try_from(number).ok().map(StepId));
    let mut diagram =
        Diagram { title: plan.document.name.clone(), boxes: Vec::new(), arrows: Vec::new() };
    for id in ids {
        let step = plan.step(id);
        diagram.boxes.push(Shape {
            id,
            name: step.name.clone(),
            note: note(step),
            is_decision: matches!(step.action, Action::Branch(_)),
            parent: step.parent,
            in_finally: step.in_finally,
        });
        let in_graph = plan.flow == Flow::Graph && step.parent.is_none() && !step.in_finally;
        diagram.arrows_from(id, step, in_graph, plan.following(id));
    }
    diagram
}

impl Diagram {
    fn arrows_from(&mut self, id: StepId, step: &Step, in_graph: bool, following: Option<StepId>) {
        if in_graph {
            for dependency in &step.depends_on {
                self.arrow(*dependency, id, "", false);
            }
        }
        let mut falls_through = true;
        if let Action::Branch(branch) = &step.action {
            for (number, choice) in branch.choices.iter().enumerate() {
                self.arrow(id, choice.next, &format!("choice {}", number + 1), false);
            }
            if let Some(default) = branch.default {
                self.arrow(id, default, "default", false);
                falls_through = step.when.is_some();
            }
        }
        if let Action::Loop(repeated) = &step.action
            && let Some(first) = repeated.body.first()
        {
            self.arrow(id, *first, "each pass", true);
        }
        if let Some(next) = step.next.filter(|_| falls_through && !in_graph) {
            let label = if matches!(step.action, Action::Branch(_)) { "otherwise" } else { "" };
            self.arrow(id, next, label, false);
        }
        // Where success leads to the same step, one arrow is enough.
        let after_failure = step.after_failure(following);
        if let Some(target) = after_failure.filter(|target| {
            step.on_failure != OnFailure::Continue || step.next != Some(*target) || !falls_through
        }) {
            self.arrow(id, target, "on failure", true);
        }
        if let OnCancel::Step(target) = step.on_cancel {
            self.arrow(id, target, "on cancel", true);
        }
    }

    fn arrow(&mut self, from: StepId, to: StepId, label: &str, dashed: bool) {
        self.arrows.push(Arrow { from, to, label: label.to_owned(), dashed });
    }
}

fn note(step: &Step) -> String {
    let mut note = match &step.action {
        Action::Component { name, .. } => name.clone(),
        Action::Branch(_) => "aws:branch".to_owned(),
        Action::Loop(repeated) => match repeated.kind {
            LoopKind::ForEach { .. } => "aws:loop, for each".to_owned(),
            LoopKind::DoWhile(_) => "aws:loop, while".to_owned(),
        },
        Action::Sleep(_) => "aws:sleep".to_owned(),
        Action::Pause => "aws:pause".to_owned(),
        Action::Approve(_) => "aws:approve".to_owned(),
        Action::UpdateVariable { name, .. } => format!("aws:updateVariable {name}"),
    };
    if step.for_each.is_some() {
        note.push_str(", for each");
    }
    if step.when.is_some() {
        note.push_str(", when");
    }
    note
}
