//! Which action a step names, and whether it is at hand.

use host_api::manifest::ActionManifest;

use crate::action::{self, FlowAction, Installed, Kind, Known};
use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::plan::Schema;

/// The action of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resolved<'d> {
    Flow(FlowAction),
    /// A component with its manifest.
    Component(&'d ActionManifest),
    /// It was reported that there is none.
    Nothing,
}

impl<'d> Checker<'d> {
    /// Returns the action and its name without `aws:`.
    pub(crate) fn action(&mut self, step: &Node<'d>) -> (Resolved<'d>, &'d str) {
        let Some(node) = self.required(step, "the step", "action") else {
            return (Resolved::Nothing, "");
        };
        let Some(text) = self.text(&node) else { return (Resolved::Nothing, "") };
        let (vendor, name) = match text.split_once(':') {
            Some((vendor, name)) => (Some(vendor), name),
            None => (None, text),
        };
        match (vendor, action::known(name)) {
            (Some("aws") | None, Some(known)) => {
                if vendor.is_none() && known.in_ssm && self.schema == Schema::V0_3 {
                    let message = format!("schema 0.3 names its actions in full: `{text}` is none");
                    let diagnostic = Diagnostic::error(codes::UNKNOWN_ACTION, node.span(), message)
                        .help(format!("write aws:{name}"));
                    self.report(diagnostic);
                }
                (self.known_action(&node, known), name)
            }
            (Some(vendor), _) if vendor != "aws" => (self.plugin_action(&node, vendor, text), text),
            (Some(_) | None, _) => {
                self.unknown_action(&node, text);
                (Resolved::Nothing, "")
            }
        }
    }

    fn known_action(&mut self, node: &Node<'d>, known: &'static Known) -> Resolved<'d> {
        let available = !matches!(known.kind, Kind::Unavailable(_));
        if available
            && !known.in_ssm
            && !self.only_0_4(&format!("action `{}`", known.name), node.span())
        {
            return Resolved::Nothing;
        }
        match known.kind {
            Kind::Flow(flow) => Resolved::Flow(flow),
            Kind::Unavailable(reason) => {
                let message = format!("aws:{} is not available yet: {reason}", known.name);
                let diagnostic = Diagnostic::error(codes::UNAVAILABLE_ACTION, node.span(), message);
                self.report(match action::instead(known.name) {
                    Some(instead) => diagnostic.help(instead),
                    None => diagnostic,
                });
                Resolved::Nothing
            }
            Kind::Component => {
                let name = format!("aws:{}", known.name);
                let catalogue = self.catalogue;
                if let Some(manifest) = catalogue.built_in(&name) {
                    return Resolved::Component(manifest);
                }
                let message = format!("the component of {name} is not built into this program");
                self.error(codes::UNAVAILABLE_ACTION, node.span(), message);
                Resolved::Nothing
            }
        }
    }

    fn unknown_action(&mut self, node: &Node<'d>, text: &str) {
        let names = self.catalogue.names();
        let plain = text.strip_prefix("aws:").unwrap_or(text);
        let prefix = if self.schema == Schema::V0_3 { "aws:" } else { "" };
        let mut diagnostic = Diagnostic::error(
            codes::UNKNOWN_ACTION,
            node.span(),
            format!("there is no action `{text}`"),
        );
        diagnostic = match crate::diagnostic::suggest::closest(plain, names) {
            Some(found) => diagnostic.help(format!("did you mean `{prefix}{found}`?")),
            None => diagnostic.help("`runwright actions list` shows all actions"),
        };
        self.report(diagnostic);
    }

    fn plugin_action(&mut self, node: &Node<'d>, vendor: &str, text: &'d str) -> Resolved<'d> {
        if !self.only_0_4(&format!("actions of plugins, such as `{text}`"), node.span()) {
            return Resolved::Nothing;
        }
        let catalogue = self.catalogue;
        let installed: Vec<&'d Installed> = catalogue.installed(text).collect();
        let locked = self.lock.map(|lock| &lock.plugins);
        if installed.is_empty() {
            self.no_plugin(node, vendor, text);
            return Resolved::Nothing;
        }
        let packages: Vec<&str> = installed.iter().map(|found| found.package.as_str()).collect();
        let pinned =
            installed.iter().find_map(|found| Some((&found.package, locked?.get(&found.package)?)));
        let Some((package, pin)) = pinned else {
            let found = installed[0];
            let message =
                format!("the plugin `{}` of `{text}` is not in the lock file", packages[0]);
            let diagnostic = Diagnostic::error(codes::PLUGIN_NOT_LOCKED, node.span(), message).help(
                format!(
                    "add to the lock file beside the runbook:\nplugins:\n  {}: {{ version: \"{}\", digest: {} }}",
                    found.package, found.pin.version, found.pin.digest
                ),
            );
            self.report(diagnostic);
            return Resolved::Nothing;
        };
        let Some(found) = installed.iter().find(|found| found.pin.digest == pin.digest) else {
            let message = format!(
                "the lock file pins `{package}` {} with digest {}, which is not installed",
                pin.version, pin.digest
            );
            let diagnostic = Diagnostic::error(codes::PLUGIN_NOT_INSTALLED, node.span(), message)
                .help(
                    "install that version, or pin one that is installed: `runwright plugin list`",
                );
            self.report(diagnostic);
            return Resolved::Nothing;
        };
        self.plugins.insert(found.package.clone(), found.pin.clone());
        Resolved::Component(&found.manifest)
    }

    fn no_plugin(&mut self, node: &Node<'d>, vendor: &str, text: &str) {
        let locked = self.lock.is_some_and(|lock| {
            lock.plugins.keys().any(|package| package.split(':').next() == Some(vendor))
        });
        let names = self.catalogue.names();
        let near = crate::diagnostic::suggest::closest(text, names).map(str::to_owned);
        let diagnostic = if locked {
            let message = format!("no installed plugin has the action `{text}`");
            Diagnostic::error(codes::PLUGIN_NOT_INSTALLED, node.span(), message).help(format!(
                "the lock file names a plugin of `{vendor}`: install it with `runwright plugin add`"
            ))
        } else {
            let message =
                format!("`{text}` is an action of a plugin that is neither locked nor installed");
            Diagnostic::error(codes::PLUGIN_NOT_LOCKED, node.span(), message).help(
                "install it with `runwright plugin add` and pin it in the lock file beside the runbook",
            )
        };
        let diagnostic = match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        };
        self.report(diagnostic);
    }
}
