//! One step: its action, and the properties all steps have.

use host_api::manifest::ActionManifest;
use serde_json::Value;

use crate::action::{self, FlowAction};
use crate::check::Checker;
use crate::check::component::Resolved;
use crate::check::input::Shape;
use crate::check::outline::Container;
use crate::check::shell::script_input;
use crate::document::node::Node;
use crate::plan::{Action, OnFailure, Schema, Step, StepId};
use crate::template::Template;

const KEYS_0_3: &[&str] = &[
    "name",
    "action",
    "description",
    "inputs",
    "outputs",
    "maxAttempts",
    "timeoutSeconds",
    "onFailure",
    "onCancel",
    "isCritical",
    "isEnd",
    "nextStep",
];
const KEYS_0_4: &[&str] = &[
    "timeout",
    "dependsOn",
    "when",
    "forEach",
    "as",
    "maxConcurrency",
    "maxErrors",
    "runs",
    "retry",
    "onUnknown",
    "capabilities",
];

impl<'d> Checker<'d> {
    /// Reads the step of a position in the outline. A step with mistakes gives one too: its position counts.
    pub(crate) fn step(&mut self, id: StepId) -> Step {
        self.current = Some(id);
        let node = self.outline.get(id).node.clone();
        self.step_keys(&node);
        self.step_name(&node);
        let container = self.outline.get(id).container;
        let for_each = self.for_each(&node);
        self.item_known = for_each.is_some() || self.inside_for_each(id);
        let (resolved, action_name) = self.action(&node);
        let action = self.inputs(&node, id, resolved, action_name);
        let flow_action = matches!(resolved, Resolved::Flow(_));
        let (max_attempts, backoff) = self.attempts(&node);
        let on_failure = self.on_failure(&node, id);
        let critical = node.get("isCritical").and_then(|node| self.boolean(&node));
        let (is_end, next) = self.next_of(&node, id);
        let step = Step {
            name: self.outline.get(id).name.clone(),
            description: self.optional_text(&node, "description"),
            action: action.unwrap_or(Action::Pause),
            outputs: self.step_outputs(&node, flow_action),
            max_attempts,
            backoff,
            timeout_ms: self.timeout(&node).or_else(|| action::default_timeout_ms(action_name)),
            is_critical: critical.unwrap_or(on_failure != OnFailure::Continue),
            on_cancel: self.on_cancel(&node, id, action_name),
            on_failure,
            is_end,
            next,
            parent: match container {
                Container::Body(parent) => Some(parent),
                Container::Main | Container::Finally => None,
            },
            in_finally: self.outline.in_finally(id),
            depends_on: Vec::new(),
            runs: self.runs(&node, id),
            when: self.when(&node),
            on_unknown: self.on_unknown(&node),
            capabilities: node.get("capabilities").and_then(|node| self.capabilities(&node)),
            for_each,
        };
        self.not_on_flow_actions(&node, resolved);
        step
    }

    fn step_keys(&mut self, node: &Node<'d>) {
        let ours: &[&str] = if self.schema == Schema::V0_4 { KEYS_0_4 } else { &[] };
        let known: Vec<&str> = KEYS_0_3.iter().chain(ours).copied().collect();
        self.keys_but(node, "a step", &known, KEYS_0_4);
        for key in KEYS_0_4 {
            if let Some(child) = node.get(key) {
                self.only_0_4(&format!("`{key}`"), child.key_span());
            }
        }
    }

    fn step_name(&mut self, node: &Node<'d>) {
        if let Some(name) = self.required(node, "the step", "name")
            && let Some(text) = self.text(&name)
        {
            self.name("a step", text, name.span());
        }
    }

    fn inputs(
        &mut self,
        step: &Node<'d>,
        id: StepId,
        resolved: Resolved<'d>,
        action_name: &str,
    ) -> Option<Action> {
        let inputs = step.get("inputs").filter(|inputs| !inputs.value.is_null());
        if let Some(inputs) = &inputs {
            self.map(inputs)?;
        }
        match resolved {
            Resolved::Flow(FlowAction::Pause) => Some(self.pause(inputs.as_ref())),
            Resolved::Flow(flow) => {
                let Some(inputs) = inputs else {
                    self.required(step, "the step", "inputs");
                    return None;
                };
                self.flow_inputs(flow, &inputs, id)
            }
            Resolved::Component(manifest) => {
                let inputs = inputs.unwrap_or_else(|| step.empty_map());
                let template = self.component_inputs(manifest, &inputs, action_name);
                Some(Action::Component { name: manifest.name.clone(), inputs: template })
            }
            Resolved::Nothing => {
                if let Some(inputs) = inputs {
                    self.template(&inputs);
                }
                Some(Action::Component {
                    name: action_name.to_owned(),
                    inputs: Template::Literal(Value::Null),
                })
            }
        }
    }

    fn component_inputs(
        &mut self,
        manifest: &'d ActionManifest,
        inputs: &Node<'d>,
        action_name: &str,
    ) -> Template {
        self.script = script_input(action_name).map(|path| format!("{}{path}", inputs.path));
        let left_out = self.without_counterpart(action_name, inputs);
        let mut value = self.fit(Shape::of(&manifest.inputs), inputs);
        if let Some(members) = value.as_object_mut() {
            members.retain(|name, _| !left_out.contains(&name.as_str()));
        }
        match action_name {
            "runCommand" => self.run_command(inputs),
            "executeAwsApi" => self.api_call(inputs, false),
            "assertAwsResourceProperty" | "waitForAwsResourceProperty" => {
                self.api_call(inputs, true);
                self.property_selector(inputs);
            }
            "httpRequest" => self.http_request(inputs),
            "waitForProperty" => self.wait_for_property(inputs),
            "shell" => {
                self.shell_run(inputs);
                self.shell_inputs_of_step(inputs);
            }
            _ => {}
        }
        let template = self.template_of(inputs, value);
        self.script = None;
        template
    }

    fn flow_inputs(&mut self, flow: FlowAction, inputs: &Node<'d>, id: StepId) -> Option<Action> {
        match flow {
            FlowAction::Branch => Some(Action::Branch(self.branch(inputs, id))),
            FlowAction::Loop => self.loop_action(inputs, id),
            FlowAction::Sleep => self.sleep(inputs),
            FlowAction::Approve => self.approve(inputs),
            FlowAction::UpdateVariable => self.update_variable(inputs),
            FlowAction::Pause => Some(Action::Pause),
        }
    }
}
