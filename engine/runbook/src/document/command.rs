//! Command documents (schema 2.2, 2.0 and 1.2): what nodes run. Only `aws:runShellScript` can be run now.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::action::Catalogue;
use crate::check::Checker;
use crate::check::command::read;
use crate::diagnostic::{Diagnostic, any_error};
use crate::document;
use crate::plan::Parameter;
use crate::source::Source;

/// The schema of a command document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandSchema {
    V1_2,
    V2_0,
    V2_2,
}

/// A command document without mistakes.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandDocument {
    pub schema: CommandSchema,
    pub description: Option<String>,
    pub parameters: BTreeMap<String, CommandParameter>,
    pub steps: Vec<CommandStep>,
}

/// A parameter of a command document.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandParameter {
    pub parameter: Parameter,
    /// `interpolationType: ENV_VAR`: the value arrives as the environment variable `SSM_<name>`.
    pub as_environment: bool,
}

/// One plugin with its inputs, references in them unresolved.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandStep {
    pub name: String,
    /// The plugin: `aws:runShellScript`.
    pub action: String,
    pub precondition: Option<Value>,
    pub inputs: Value,
}

/// Reads and checks a command document; without one there is at least one error.
pub fn check_command(source: &Source) -> (Option<CommandDocument>, Vec<Diagnostic>) {
    let (document, mut diagnostics) = document::parse(source);
    let Some(document) = document else { return (None, diagnostics) };
    let catalogue = Catalogue::new();
    let mut checker = Checker::new(&document, &catalogue, None);
    let command = read(&mut checker, &document.root());
    diagnostics.append(&mut checker.diagnostics);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start.offset, diagnostic.code));
    (command.filter(|_| !any_error(&diagnostics)), diagnostics)
}
