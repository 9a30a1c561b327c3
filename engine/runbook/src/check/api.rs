//! Literal inputs of the actions that call an operation by its name.

use host_api::request::api::{SERVICES, fold, reads};

use crate::check::Checker;
use crate::check::request::{is_plain_selector, literal};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;

impl<'d> Checker<'d> {
    /// Checks `Service` and `Api`; `only_reads` for an action that looks at what an operation answers, perhaps many times.
    pub(crate) fn api_call(&mut self, inputs: &Node<'d>, only_reads: bool) {
        if let Some(node) = inputs.get("Service")
            && let Some(service) = literal(&node)
            && !SERVICES.contains(&service.to_ascii_lowercase().as_str())
        {
            let message = format!(
                "there is no service `{service}` here: only operations of this installation can be called"
            );
            let help = format!(
                "the services are {}; for another one run its command line on a node with aws:runCommand, or call its URL with \
                 aws:invokeWebhook or httpRequest (schema 0.4)",
                SERVICES.join(", ")
            );
            let diagnostic =
                Diagnostic::error(codes::INPUT_WITHOUT_COUNTERPART, node.span(), message);
            self.report(diagnostic.help(help));
            return;
        }
        if let Some(node) = inputs.get("Api")
            && let Some(operation) = literal(&node)
        {
            self.operation(&node, operation, only_reads);
        }
    }

    pub(crate) fn property_selector(&mut self, inputs: &Node<'d>) {
        if let Some(node) = inputs.get("PropertySelector")
            && let Some(text) = literal(&node)
            && !is_plain_selector(text)
        {
            let message = format!("`{text}` does not select one value");
            let diagnostic = Diagnostic::error(codes::SELECTOR, node.span(), message)
                .help("write `$` and then any number of `.name` and `[0]`");
            self.report(diagnostic);
        }
    }

    fn operation(&mut self, node: &Node<'d>, operation: &str, only_reads: bool) {
        let catalogue = self.catalogue;
        let known = catalogue.operations();
        if known.is_empty() {
            return;
        }
        let folded = fold(operation);
        let Some((name, is_served)) = known.iter().find(|(name, _)| fold(name) == folded) else {
            let message = format!("SSM has no operation `{operation}`");
            let diagnostic = Diagnostic::error(codes::INVALID_INPUT, node.span(), message);
            let names = known.keys().map(String::as_str);
            self.report(diagnostic.suggest(operation, names, None));
            return;
        };
        if !is_served {
            let message = format!("the operation {name} is not available yet");
            self.error(codes::INPUT_WITHOUT_COUNTERPART, node.span(), message);
        } else if only_reads && !reads(name) {
            let message =
                format!("{name} changes something each time: only what reads is looked at");
            let diagnostic = Diagnostic::error(codes::INVALID_INPUT, node.span(), message);
            let help =
                "call it once with aws:executeAwsApi, then look with Get…, Describe… or List…";
            self.report(diagnostic.help(help));
        }
    }
}
