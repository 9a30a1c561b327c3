//! What runs before what: jumps of sequences, dependencies of graphs, circles, and values read too early.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::check::Checker;
use crate::check::outline::Container;
use crate::check::reads::Use;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Flow, OnCancel, Schema, Step, StepId};

/// From a step to those that may come next.
type Edges = BTreeMap<StepId, BTreeSet<StepId>>;

impl Checker<'_> {
    /// Sets the steps' dependencies and reports what is wrong with their order.
    pub(crate) fn order(&mut self, steps: &mut [Step]) {
        let mut edges = self.jumps(steps);
        self.cycles(&edges, "lead");
        self.unreachable(&edges);
        if self.flow == Flow::Graph {
            let dependencies = self.dependencies(steps);
            self.cycles(&dependencies, "depend");
            edges.extend(dependencies);
        } else {
            for number in 0..self.outline.steps.len() {
                self.depends_on(crate::check::outline::id(number));
            }
        }
        for used in std::mem::take(&mut self.uses) {
            self.in_time(&used, &edges);
            self.uses.push(used);
        }
    }

    /// Returns, for each step of the graph, those that depend on it.
    fn dependencies(&mut self, steps: &mut [Step]) -> Edges {
        let mut edges = Edges::new();
        for id in self.outline.container(Container::Main) {
            let stated = self.depends_on(id);
            let from_references = self.referred(id);
            if stated.is_none() && from_references.is_empty() {
                let message = format!(
                    "the step `{}` says neither what it depends on nor refers to another",
                    self.outline.get(id).name
                );
                let diagnostic =
                    Diagnostic::error(codes::NO_DEPENDENCY, self.outline.span(id), message)
                        .help("write `dependsOn: [STEP]`, or `dependsOn: []` to start at once");
                self.report(diagnostic);
            }
            let mut all: BTreeSet<StepId> = stated.unwrap_or_default().into_iter().collect();
            all.extend(from_references);
            edges.entry(id).or_default();
            for dependency in &all {
                edges.entry(*dependency).or_default().insert(id);
            }
            if let Some(step) = steps.get_mut(id.0 as usize) {
                step.depends_on = all.into_iter().collect();
            }
        }
        for number in 0..self.outline.steps.len() {
            let id = crate::check::outline::id(number);
            if self.outline.get(id).container != Container::Main {
                self.depends_on(id);
            }
        }
        edges
    }

    /// The steps at the top of the graph to which a step, or the body of a loop, refers.
    fn referred(&self, top: StepId) -> BTreeSet<StepId> {
        let own = self
            .uses
            .iter()
            .filter(|used| used.step.is_some_and(|step| self.outline.top(step) == top));
        let names = own.flat_map(|used| used.references.steps.iter());
        let found = names.filter_map(|name| self.outline.names.get(name).copied());
        found
            .map(|step| self.outline.top(step))
            .filter(|step| *step != top && self.outline.get(*step).container == Container::Main)
            .collect()
    }

    fn cycles(&mut self, edges: &Edges, verb: &str) {
        let mut graph: DiGraph<StepId, ()> = DiGraph::new();
        let ids = (0..self.outline.steps.len()).map(crate::check::outline::id);
        let nodes: BTreeMap<StepId, NodeIndex> = ids.map(|id| (id, graph.add_node(id))).collect();
        for (from, targets) in edges {
            for to in targets {
                graph.add_edge(nodes[from], nodes[to], ());
            }
        }
        for component in tarjan_scc(&graph) {
            let members: BTreeSet<StepId> = component.into_iter().map(|node| graph[node]).collect();
            let Some(first) = members.first().copied() else { continue };
            let alone = members.len() == 1;
            if alone && !edges.get(&first).is_some_and(|targets| targets.contains(&first)) {
                continue;
            }
            let path = circle(edges, &members, first);
            let names: Vec<&str> =
                path.iter().map(|step| self.outline.get(*step).name.as_str()).collect();
            let message =
                format!("steps {verb} in a circle: {} -> {}", names.join(" -> "), names[0]);
            let mut diagnostic = Diagnostic::error(codes::CYCLE, self.outline.span(first), message);
            for step in path.iter().skip(1) {
                diagnostic = diagnostic.label(self.outline.span(*step), "on the way round");
            }
            if self.schema == Schema::V0_3 || verb == "lead" {
                diagnostic = diagnostic.help("use aws:loop to do something again");
            }
            self.report(diagnostic);
        }
    }

    fn unreachable(&mut self, edges: &Edges) {
        let mut containers = vec![Container::Main];
        for number in 0..self.outline.steps.len() {
            containers.push(Container::Body(crate::check::outline::id(number)));
        }
        for container in containers {
            if container == Container::Main && self.flow == Flow::Graph {
                continue;
            }
            let steps = self.outline.container(container);
            let Some(first) = steps.first() else { continue };
            let reached = reached_from(edges, *first);
            for step in steps.iter().filter(|step| **step != *first && !reached.contains(step)) {
                let message =
                    format!("nothing leads to the step `{}`", self.outline.get(*step).name);
                let diagnostic =
                    Diagnostic::warning(codes::UNREACHABLE, self.outline.span(*step), message);
                self.report(diagnostic);
            }
        }
    }

    /// Reports references to outputs of steps that surely have not run.
    fn in_time(&mut self, used: &Use<'_>, edges: &Edges) {
        let Some(reader) = used.step else { return };
        for name in &used.references.steps {
            let Some(read) = self.outline.names.get(name).copied() else { continue };
            // A loop's condition is tested after a pass, when the loop has outputs.
            if reader == read && used.node.path.contains("/inputs/LoopCondition/") {
                continue;
            }
            let Some(fault) = self.too_early(reader, read, edges) else { continue };
            let diagnostic = Diagnostic::error(codes::NOT_BEFORE, used.node.locate(name), fault)
                .label(self.outline.span(read), "that step is here");
            self.report(diagnostic);
        }
    }

    fn too_early(&self, reader: StepId, read: StepId, edges: &Edges) -> Option<String> {
        let name = &self.outline.get(read).name;
        if reader == read {
            return Some("a step cannot refer to its own outputs".to_owned());
        }
        let (readers, reads) = (self.outline.chain(reader), self.outline.chain(read));
        let (here, there) = readers
            .iter()
            .find_map(|here| {
                let container = self.outline.get(*here).container;
                let there =
                    reads.iter().find(|there| self.outline.get(**there).container == container)?;
                Some((*here, *there))
            })
            .unwrap_or((self.outline.top(reader), self.outline.top(read)));
        if here == there {
            return None;
        }
        let (container, other) =
            (self.outline.get(here).container, self.outline.get(there).container);
        let before = match (container, other) {
            (Container::Main, Container::Finally) => false,
            // Main steps are over; a later step of a body may have run in the pass before.
            (Container::Finally, Container::Main) | (Container::Body(_), _) => true,
            _ => reached_from(edges, there).contains(&here),
        };
        (!before).then(|| format!("the step `{name}` cannot have run before this one"))
    }

    /// The jumps of sequences, loop bodies and `finally`.
    fn jumps(&self, steps: &[Step]) -> Edges {
        let mut edges = Edges::new();
        for (number, step) in steps.iter().enumerate() {
            let id = crate::check::outline::id(number);
            let following = self.outline.get(id).following;
            let following = following.filter(|_| !self.outline.in_graph(id, self.flow));
            edges.insert(id, successors(step, following));
        }
        edges
    }
}

