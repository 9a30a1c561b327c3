//! What actions there are: SSM's 23, ours, and those of plugins.

use std::collections::BTreeMap;

use host_api::manifest::ActionManifest;
use serde_json::Value;

use crate::plan::PluginPin;

/// What carries out an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The engine itself, without a component.
    Flow(FlowAction),
    /// A built-in component.
    Component,
    /// Known, but its real counterpart does not exist yet; with the reason.
    Unavailable(&'static str),
}

/// The actions that the engine carries out itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowAction {
    Branch,
    Loop,
    Sleep,
    Pause,
    Approve,
    UpdateVariable,
}

impl FlowAction {
    /// The outputs that such a step has (SSM's action reference).
    pub fn outputs(self) -> &'static [&'static str] {
        match self {
            Self::Loop => &["CurrentIteration", "CurrentIteratorValue"],
            Self::Approve => &["ApprovalStatus", "ApproverDecisions"],
            Self::Branch | Self::Sleep | Self::Pause | Self::UpdateVariable => &[],
        }
    }
}

/// An action that this version knows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Without `aws:`.
    pub name: &'static str,
    pub kind: Kind,
    /// Whether schema 0.3 has it.
    pub in_ssm: bool,
    /// Whether `onCancel: step:…` may lead to it (SSM refuses some).
    pub cancel_target: bool,
}

const CLOUD: &str = "it acts on AWS resources, for which this version has no counterpart";
const SCRIPT: &str = "it runs Python or PowerShell in a sandbox, which this version does not have";

const OPSCENTER: &str = "it arrives with OpsCenter, which this version does not have";

const fn ssm(name: &'static str, kind: Kind, cancel_target: bool) -> Known {
    Known { name, kind, in_ssm: true, cancel_target }
}

const fn ours(name: &'static str) -> Known {
    Known { name, kind: Kind::Component, in_ssm: false, cancel_target: true }
}

/// Every action known by name: SSM's 23 (user guide, "Systems Manager Automation actions reference"), then ours and what is to come.
pub const KNOWN: &[Known] = &[
    ssm("approve", Kind::Flow(FlowAction::Approve), false),
    ssm("assertAwsResourceProperty", Kind::Component, true),
    ssm("branch", Kind::Flow(FlowAction::Branch), true),
    ssm("changeInstanceState", Kind::Unavailable(CLOUD), true),
    ssm("copyImage", Kind::Unavailable(CLOUD), false),
    ssm("createImage", Kind::Unavailable(CLOUD), false),
    ssm("createStack", Kind::Unavailable(CLOUD), false),
    ssm("createTags", Kind::Component, false),
    ssm("deleteImage", Kind::Unavailable(CLOUD), true),
    ssm("deleteStack", Kind::Unavailable(CLOUD), true),
    ssm("executeAutomation", Kind::Component, true),
    ssm("executeAwsApi", Kind::Component, true),
    ssm("executeScript", Kind::Unavailable(SCRIPT), true),
    ssm("executeStateMachine", Kind::Unavailable(CLOUD), true),
    ssm("invokeLambdaFunction", Kind::Unavailable(CLOUD), true),
    ssm("invokeWebhook", Kind::Component, true),
    ssm("loop", Kind::Flow(FlowAction::Loop), true),
    ssm("pause", Kind::Flow(FlowAction::Pause), false),
    ssm("runCommand", Kind::Component, true),
    ssm("runInstances", Kind::Unavailable(CLOUD), false),
    ssm("sleep", Kind::Flow(FlowAction::Sleep), false),
    ssm("updateVariable", Kind::Flow(FlowAction::UpdateVariable), true),
    ssm("waitForAwsResourceProperty", Kind::Component, true),
    ours("assertProperty"),
    ours("gatherInventory"),
    ours("getParameter"),
    ours("httpRequest"),
    ours("putParameter"),
    ours("shell"),
    ours("waitForProperty"),
    Known {
        name: "createOpsItem",
        kind: Kind::Unavailable(OPSCENTER),
        in_ssm: false,
        cancel_target: true,
    },
];

