//! The lock file beside a runbook: which plugins it runs with, by version and digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use host_api::identifier::Digest;

use crate::action::Catalogue;
use crate::check::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, any_error};
use crate::document;
use crate::document::node::Node;
use crate::plan::PluginPin;
use crate::source::Source;

/// Pins by package, `vendor:package`. The file is `<stem>.lock` or `runbooks.lock` beside the runbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pub plugins: BTreeMap<String, PluginPin>,
}

impl Lock {
    /// Reads a lock file, which is YAML: `plugins: { acme:disk: { version: "1.0.0", digest: … } }`.
    pub fn parse(source: &Source) -> (Option<Self>, Vec<Diagnostic>) {
        let (document, mut diagnostics) = document::parse(source);
        let Some(document) = document else { return (None, diagnostics) };
        let catalogue = Catalogue::new();
        let mut checker = Checker::new(&document, &catalogue, None);
        let lock = checker.lock_file(&document.root());
        diagnostics.append(&mut checker.diagnostics);
        (Some(lock).filter(|_| !any_error(&diagnostics)), diagnostics)
    }

    /// Returns the text of the file.
    pub fn to_text(&self) -> String {
        let mut text = String::from("plugins:\n");
        for (package, pin) in &self.plugins {
            let PluginPin { version, digest } = pin;
            let _infallible =
                writeln!(text, "  {package}: {{ version: \"{version}\", digest: \"{digest}\" }}");
        }
        text
    }
}

impl<'d> Checker<'d> {
    fn lock_file(&mut self, root: &Node<'d>) -> Lock {
        let mut lock = Lock::default();
        self.keys(root, "a lock file", &["plugins"]);
        let Some(node) = self.required(root, "the lock file", "plugins") else { return lock };
        for (package, node) in self.map(&node).unwrap_or_default() {
            if self.map(&node).is_none() {
                continue;
            }
            self.keys(&node, "a pin", &["version", "digest"]);
            let version = self.required(&node, "the pin", "version");
            let version = version.and_then(|version| self.text(&version));
            let digest = self.required(&node, "the pin", "digest");
            let digest = digest.and_then(|digest| self.digest(&digest));
            if let (Some(version), Some(digest)) = (version, digest) {
                let pin = PluginPin { version: version.to_owned(), digest };
                lock.plugins.insert(package.to_owned(), pin);
            }
        }
        lock
    }

    fn digest(&mut self, node: &Node<'d>) -> Option<Digest> {
        let text = self.text(node)?;
        let hexadecimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() == 64 && hexadecimal {
            return Some(Digest::new(text));
        }
        let message = "a digest is 64 hexadecimal digits in lower case";
        self.error(codes::INVALID_VALUE, node.span(), message);
        None
    }
}
