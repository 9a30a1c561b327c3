//! `capabilities`: what a document or step may at most do.

use host_api::grant::Grant;
use host_api::identifier::Digest;
use host_api::manifest::ActionManifest;

use crate::check::{Checked, Checker};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::need::{self, Cause, Source, Uncovered};
use crate::plan::{Action, DocumentIdentity, StepId};
use crate::template::Template;

/// What stands for a parameter while the form of a grant is checked; one of these fits wherever a value can stand.
const STAND_INS: &[&str] = &["x", "https://x.example", "10.0.0.1", "GET", "*"];

impl<'d> Checker<'d> {
    pub(crate) fn capabilities(&mut self, node: &Node<'d>) -> Option<Vec<String>> {
        let mut grants = Vec::new();
        for element in self.list(node)? {
            let Some(text) = self.text(&element) else { continue };
            self.capability(&element, text);
            grants.push(text.to_owned());
        }
        Some(grants)
    }

    fn capability(&mut self, node: &Node<'d>, text: &str) {
        let template = match Template::parse_text(text, self.schema) {
            Ok(template) => template,
            Err(error) => return self.template_error(node, &error),
        };
        let references = template.references();
        let only_parameters = references.outputs.is_empty()
            && references.steps.is_empty()
            && references.variables.is_empty()
            && references.globals.is_empty()
            && !(references.execution_id || references.run || references.event || references.item)
            && !text.contains("${{");
        if !only_parameters {
            let diagnostic = Diagnostic::error(
                codes::CAPABILITY,
                node.span(),
                "a capability can refer to parameters only: it is fixed when the run starts",
            )
            .help("write {{ Parameter }}, or a pattern with `*`");
            self.report(diagnostic);
            return;
        }
        for name in &references.parameters {
            if !self.parameters.contains_key(name) {
                let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
                let message = format!("there is no parameter `{name}`");
                let diagnostic =
                    Diagnostic::error(codes::UNKNOWN_PARAMETER, node.locate(name), message)
                        .suggest(name, known, None);
                self.report(diagnostic);
            }
        }
        let mut fault = None;
        for stand_in in STAND_INS {
            match fill(text, stand_in).parse::<Grant>() {
                Ok(_) => return,
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        if let Some(error) = fault {
            self.error(codes::CAPABILITY, node.span(), error.to_string());
        }
    }
}

impl<'d> Checker<'d> {
    /// Reports what steps need and no capability lets them have.
    ///
    /// Steps with other mistakes are passed over: what they need cannot be worked out. So are all when a list of capabilities is wrong.
    pub(crate) fn needs(&mut self, checked: &Checked) {
        if self.diagnostics.iter().any(|found| found.code == codes::CAPABILITY) {
            return;
        }
        let stated = self.root.get("capabilities").is_some();
        if stated && checked.capabilities.is_none() {
            return;
        }
        let document = DocumentIdentity {
            name: String::new(),
            version: String::new(),
            digest: Digest::of(&[]),
        };
        let plan = crate::compile::compile(checked.clone(), document);
        for number in 0..plan.steps.len() {
            let id = crate::check::outline::id(number);
            if self.faulty.contains(&id) {
                continue;
            }
            let Action::Component { name, .. } = &plan.step(id).action else { continue };
            let Some(manifest) = self.manifest(name) else { continue };
            for need in need::needs_of(&plan, id, manifest, None) {
                if let Source::Invalid(error) = need.source {
                    let message = format!("the inputs name nothing that could be granted: {error}");
                    self.error(codes::INVALID_INPUT, self.outline.span(id), message);
                }
            }
            let Ok(uncovered) = need::uncovered(&plan, id, manifest) else { continue };
            if !uncovered.is_empty() {
                self.uncovered(id, name, &uncovered);
            }
        }
    }

    fn uncovered(&mut self, id: StepId, action: &str, found: &[Uncovered]) {
        let name = &self.outline.get(id).name;
        let mut added: Vec<String> = found.iter().map(Uncovered::capability).collect();
        added.sort();
        added.dedup();
        let open = found.iter().find_map(|found| match &found.need.source {
            Source::Until(causes) => Some(causes),
            Source::Known | Source::Parameters { .. } | Source::Invalid(_) => None,
        });
        let message = match open {
            Some(causes) => {
                let causes: Vec<String> = causes.iter().map(in_words).collect();
                format!(
                    "what the step `{name}` touches depends on {}, and no capability bounds it",
                    causes.join(" and ")
                )
            }
            None => {
                format!("the step `{name}` needs {}, which no capability lists", added.join(", "))
            }
        };
        let list = added.join("\n- ");
        let help = format!("add to `capabilities`, as narrow as the runbook allows:\n- {list}");
        let span = self.outline.span(id);
        // A plugin may declare more than this use of it needs; without the grant it is refused what it asks for.
        let diagnostic = if action.starts_with("aws:") {
            Diagnostic::error(codes::CAPABILITY_MISSING, span, message)
        } else {
            Diagnostic::warning(codes::CAPABILITY_MISSING, span, message)
        };
        self.report(diagnostic.help(help));
    }

    pub(crate) fn manifest(&self, name: &str) -> Option<&'d ActionManifest> {
        let catalogue = self.catalogue;
        catalogue.built_in(name).or_else(|| {
            let pinned = catalogue.installed(name).find(|found| {
                self.plugins.get(&found.package).is_some_and(|pin| pin.digest == found.pin.digest)
            });
            pinned.map(|found| &found.manifest)
        })
    }
}

fn in_words(cause: &Cause) -> String {
    match cause {
        Cause::Step(name) => format!("the step `{name}`"),
        Cause::Variable(name) => format!("the variable `{name}`"),
        Cause::Global(_) | Cause::ExecutionId | Cause::Run => "the run".to_owned(),
        Cause::Event => "the event that starts the run".to_owned(),
        Cause::Item => "the items of `forEach`".to_owned(),
    }
}

/// Replaces every `{{ … }}` by `stand_in`.
fn fill(text: &str, stand_in: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        filled.push_str(stand_in);
        rest = after.split_once("}}").map_or("", |(_, rest)| rest);
    }
    filled.push_str(rest);
    filled
}
