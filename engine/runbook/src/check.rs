//! Checking: a document's values against the language; all mistakes at once.

mod amount;
mod api;
mod approve;
mod branch;
mod capability;
pub(crate) mod command;
mod component;
mod counterpart;
mod flow;
mod input;
mod order;
mod outline;
mod output;
mod parameter;
mod property;
mod reads;
mod request;
mod send;
mod shape;
mod shell;
mod step;
mod target;
mod text;
mod timing;

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Catalogue;
use crate::codes;
use crate::diagnostic::{Diagnostic, Severity, any_error};
use crate::document::Document;
use crate::document::node::Node;
use crate::lock::Lock;
use crate::plan::{DocumentOutput, Flow, Parameter, PluginPin, Schema, Step, StepId, Variable};
use crate::template::Template;
use outline::Outline;
use reads::Use;

/// How many steps a document may have, loop bodies and `finally` included.
pub const STEPS_MAX: usize = 1_000;

/// A runbook without mistakes: what [`crate::compile::compile`] makes a plan of.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    pub(crate) schema: Schema,
    pub(crate) flow: Flow,
    pub(crate) description: Option<String>,
    pub(crate) assume_role: Option<Template>,
    pub(crate) parameters: BTreeMap<String, Parameter>,
    pub(crate) variables: BTreeMap<String, Variable>,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<DocumentOutput>,
    pub(crate) capabilities: Option<Vec<String>>,
    pub(crate) plugins: BTreeMap<String, PluginPin>,
}

/// Checks a document of schema 0.3 or 0.4; without a result there is at least one error.
///
/// `lock` is the lock file beside the document, when there is one.
pub fn check(
    document: &Document,
    catalogue: &Catalogue,
    lock: Option<&Lock>,
) -> (Option<Checked>, Vec<Diagnostic>) {
    let mut checker = Checker::new(document, catalogue, lock);
    let result = checker.document();
    if let Some(checked) = &result {
        checker.needs(checked);
    }
    let mut diagnostics = checker.diagnostics;
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start.offset, diagnostic.code));
    diagnostics.dedup();
    (result.filter(|_| !any_error(&diagnostics)), diagnostics)
}

/// What is known while a document is checked.
pub(crate) struct Checker<'d> {
    pub(crate) root: Node<'d>,
    pub(crate) catalogue: &'d Catalogue,
    pub(crate) lock: Option<&'d Lock>,
    pub(crate) schema: Schema,
    pub(crate) flow: Flow,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) parameters: BTreeMap<String, Parameter>,
    pub(crate) variables: BTreeMap<String, Variable>,
    pub(crate) outline: Outline<'d>,
    pub(crate) uses: Vec<Use<'d>>,
    pub(crate) plugins: BTreeMap<String, PluginPin>,
    /// Steps with mistakes in their own properties and values.
    pub(crate) faulty: BTreeSet<StepId>,
    /// The step whose values are being read.
    pub(crate) current: Option<StepId>,
    /// Whether `item` means something to the values being read.
    pub(crate) item_known: bool,
    /// Inputs that are reported, or passed over, apart from the action's schema.
    pub(crate) passed_over: Vec<String>,
    /// Where the text of a script stands in the step that is being read.
    pub(crate) script: Option<String>,
    /// Whether it is a command document.
    pub(crate) of_command: bool,
}

const KEYS_0_3: &[&str] = &[
    "schemaVersion",
    "description",
    "assumeRole",
    "parameters",
    "variables",
    "mainSteps",
    "outputs",
    "files",
];
const KEYS_0_4: &[&str] = &["flow", "capabilities", "finally", "limits", "concurrency"];

/// Keys that no schema can use yet.
const LATER: &[&str] = &["limits", "concurrency"];

impl<'d> Checker<'d> {
    pub(crate) fn new(
        document: &'d Document,
        catalogue: &'d Catalogue,
        lock: Option<&'d Lock>,
    ) -> Self {
        Self {
            root: document.root(),
            catalogue,
            lock,
            schema: Schema::V0_4,
            flow: Flow::Sequence,
            diagnostics: Vec::new(),
            parameters: BTreeMap::new(),
            variables: BTreeMap::new(),
            outline: Outline::default(),
            uses: Vec::new(),
            plugins: BTreeMap::new(),
            faulty: BTreeSet::new(),
            current: None,
            item_known: false,
            passed_over: Vec::new(),
            script: None,
            of_command: false,
        }
    }

