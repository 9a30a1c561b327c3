//! A compiled runbook: what a run executes. Only `compile` makes one; it is stored by digest and never recompiled.

use std::collections::BTreeMap;

use host_api::identifier::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::template::{Expression, Template};

/// A step by its position in [`Plan::steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub document: DocumentIdentity,
    pub schema: Schema,
    pub flow: Flow,
    pub description: Option<String>,
    pub assume_role: Option<Template>,
    pub parameters: BTreeMap<String, Parameter>,
    pub variables: BTreeMap<String, Variable>,
    /// Every step, loop bodies and `finally` included, in document order.
    pub steps: Vec<Step>,
    /// The top level of the main part: document order for a sequence, a stable topological order for a graph.
    pub main: Vec<StepId>,
    pub finally: Vec<StepId>,
    /// `outputs:` of the document, in order.
    pub outputs: Vec<DocumentOutput>,
    /// The document's ceiling, as grant texts that may hold `{{ Parameter }}`; `None` when it states none.
    pub capabilities: Option<Vec<String>>,
    /// Third-party actions, pinned.
    pub plugins: BTreeMap<String, PluginPin>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentIdentity {
    pub name: String,
    pub version: String,
    /// Of the document's text.
    pub digest: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Schema {
    #[serde(rename = "0.3")]
    V0_3,
    #[serde(rename = "0.4")]
    V0_4,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Flow {
    Sequence,
    Graph,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginPin {
    pub version: String,
    pub digest: Digest,
}

/// SSM's parameter types, resource types (which hold text) and our `Secret`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueType {
    String,
    StringList,
    Integer,
    Boolean,
    StringMap,
    MapList,
    /// `AWS::IAM::Role::Arn` and the like.
    Resource(String),
    /// `List<AWS::EC2::Instance::Id>` and the like.
    ResourceList(String),
    Secret,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    pub value_type: ValueType,
    pub description: Option<String>,
    /// May hold `{{ssm:name}}` for `String` and `StringList`.
    pub default: Option<ParameterDefault>,
    pub allowed_values: Vec<Value>,
    /// Matches the whole value, as Java's `matches` does.
    pub allowed_pattern: Option<String>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub min_chars: Option<u64>,
    pub max_chars: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ParameterDefault {
    Literal(Value),
    /// `{{ssm:name}}` or `{{ssm:name:version}}`, the name with its selector: read when the run starts.
    ParameterStore(String),
    /// `{ secret: NAME }`.
    Secret(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    pub value_type: ValueType,
    pub default: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DocumentOutput {
    /// `Step.Output`
    Output { step: String, output: String },
    /// `Step`: all its outputs.
    Step(String),
    /// 0.4: `name: ${{ … }}`.
    Value { name: String, value: Template },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub name: String,
    pub description: Option<String>,
    pub action: Action,
    pub outputs: Vec<StepOutput>,
    /// Attempts in all, at least 1 (0.3 `maxAttempts`, 0.4 `retry`).
    pub max_attempts: u32,
    pub backoff: Backoff,
    /// Of one attempt; the action's default when not stated.
    pub timeout_ms: Option<u64>,
    pub on_failure: OnFailure,
    pub on_cancel: OnCancel,
    pub is_critical: bool,
    pub is_end: bool,
    /// Where a sequence goes on after success: `nextStep`, else the next in document order; `None` at the end.
    pub next: Option<StepId>,
    /// The loop whose body holds this step.
    pub parent: Option<StepId>,
    pub in_finally: bool,
    /// Graph only: stated dependencies and those that come from references, sorted.
    pub depends_on: Vec<StepId>,
    pub runs: Runs,
    pub when: Option<Expression>,
    pub for_each: Option<ForEach>,
    pub on_unknown: OnUnknown,
    /// The step's ceiling; `None` when it states none.
    pub capabilities: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::large_enum_variant,
    reason = "a plan holds few, and reads them more often than it moves them"
)]
pub enum Action {
    /// Runs as a component.
    Component {
        name: String,
        inputs: Template,
    },
    Branch(Branch),
    Loop(Loop),
    /// Resolves to an ISO 8601 duration or timestamp.
    Sleep(Sleep),
    Pause,
    Approve(Approve),
    UpdateVariable {
        name: String,
        value: Template,
    },
}

impl Action {
    /// Returns the action's name as documents write it.
    pub fn name(&self) -> &str {
        match self {
            Self::Component { name, .. } => name,
            Self::Branch(_) => "aws:branch",
            Self::Loop(_) => "aws:loop",
            Self::Sleep(_) => "aws:sleep",
            Self::Pause => "aws:pause",
            Self::Approve(_) => "aws:approve",
            Self::UpdateVariable { .. } => "aws:updateVariable",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sleep {
    Duration(Template),
    Timestamp(Template),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approve {
    /// List of text.
    pub approvers: Template,
    pub message: Option<Template>,
    pub min_required_approvals: Template,
    pub notification_arn: Option<Template>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// The first that holds wins.
    pub choices: Vec<Choice>,
    pub default: Option<StepId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    pub condition: Condition,
    pub next: StepId,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::large_enum_variant,
    reason = "a plan holds few, and reads them more often than it moves them"
)]
pub enum Condition {
    Compare { variable: Template, operator: Operator, value: Template },
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

/// The operators of `aws:branch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    StringEquals,
    EqualsIgnoreCase,
    StartsWith,
    EndsWith,
    Contains,
    NumericEquals,
    NumericGreater,
    NumericLesser,
    NumericGreaterOrEquals,
    NumericLesserOrEquals,
    BooleanEquals,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loop {
    /// Top level of the body, in order. The first is where a pass begins.
    pub body: Vec<StepId>,
    pub kind: LoopKind,
    /// 1 to 100.
    pub max_iterations: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LoopKind {
    /// At most 100 values.
    ForEach { iterators: Template, value_type: ValueType },
    /// The condition is tested after each pass; another pass is made while it holds.
    DoWhile(Condition),
}

/// An output read from an action's response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepOutput {
    pub name: String,
    pub selector: crate::selector::Selector,
    pub value_type: ValueType,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnFailure {
    Abort,
    Continue,
    Step(StepId),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnCancel {
    Abort,
    Step(StepId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnUnknown {
    Fail,
    Retry,
    Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Runs {
    OnSuccess,
    OnFailure,
    Always,
}

/// The delay before attempt n+1 is `delay * factor^(n-1)`, at most `delay_ms_max`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backoff {
    pub delay_ms: u64,
    pub factor: f64,
    pub delay_ms_max: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForEach {
    /// Resolves to a list; evaluated once and journaled.
    pub list: Template,
    /// The name an item has beside `item.value`: `item.<as>`.
    pub as_name: Option<String>,
    pub max_concurrency: Amount,
    pub max_errors: Amount,
}

/// A count, or a percentage of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Amount {
    Count(u32),
    Percent(u8),
}

impl Step {
    /// Returns where a sequence goes on after the step failed for good; `following` is the next in document order. A step that ends the
    /// run ends it then too.
    pub fn after_failure(&self, following: Option<StepId>) -> Option<StepId> {
        match self.on_failure {
            _ if self.is_end => None,
            OnFailure::Abort => None,
            OnFailure::Continue => following,
            OnFailure::Step(target) => Some(target),
        }
    }
}

impl Plan {
    /// Returns the next step of the same list in document order; a graph's top level has none.
    pub fn following(&self, id: StepId) -> Option<StepId> {
        let step = self.step(id);
        let body = step.parent.and_then(|parent| match &self.step(parent).action {
            Action::Loop(repeated) => Some(&repeated.body),
            Action::Component { .. }
            | Action::Branch(_)
            | Action::Sleep(_)
            | Action::Pause
            | Action::Approve(_)
            | Action::UpdateVariable { .. } => None,
        });
        let list = match body {
            Some(body) => body,
            None if step.in_finally => &self.finally,
            None if self.flow == Flow::Graph => return None,
            None => &self.main,
        };
        let position = list.iter().position(|other| *other == id)?;
        list.get(position + 1).copied()
    }

    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0 as usize]
    }

    /// Returns the step of that name; names are unique in a document.
    pub fn step_named(&self, name: &str) -> Option<StepId> {
        let position = self.steps.iter().position(|step| step.name == name)?;
        u32::try_from(position).ok().map(StepId)
    }

    /// Returns the digest of the plan's canonical JSON: what a run refers to.
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}
