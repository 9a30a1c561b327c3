//! What the tests check against: a catalogue shaped as the built-in components are, and a lock file.

use host_api::identifier::Digest;
use host_api::manifest::ActionManifest;
use runbook::action::Catalogue;
use runbook::diagnostic::{Diagnostic, render};
use runbook::lock::Lock;
use runbook::plan::{Plan, PluginPin};
use runbook::source::Source;
use serde_json::Value;

pub(crate) fn catalogue() -> Catalogue {
    let fixture: Value =
        serde_json::from_str(include_str!("../data/catalogue.json")).expect("the fixture is sound");
    let mut catalogue = Catalogue::new();
    for manifest in fixture["builtIn"].as_array().expect("the fixture is sound") {
        let manifest: ActionManifest =
            serde_json::from_value(manifest.clone()).expect("the fixture is sound");
        catalogue.add_built_in(manifest);
    }
    for (name, is_served) in fixture["operations"].as_object().expect("the fixture is sound") {
        catalogue.add_operation(name, *is_served == Value::Bool(true));
    }
    for plugin in fixture["plugins"].as_array().expect("the fixture is sound") {
        let pin = PluginPin {
            version: plugin["version"].as_str().expect("the fixture is sound").to_owned(),
            digest: Digest::new(plugin["digest"].as_str().expect("the fixture is sound")),
        };
        let manifest: ActionManifest =
            serde_json::from_value(plugin["action"].clone()).expect("the fixture is sound");
        catalogue.add_plugin(
            plugin["package"].as_str().expect("the fixture is sound"),
            pin,
            manifest,
        );
    }
    catalogue
}

pub(crate) fn lock() -> Lock {
    let digest = "3f".repeat(32);
    let text = format!("plugins:\n  acme:disk: {{ version: \"1.2.0\", digest: \"{digest}\" }}\n");
    Lock::parse(&Source::new("runbooks.lock", text)).0.expect("the fixture is sound")
}

pub(crate) fn load(source: &Source) -> (Option<Plan>, Vec<Diagnostic>) {
    runbook::compile::load(source, &catalogue(), Some(&lock()))
}

pub(crate) fn rendered(source: &Source, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| render::plain(source, diagnostic) + "\n").collect()
}
