//! Values with references in them.

pub mod parse;
pub mod references;
pub mod resolve;
pub(crate) mod scan;
pub(crate) mod script;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cel::Compiled;

pub use crate::value::{TypeMismatch, as_type};
pub use parse::TemplateError;
pub use references::References;

/// A value that may refer to parameters, outputs, variables and so on; resolved when its step starts.
///
/// Made by [`Template::parse_text`] and [`Template::from_value`]; a part without references is a [`Template::Literal`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Template {
    Literal(Value),
    /// A string that is exactly one `{{ reference }}`: keeps the value's type.
    Reference(Reference),
    /// A string that is exactly one `${{ CEL }}`: keeps the value's type.
    Expression(Expression),
    /// Text with references or expressions in it: each is made text, maps and lists as JSON.
    Text(Vec<Segment>),
    List(Vec<Template>),
    Map(BTreeMap<String, Template>),
    /// `{ secret: NAME }`: a reference to a `SecureString`, never its text.
    Secret(Box<Template>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Segment {
    Text(String),
    Reference(Reference),
    Expression(Expression),
}

/// What `{{ … }}` can name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reference {
    Parameter(String),
    /// Also what a loop provides: `{{ LoopStep.CurrentIteration }}`.
    StepOutput {
        step: String,
        output: String,
    },
    Variable(String),
    Global(Global),
    ExecutionId,
}

/// SSM's system variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Global {
    AccountId,
    Date,
    DateTime,
    Region,
    AwsPartition,
}

/// A CEL expression that was parsed and checked at compilation.
///
/// Made by [`Expression::parse`]; what it is compiled to is kept beside it, and rebuilt from `source` when it was read from a
/// stored plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expression {
    pub source: String,
    /// What it reads: parameters, variables, steps (their outputs and status), and which of `run`, `event`, `item`.
    pub reads: Reads,
    #[serde(skip)]
    pub(crate) compiled: Compiled,
}

/// What an expression reads, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reads {
    pub parameters: Vec<String>,
    pub variables: Vec<String>,
    /// Every step that is read in any way.
    pub steps: Vec<String>,
    /// Of these steps, single outputs that are read by name.
    pub outputs: Vec<OutputRead>,
    pub run: bool,
    pub event: bool,
    pub item: bool,
}

/// One output that an expression names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputRead {
    pub step: String,
    pub output: String,
}

/// What a template is resolved against; implemented by `machine` over a run's state.
pub trait Scope {
    fn parameter(&self, name: &str) -> Option<Value>;
    fn variable(&self, _name: &str) -> Option<Value> {
        None
    }
    /// One declared or built-in output of a step; `None` while it has none by that name.
    fn step_output(&self, _step: &str, _output: &str) -> Option<Value> {
        None
    }
    /// All outputs of a step as an object, for CEL; `None` when it has none: it did not run, or failed without any.
    fn step_outputs(&self, _step: &str) -> Option<Value> {
        None
    }
    /// SSM's word for the step's status.
    fn step_status(&self, _step: &str) -> Option<&'static str> {
        None
    }
    fn global(&self, global: Global) -> Value;
    fn execution_id(&self) -> Value {
        Value::Null
    }
    /// `run`: `{ id, status, failures: [{ step, code, message }], startedAt }`.
    fn run(&self) -> Value {
        Value::Null
    }
    /// The event that started the run; null when it was started by hand.
    fn event(&self) -> Value {
        Value::Null
    }
    /// The bindings of `item`: `{ <as>: value, index: n, value: value }`.
    fn item(&self) -> Option<Value> {
        None
    }
}

/// Why a template could not be resolved: the step fails in its input validation with this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("{0} has no value")]
    Missing(String),
    #[error("expression `{expression}` failed: {message}")]
    Expression { expression: String, message: String },
    #[error("{0} is too large")]
    TooLarge(String),
    /// `{ secret: … }` holds something that names no secret.
    #[error("a secret is named by text or by another secret, not by {found}")]
    NotASecret { found: &'static str },
    /// A secret stands amid other text, where only its name could be shown.
    #[error("{0} is a secret and cannot be part of a text; use it as a whole value")]
    SecretInText(String),
    /// An operand of a branch condition has a type its operator does not compare.
    #[error("{operator} compares {expected}, not {found}")]
    Operand { operator: &'static str, expected: &'static str, found: String },
}
