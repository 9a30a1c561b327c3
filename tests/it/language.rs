//! What a user asks before a run: validate, graph, plan, explain, actions, completions.

use std::fs;
use std::path::Path;

use e2e::Said;
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
fn rule_files_are_validated_together() {
    let scratch = scratch();
    let rule = |name: &str, source: &str| {
        format!(
            "rules:\n  - {{ name: {name}, match: {{ source: {source} }}, start: {{ runbook: A }} }}\n"
        )
    };
    scratch.file("good.yaml", &rule("disk", "[prometheus]"));
    scratch.file("wrong.yaml", &rule("load", "prometheus"));
    scratch.file("same.yaml", &rule("disk", "[other]"));
    scratch.file("long.yaml", &format!("{}{}", rule("long", "[a]"), "# long\n".repeat(20_000)));
    scratch
        .says(0, ["validate", "good.yaml", "long.yaml"])
        .with(&["good.yaml: ok", "long.yaml: ok"]);
    scratch.says(2, ["validate", "good.yaml", "wrong.yaml", "same.yaml"]).with(&[
        "good.yaml: ok",
        "wrong.yaml:2:36: error[RW1102]: Event pattern is not valid.",
        "help: a field has a list of what it may be: `source: [prometheus]`",
        "same.yaml:2:13: error[RW0209]: a second rule is named `disk`: the first is in good.yaml, line 2",
        "2 errors",
    ]);
    scratch.says(0, ["explain", "rw1102"]).with(&["# RW1102", "Wrong:", "Right:"]);
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
    assert_eq!(partial["steps"][1]["unknownUntil"], json!(["the parameter Name is given"]));
    let partial = scratch.says(0, ["plan", "book.yaml"]);
    partial.with(&[
        "granted  commands:send:Runwright-Shell@local  (by ",
        "granted  unknown until the parameter Name is given",
    ]);
    let wrong = scratch.says(2, ["plan", "book.yaml", "--param", "Nam=x"]);
    wrong.with(&["`Nam` does not exist"]);
}

#[test]
fn a_plan_flags_what_cannot_work() {
    let scratch = scratch();
    scratch.file(
        "book.yaml",
        r#"schemaVersion: "0.4"
parameters:
  Stored: { type: String, default: "{{ssm:/app/stored}}" }
  Name: { type: String, default: other }
capabilities: ["commands:send:*@*", "automation:start:*", "parameters:read:/app/{{ Name }}", "parameters:write:/app/*"]
mainSteps:
  - { name: Absent, action: runCommand, inputs: { DocumentName: Nowhere, InstanceIds: [mi-0123456789abcdef0] } }
  - { name: Child, action: executeAutomation, inputs: { DocumentName: beside } }
  - { name: Ghost, action: executeAutomation, inputs: { DocumentName: ghost } }
  - { name: Read, action: getParameter, inputs: { Name: /app/mode } }
  - { name: Write, action: putParameter, inputs: { Name: "/app/{{ Stored }}", Value: x, Type: String } }
"#,
    );
    scratch.file(
        "beside.yaml",
        "schemaVersion: \"0.3\"\nmainSteps: [{ name: a, action: aws:pause, inputs: {} }]\n",
    );
    let plan = scratch.json(0, ["plan", "book.yaml"]);
    let touch = |step: usize| &plan["steps"][step]["touches"][0];
    assert_eq!(touch(0)["nodes"], json!([]));
    assert_eq!(touch(0)["absentDocument"], "Nowhere");
    assert_eq!(touch(1)["absentDocument"], Value::Null);
    assert_eq!(touch(2)["absentDocument"], "ghost");
    assert_eq!(touch(3)["deniedBy"], "the document's capabilities");
    assert_eq!(plan["defaults"], json!({ "Stored": "/app/stored" }));
    scratch.says(0, ["plan", "book.yaml"]).with(&[
        "reads /app/stored for the parameter Stored when it starts",
        "nodes now: none",
        "MISSING  there is no such document here: Nowhere",
        "DENIED   parameters:read:/app/mode  by the document's capabilities",
        "unknown until the default of the parameter Stored is read from /app/stored",
    ]);
    let given =
        scratch.says(0, ["plan", "book.yaml", "--param", "Stored=x", "--param", "Name=mode"]);
    assert!(
        !given.stdout.contains("DENIED") && !given.stdout.contains("unknown"),
        "{}",
        given.stdout
    );
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
fn what_could_not_be_printed_is_an_error() {
    let scratch = scratch();
    for arguments in [
        ["actions", "list"].as_slice(),
        &["explain", "RW0101"],
        &["actions", "list", "--output", "json"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = scratch.command(arguments).stdout(full).output().unwrap();
        let said = Said::of(output);
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        said.with(&["cannot write to standard output: No space left on device"]);
    }
}

#[test]
fn nothing_to_do_shows_the_help() {
    let scratch = scratch();
    let said = scratch.says(2, [""; 0]);
    said.with(&["Usage: runwright", "completions"]);
    assert!(!said.stderr.contains("compile-component"), "{}", said.stderr);
    let shown = scratch.says(0, ["--help"]);
    shown.with(&["[env: RUNWRIGHT_DATA_DIR]"]);
}

#[test]
fn every_step_to_paste_is_valid() {
    let scratch = scratch();
    let actions = scratch.json(0, ["actions", "list"]);
    let mut pasted = 0;
    for action in actions.as_array().unwrap() {
        let name = action["name"].as_str().unwrap();
        if action["effect"] == "-" {
            continue;
        }
        let shown = scratch.json(0, ["actions", "show", name]);
        let step = shown["step"].as_str().unwrap();
        assert!(
            shown["inputs"]["properties"].is_object() && shown["outputs"].is_object(),
            "{name}"
        );
        let beside = shown["beside"].as_str().unwrap_or_default();
        let book = format!("schemaVersion: \"0.4\"\n{beside}\nmainSteps:\n{step}");
        scratch.file("pasted.yaml", &book);
        let said = scratch.call(["validate", "pasted.yaml"]);
        assert_eq!(said.stdout, "pasted.yaml: ok\n", "{name}:\n{book}");
        scratch.says(0, ["actions", "show", name]).with(&["inputs", "outputs", step]);
        pasted += 1;
    }
    assert!(pasted >= 17, "{pasted}");
    // Those that need nothing but this machine do what they say.
    scratch.says(0, ["param", "put", "/app/mode", "fast"]);
    for name in [
        "createTags",
        "runCommand",
        "waitForProperty",
        "loop",
        "branch",
        "updateVariable",
        "gatherInventory",
    ] {
        let shown = scratch.json(0, ["actions", "show", name]);
        let (step, beside) =
            (shown["step"].as_str().unwrap(), shown["beside"].as_str().unwrap_or_default());
        scratch
            .file("pasted.yaml", &format!("schemaVersion: \"0.4\"\n{beside}\nmainSteps:\n{step}"));
        scratch.says(0, ["run", "pasted.yaml"]);
    }
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