/// The steps that may come after one; `following` is the next in document order.
fn successors(step: &Step, following: Option<StepId>) -> BTreeSet<StepId> {
    let mut targets = BTreeSet::new();
    let falls_through = match &step.action {
        Action::Branch(branch) => {
            targets.extend(branch.choices.iter().map(|choice| choice.next));
            targets.extend(branch.default);
            // One that `when` skips goes on in order.
            branch.default.is_none() || step.when.is_some()
        }
        Action::Component { .. }
        | Action::Loop(_)
        | Action::Sleep(_)
        | Action::Pause
        | Action::Approve(_)
        | Action::UpdateVariable { .. } => true,
    };
    targets.extend(step.next.filter(|_| falls_through));
    targets.extend(step.after_failure(following));
    if let OnCancel::Step(target) = step.on_cancel {
        targets.insert(target);
    }
    targets
}

fn reached_from(edges: &Edges, first: StepId) -> BTreeSet<StepId> {
    let mut reached = BTreeSet::new();
    let mut open = vec![first];
    while let Some(step) = open.pop() {
        for next in edges.get(&step).into_iter().flatten() {
            if reached.insert(*next) {
                open.push(*next);
            }
        }
    }
    reached
}

/// Returns the shortest way from `first` back to itself within its component.
fn circle(edges: &Edges, members: &BTreeSet<StepId>, first: StepId) -> Vec<StepId> {
    let mut from: BTreeMap<StepId, StepId> = BTreeMap::new();
    let mut open = std::collections::VecDeque::from([first]);
    while let Some(step) = open.pop_front() {
        for next in edges.get(&step).into_iter().flatten().filter(|next| members.contains(next)) {
            if *next == first {
                let mut path = vec![step];
                while let Some(before) = path.last().and_then(|step| from.get(step)) {
                    path.push(*before);
                }
                path.reverse();
                return path;
            }
            if !from.contains_key(next) {
                from.insert(*next, step);
                open.push_back(*next);
            }
        }
    }
    vec![first]
}
