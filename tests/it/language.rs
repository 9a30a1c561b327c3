//! What a user asks before a run: validate, graph, plan, explain, actions, completions.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::run::scratch;

const BOOK: &str = r#"schemaVersion: "0.4"
parameters:
  Node: { type: String, default: local }
  Name: { type: String }
capabilities:
  - commands:send:*@*
  - parameters:*:/app/*
  - http:GET:https://example.org/*
mainSteps:
  - { name: Shell, action: shell, inputs: { run: hostname, node: "{{ Node }}" } }
  - { name: Read, action: getParameter, inputs: { Name: "/app/{{ Name }}" } }
  - { name: Fetch, action: httpRequest, inputs: { Url: "https://example.org/{{ Read.Value }}" } }
  - { name: Nap, action: sleep, inputs: { Duration: 0s } }
finally:
  - { name: Write, action: putParameter, capabilities: ["parameters:write:/app/report"], inputs: { Name: /app/report, Value: x, Type: String } }
"#;

#[test]
fn valid_files_are_said_to_be_valid() {
    let scratch = scratch();
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks/documents");
    let mut files: Vec<_> =
        fs::read_dir(documents).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.push(scratch.file("book.yaml", BOOK));
    let arguments = files.iter().map(|file| file.to_str().unwrap());
    let said = scratch.says(0, ["validate"].into_iter().chain(arguments));
    assert_eq!(said.stdout.matches(": ok\n").count(), files.len(), "{}", said.stdout);
    scratch.file("bad.yaml", "schemaVersion: \"0.3\"\n");
    let said = scratch.says(2, ["validate", "book.yaml", "bad.yaml"]);
    said.with(&["book.yaml: ok", "bad.yaml:1:", "error[", "1 error"]);
    assert!(!scratch.data().exists(), "looking at a file makes no data directory");
}

#[test]
fn a_plan_says_what_is_known_and_what_is_not() {
    let scratch = scratch();
    scratch.file("book.yaml", BOOK);
    let plan = scratch.json(0, ["plan", "book.yaml", "--param", "Name=mode"]);
    let names: Vec<_> =
        plan["steps"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    assert_eq!(names, ["Shell", "Read", "Fetch", "Nap", "Write"]);
    let touches = |index: usize| plan["steps"][index]["touches"].clone();
    let shell = touches(0);
    assert_eq!(shell[0]["grant"], "commands:send:Runwright-Shell@local");
    assert_eq!(shell[0]["known"], "from parameter Node");
    assert!(shell[0]["nodes"][0].as_str().unwrap().starts_with("mi-"), "{shell}");
    assert_eq!(
        touches(1),
        json!([{ "grant": "parameters:read:/app/mode", "known": "from parameter Name" }])
    );
    assert_eq!(touches(2)[0]["known"], "unknown until Read");
    assert_eq!(touches(3), json!([]));
    assert_eq!(touches(4), json!([{ "grant": "parameters:write:/app/report", "known": "known" }]));
    assert_eq!(plan["steps"][4]["part"], "finally");
    let origins = |index: usize| -> Vec<Value> {
        let ceilings = plan["steps"][index]["ceilings"].as_array().unwrap();
        ceilings.iter().map(|ceiling| ceiling["origin"].clone()).collect()
    };
    assert!(
        origins(1).iter().any(|origin| origin == "the document's capabilities"),
        "{:?}",
        origins(1)
    );
    assert!(
        origins(4).iter().any(|origin| origin == "the step's capabilities"),
        "{:?}",
        origins(4)
    );
    let text = scratch.says(0, ["plan", "book.yaml", "--param", "Name=mode"]);
    text.with(&[
        "1. Shell  aws:shell",
        "touches  parameters:read:/app/mode  (from parameter Name)",
        "granted  parameters:write:/app/report  (by ",
        "5. Write  aws:putParameter  [finally]",
        "the step's capabilities",
    ]);
    // Without the parameter the plan is shown all the same, and nothing is claimed that depends on it.
    let partial = scratch.json(0, ["plan", "book.yaml"]);
    assert_eq!(partial["steps"][1]["grants"], Value::Null);
    let wrong = scratch.says(2, ["plan", "book.yaml", "--param", "Nam=x"]);
    wrong.with(&["`Nam` does not exist"]);
}

#[test]
fn a_graph_is_drawn_in_three_formats() {
    let scratch = scratch();
    scratch.file("book.yaml", BOOK);
    scratch.says(0, ["graph", "book.yaml"]).with(&["flowchart TD", "Shell<br/>aws:shell", "-->"]);
    scratch.says(0, ["graph", "book.yaml", "--format", "dot"]).with(&[
        "digraph",
        "label=\"Read\\naws:getParameter\"",
        "->",
    ]);
    let svg = scratch.says(0, ["graph", "Runwright-Demo", "--format", "svg"]);
    assert!(svg.stdout.starts_with("<svg ") && svg.stdout.trim_end().ends_with("</svg>"));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let scratch = scratch();
    let mut child = scratch.spawn(["actions", "list"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn codes_actions_and_completions_are_explained() {
    let scratch = scratch();
    scratch.says(0, ["explain", "rw0101"]).with(&["# RW0101", "Wrong:", "Right:"]);
    let actions = scratch.json(0, ["actions", "list"]);
    let of = |name: &str| -> &Value {
        let mut all = actions.as_array().unwrap().iter();
        all.find(|action| action["name"] == name).unwrap_or_else(|| panic!("{name} is missing"))
    };
    assert!(actions.as_array().unwrap().len() >= 30);
    assert_eq!(of("aws:runCommand")["effect"], "store");
    assert_eq!(of("aws:assertProperty")["effect"], "pure");
    assert_eq!(of("aws:httpRequest")["effect"], "external");
    assert!(of("aws:executeScript")["summary"].as_str().unwrap().starts_with("not available: "));
    scratch.says(0, ["actions", "show", "putParameter"]).with(&[
        "aws:putParameter",
        "needs   parameters:write:{Name}",
        "*Name: string",
        "*Version: integer",
        "a step to paste",
    ]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        scratch.says(0, ["completions", shell]).with(&["runwright", "validate"]);
    }
    assert!(!scratch.data().exists());
}
