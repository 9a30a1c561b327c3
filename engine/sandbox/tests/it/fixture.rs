//! Components made from text.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use host_api::limits::Limits;
use host_api::manifest::MANIFEST_SECTION;
use serde_json::{Value, json};

/// The action that every fixture declares.
pub(crate) const ACTION: &str = "test:step";

/// What a case's first lines say of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    text: String,
}

impl Case {
    pub(crate) fn named(name: &str) -> Self {
        let path = folder().join("cases").join(format!("{name}.wat"));
        Self { name: name.to_owned(), text: read(&path) }
    }

    pub(crate) fn all() -> Vec<Self> {
        let mut names: Vec<String> = fs::read_dir(folder().join("cases"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names.iter().map(|name| Self::named(name)).collect()
    }

    /// The value of a line such as `;; expect: Fuel`.
    pub(crate) fn says(&self, key: &str) -> Option<&str> {
        let prefix = format!(";; {key}: ");
        self.text.lines().find_map(|line| line.strip_prefix(&prefix))
    }

    pub(crate) fn limits(&self) -> Limits {
        self.says("limits").map_or_else(Limits::default, |text| serde_json::from_str(text).unwrap())
    }

    /// The component, with a manifest that declares every interface.
    pub(crate) fn component(&self) -> Arc<[u8]> {
        with_manifest(&self.bare(), &manifest())
    }

    pub(crate) fn bare(&self) -> Vec<u8> {
        let world = read(&folder().join("wit-0.1.0.wat"));
        let mut modules = String::new();
        if !self.text.contains("(core module $Memory") {
            modules.push_str(&read(&folder().join("memory.wat")));
        }
        modules.push_str(&self.text);
        let post_return = if self.text.contains("\"post-return\"") {
            "(post-return (core func $main \"post-return\"))"
        } else {
            ""
        };
        let text = world.replace("{{modules}}", &modules).replace("{{post_return}}", post_return);
        wat::parse_str(text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// A component that imports a harmless part of WASI.
pub(crate) fn wasi() -> Vec<u8> {
    component("wasi.wat")
}

/// A component that passes its inputs on to an operation of our own API, and answers what that answers.
pub(crate) fn api() -> Vec<u8> {
    component("api.wat")
}

fn component(file: &str) -> Vec<u8> {
    let text = read(&folder().join(file));
    wat::parse_str(text.replace("{{memory}}", &read(&folder().join("memory.wat")))).unwrap()
}

/// A manifest that any registration accepts; tests change what they are about.
pub(crate) fn manifest() -> Value {
    json!({
        "name": "test:fixture",
        "version": "1.0.0",
        "wit": "0.1.0",
        "interfaces": [
            "api", "automation", "commands", "http", "inventory", "ops", "parameters", "patching",
            "state", "tags",
        ],
        "actions": [{
            "name": ACTION,
            "summary": "What the test is about.",
            "effect": "pure",
            "inputs": {},
            "outputs": {},
        }],
    })
}

pub(crate) fn with_manifest(component: &[u8], manifest: &Value) -> Arc<[u8]> {
    with_section(component, manifest.to_string().as_bytes())
}

/// Appends a custom section that holds a manifest's text.
pub(crate) fn with_section(component: &[u8], text: &[u8]) -> Arc<[u8]> {
    let mut section = leb(MANIFEST_SECTION.len());
    section.extend_from_slice(MANIFEST_SECTION.as_bytes());
    section.extend_from_slice(text);
    let mut bytes = component.to_vec();
    bytes.push(0);
    bytes.extend(leb(section.len()));
    bytes.extend(section);
    bytes.into()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