/// Returns what does the work of an action that is not available, where something does.
pub fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "executeScript" => {
            "compute with an expression `${{ … }}` (schema 0.4), or run the script on a node with shell (schema 0.4) or aws:runCommand"
        }
        "invokeLambdaFunction" | "executeStateMachine" => {
            "aws:invokeWebhook, or httpRequest (schema 0.4), calls what has a URL"
        }
        "createOpsItem" => {
            "aws:invokeWebhook, or httpRequest (schema 0.4), can tell another system"
        }
        "changeInstanceState"
        | "copyImage"
        | "createImage"
        | "createStack"
        | "deleteImage"
        | "deleteStack"
        | "runInstances" => {
            "run the cloud's own command line on a node with aws:runCommand, or write a plugin: `runwright plugin build`"
        }
        _ => return None,
    })
}

/// SSM's default timeout of an action that polls.
const POLLING_MS: u64 = 3_600_000;

/// Returns the timeout of one attempt at a step of an action, by its name without `aws:`, when the step states none.
pub fn default_timeout_ms(name: &str) -> Option<u64> {
    (name == "waitForAwsResourceProperty").then_some(POLLING_MS)
}

/// Returns a known action by its name without `aws:`.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// The actions of components that are at hand, the built-in ones and those of installed plugins, and the operations that they can call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    built_in: BTreeMap<String, ActionManifest>,
    installed: Vec<Installed>,
    operations: BTreeMap<String, bool>,
}

/// An action of an installed plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// The plugin's package: `vendor:package`.
    pub package: String,
    pub pin: PluginPin,
    pub manifest: ActionManifest,
}

impl Catalogue {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action of a built-in component, named `aws:<name>`.
    pub fn add_built_in(&mut self, manifest: ActionManifest) {
        self.built_in.insert(manifest.name.clone(), manifest);
    }

    /// Adds an action of an installed plugin; several versions of one plugin may be installed.
    pub fn add_plugin(
        &mut self,
        package: impl Into<String>,
        pin: PluginPin,
        manifest: ActionManifest,
    ) {
        self.installed.push(Installed { package: package.into(), pin, manifest });
    }

    /// Adds an operation of SSM that steps may name; `is_served` where it has a service here.
    pub fn add_operation(&mut self, name: impl Into<String>, is_served: bool) {
        self.operations.insert(name.into(), is_served);
    }

    /// Returns the names of SSM's operations, each with whether it has a service here; none where they are not known.
    pub fn operations(&self) -> &BTreeMap<String, bool> {
        &self.operations
    }

    /// Returns a built-in action by its full name, `aws:<name>`.
    pub fn built_in(&self, name: &str) -> Option<&ActionManifest> {
        self.built_in.get(name)
    }

    /// Returns the installed plugin actions of that name.
    pub fn installed<'c, 'n>(
        &'c self,
        name: &'n str,
    ) -> impl Iterator<Item = &'c Installed> + use<'c, 'n> {
        self.installed.iter().filter(move |installed| installed.manifest.name == name)
    }

    /// Returns all actions of installed plugins.
    pub fn all_installed(&self) -> &[Installed] {
        &self.installed
    }

    /// The names of all actions, as a runbook of schema 0.4 writes them.
    pub fn names(&self) -> Vec<&str> {
        let known = KNOWN.iter().map(|known| known.name);
        known
            .chain(self.installed.iter().map(|installed| installed.manifest.name.as_str()))
            .collect()
    }
}

/// The outputs that a manifest declares; `None` when it leaves them open.
pub(crate) fn declared_outputs(manifest: &ActionManifest) -> Option<Vec<&str>> {
    let properties = manifest.outputs.get("properties").and_then(Value::as_object)?;
    let open = manifest
        .outputs
        .get("additionalProperties")
        .is_some_and(|more| *more != Value::Bool(false));
    (!open).then(|| properties.keys().map(String::as_str).collect())
}
