//! What is looked up in a plan again and again, built once for each loaded run.

use std::collections::{BTreeMap, BTreeSet};

use runbook::plan::{Action, Flow, Plan, StepId};

#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) names: BTreeMap<String, StepId>,
    /// The next step of the same list in document order.
    pub(crate) following: Vec<Option<StepId>>,
    /// Graph only: the steps that wait for a step.
    pub(crate) dependents: Vec<Vec<StepId>>,
    /// Graph only: for each step how many distinct steps it waits for.
    pub(crate) dependencies: Vec<u32>,
    pub(crate) finally: BTreeSet<StepId>,
}

impl Index {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut index = Self {
            names: BTreeMap::new(),
            following: vec![None; plan.steps.len()],
            dependents: vec![Vec::new(); plan.steps.len()],
            dependencies: vec![0; plan.steps.len()],
            finally: plan.finally.iter().copied().collect(),
        };
        for (step, position) in plan.steps.iter().zip(0..) {
            index.names.insert(step.name.clone(), StepId(position));
            if let Action::Loop(body) = &step.action {
                index.chain(&body.body);
            }
        }
        index.chain(&plan.main);
        index.chain(&plan.finally);
        if plan.flow == Flow::Graph {
            for &id in &plan.main {
                let dependencies: BTreeSet<StepId> =
                    plan.step(id).depends_on.iter().copied().collect();
                for dependency in &dependencies {
                    index.dependents[dependency.0 as usize].push(id);
                    index.dependencies[id.0 as usize] += 1;
                }
            }
        }
        index
    }

    fn chain(&mut self, list: &[StepId]) {
        for pair in list.windows(2) {
            self.following[pair[0].0 as usize] = Some(pair[1]);
        }
    }

    pub(crate) fn following(&self, step: StepId) -> Option<StepId> {
        self.following[step.0 as usize]
    }
}