    fn document(&mut self) -> Option<Checked> {
        let root = self.root.clone();
        self.schema = self.schema_version(&root)?;
        self.top_keys(&root);
        self.flow = self.flow_of(&root);
        let description = self.optional_text(&root, "description");
        self.parameters(&root);
        self.variables(&root);
        let assume_role = root.get("assumeRole").and_then(|node| self.text_template(&node));
        let capabilities = root.get("capabilities").and_then(|node| self.capabilities(&node));
        self.outline(&root);
        let mut steps = Vec::new();
        for number in 0..self.outline.steps.len() {
            let id = outline::id(number);
            let before = self.errors();
            steps.push(self.step(id));
            if self.errors() > before {
                self.faulty.insert(id);
            }
        }
        self.current = None;
        self.item_known = false;
        let outputs = self.document_outputs(&root);
        self.check_reads(&steps);
        self.order(&mut steps);
        Some(Checked {
            schema: self.schema,
            flow: self.flow,
            description,
            assume_role,
            parameters: std::mem::take(&mut self.parameters),
            variables: std::mem::take(&mut self.variables),
            steps,
            outputs,
            capabilities,
            plugins: self.plugins.clone(),
        })
    }

    fn errors(&self) -> usize {
        let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
        self.diagnostics.iter().filter(is_error).count()
    }

    fn schema_version(&mut self, root: &Node<'d>) -> Option<Schema> {
        let help =
            "write `schemaVersion: \"0.3\"` for SSM's language, `schemaVersion: \"0.4\"` for ours";
        let Some(node) = root.get("schemaVersion") else {
            let message = "the runbook lacks `schemaVersion`";
            let diagnostic =
                Diagnostic::error(codes::SCHEMA_VERSION, root.focus_start(), message).help(help);
            self.report(diagnostic);
            return None;
        };
        match node.text() {
            Some("0.3") => Some(Schema::V0_3),
            Some("0.4") => Some(Schema::V0_4),
            _ => {
                let message = if node.value.is_number() {
                    "the schema version must be text, in quotes".to_owned()
                } else {
                    format!("{} is not a schema version of runbooks", node.value)
                };
                let diagnostic =
                    Diagnostic::error(codes::SCHEMA_VERSION, node.focus(), message).help(help);
                self.report(diagnostic);
                None
            }
        }
    }

    fn top_keys(&mut self, root: &Node<'d>) {
        let ours: &[&str] = if self.schema == Schema::V0_4 { KEYS_0_4 } else { &[] };
        let known: Vec<&str> = KEYS_0_3.iter().chain(ours).copied().collect();
        self.keys_but(root, "a runbook", &known, KEYS_0_4);
        for key in KEYS_0_4.iter().filter(|key| !LATER.contains(key)) {
            if let Some(node) = root.get(key) {
                self.only_0_4(&format!("`{key}`"), node.key_span());
            }
        }
        let later = [
            ("limits", "blast-radius limits are not available yet"),
            ("concurrency", "concurrency keys are not available yet"),
            ("files", "attached files are not available yet: no action of this version reads them"),
        ];
        for (key, message) in later {
            if let Some(node) = root.get(key) {
                let diagnostic =
                    Diagnostic::error(codes::NOT_AVAILABLE_YET, node.key_span(), message)
                        .help("remove the key: it would have no effect");
                self.report(diagnostic);
            }
        }
    }

    fn flow_of(&mut self, root: &Node<'d>) -> Flow {
        match root.get("flow") {
            Some(node) if self.schema == Schema::V0_4 => {
                match self.word(&node, &["sequence", "graph"]) {
                    Some(1) => Flow::Graph,
                    _ => Flow::Sequence,
                }
            }
            _ => Flow::Sequence,
        }
    }
}
