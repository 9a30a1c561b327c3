//! `runwright run`, as a user meets it. A case is a runbook in `data/run` and beside it what is expected of its run;
//! `SCRATCH` in its arguments is a folder of its own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use e2e::Scratch;
use e2e::subset::differences;
use serde_json::{Value, json};

pub(crate) fn scratch() -> Scratch {
    Scratch::new(env!("CARGO_BIN_EXE_runwright-e2e"))
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/run");
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// Runs one case and returns what is not as expected.
fn wrong(scratch: &Scratch, runbook: &Path) -> Vec<String> {
    let expected = fs::read_to_string(runbook.with_extension("expect.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let mut arguments =
        vec![OsString::from("run"), runbook.into(), "--output".into(), "json".into()];
    let given = expected["arguments"].as_array().into_iter().flatten();
    let place = scratch.path().to_str().unwrap();
    arguments
        .extend(given.map(|argument| argument.as_str().unwrap().replace("SCRATCH", place).into()));
    let said = scratch.call(arguments);
    let mut view: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
    let steps = view["steps"].as_array().cloned().unwrap_or_default();
    view["steps"] =
        steps.into_iter().map(|step| (step["path"].as_str().unwrap().to_owned(), step)).collect();
    view["code"] = json!(said.code);
    view["arguments"] = expected["arguments"].clone();
    let mut wrong = differences(&expected, &view);
    if !wrong.is_empty() {
        wrong.push(format!("{view:#}\n{}", said.stderr));
    }
    wrong
}

#[test]
fn every_runbook_ends_as_expected() {
    let scratch = scratch();
    let mut failures = Vec::new();
    for runbook in cases() {
        let wrong = wrong(&scratch, &runbook);
        if !wrong.is_empty() {
            failures.push(format!("{}:\n  {}", runbook.display(), wrong.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let verified = scratch.json(0, ["runs", "verify", "--all"]);
    assert_eq!(verified["ok"], true);
}

#[test]
fn a_run_is_one_json_document() {
    let scratch = scratch();
    let file = scratch.file(
        "book.yaml",
        r#"{ schemaVersion: "0.4", mainSteps: [
            { name: Good, action: assertProperty, inputs: { Value: 1, DesiredValues: [1] } },
            { name: Bad, action: assertProperty, inputs: { Value: 1, DesiredValues: [2] } },
            { name: Later, action: sleep, inputs: { Duration: 1h } }] }"#,
    );
    let said = scratch.call([OsString::from("run"), file.into(), "--output".into(), "json".into()]);
    let run = said.json(1);
    assert!(said.stderr.is_empty(), "{}", said.stderr);
    let expected =
        json!({ "document": "book", "status": "Failed", "outputs": {}, "parameters": {} });
    assert_eq!(differences(&expected, &run), [""; 0], "{run:#}");
    assert_eq!(run["id"].as_str().unwrap().len(), 36);
    assert!(run["started"].as_u64().unwrap() <= run["ended"].as_u64().unwrap());
    let steps: Vec<_> = run["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["name"].as_str().unwrap(), step["status"].as_str().unwrap()))
        .collect();
    assert_eq!(steps, [("Good", "Success"), ("Bad", "Failed"), ("Later", "Pending")]);
    let bad = &run["steps"][1];
    assert_eq!(bad["attempts"], 1);
    assert!(bad["started"].as_u64().unwrap() <= bad["ended"].as_u64().unwrap());
    assert_eq!(bad["failure"]["code"], "PropertyMismatch");
    assert_eq!(bad["failure"]["message"], "the value is 1, not one of [2]");
    assert_eq!(run["failure"], bad["failure"]);
    let later = json!({ "attempts": 0, "started": null, "ended": null, "failure": null });
    assert_eq!(differences(&later, &run["steps"][2]), [""; 0]);
}

#[test]
fn progress_is_plain_lines_when_nobody_looks_live() {
    let scratch = scratch();
    let said = scratch.says(0, ["run", "Runwright-DemoSequence", "--param", "Greeting=goodbye"]);
    let lines: Vec<_> = said.stderr.lines().collect();
    assert!(lines[0].starts_with("run "), "{}", said.stderr);
    for step in
        ["✓ chooseWords  Success", "✓ sayGoodbye  Success", "✓ eachRound#3/remember  Success"]
    {
        assert!(lines.iter().any(|line| line.starts_with(step)), "{step}: {}", said.stderr);
    }
    assert!(!said.stderr.contains('\u{1b}') && !said.stdout.contains('\u{1b}'));
    said.with(&["STEP ", "OUTPUT ", "finish.Output  done after 3 rounds", "Success in "]);
}

#[test]
fn the_demonstration_runs() {
    let scratch = scratch();
    scratch.says(1, ["run", "Runwright-Demo"]).with(&["there is no parameter /demo/token"]);
    let secret = "a-token-nobody-sees";
    scratch.says(0, ["param", "put", "/demo/token", secret, "--type", "SecureString"]);
    let run = scratch.json(0, ["run", "Runwright-Demo"]);
    assert_eq!(run["status"], "Success");
    let report = run["outputs"]["Report"].as_str().unwrap();
    assert!(report.ends_with("5 directories counted"), "{report}");
    let node = run["outputs"]["Facts"]["InstanceId"].as_str().unwrap();
    assert!(node.starts_with("mi-"), "{node}");
    assert!(!run.to_string().contains(secret));
    assert_eq!(scratch.says(0, ["param", "get", "/demo/report"]).stdout.trim(), report);
}

#[test]
fn documents_beside_the_file_are_found() {
    let scratch = scratch();
    scratch.file(
        "Greet.yaml",
        r#"{ schemaVersion: "2.2", parameters: { Name: { type: String, allowedPattern: "^[a-z]+$" } },
            mainSteps: [{ name: say, action: aws:runShellScript, inputs: { runCommand: ["echo hello {{ Name }}"] } }] }"#,
    );
    scratch.file(
        "Child.json",
        r#"{ "schemaVersion": "0.3", "parameters": { "Name": { "type": "String" } }, "outputs": ["hello.Output"],
            "mainSteps": [{ "name": "hello", "action": "aws:runCommand",
              "inputs": { "DocumentName": "Greet", "InstanceIds": ["local"], "Parameters": { "Name": "{{ Name }}" } } }] }"#,
    );
    let parent = scratch.file(
        "parent.yaml",
        r#"{ schemaVersion: "0.3", parameters: { Name: { type: String, default: ada } }, outputs: [Run.Output, Run.Status],
            mainSteps: [{ name: Run, action: aws:executeAutomation,
              inputs: { DocumentName: Child, RuntimeParameters: { Name: ["{{ Name }}"] } } }] }"#,
    );
    let parent = parent.to_str().unwrap();
    let run = scratch.json(0, ["run", parent]);
    assert_eq!(run["outputs"], json!({ "Run.Output": ["hello ada\n"], "Run.Status": "Success" }));
    let child = run["steps"][0]["outputs"]["ExecutionId"].as_str().unwrap();
    let child = scratch.json(0, ["runs", "show", child]);
    assert_eq!(child["parent"], run["id"]);
    let refused = scratch.json(1, ["run", parent, "--param", "Name=ADA"]);
    let message = refused["failure"]["message"].as_str().unwrap();
    assert!(message.contains("`Name` does not match ^[a-z]+$"), "{message}");
}

#[test]
fn a_dry_run_shows_the_plan_and_starts_nothing() {
    let scratch = scratch();
    let said = scratch.says(0, ["run", "Runwright-DemoSequence", "--dry-run"]);
    said.with(&[
        "Runwright-DemoSequence (sequence), plan ",
        "touches  commands:send:AWS-RunShellScript@local",
    ]);
    assert_eq!(scratch.json(0, ["runs", "list"]), json!([]));
}

#[test]
fn warnings_are_shown_and_the_run_goes_on() {
    let scratch = scratch();
    let file = scratch.file(
        "risky.yaml",
        r#"schemaVersion: "0.3"
parameters: { Word: { type: String, default: hello } }
mainSteps:
  - name: say
    action: aws:runCommand
    inputs:
      DocumentName: AWS-RunShellScript
      InstanceIds: [local]
      Parameters: { commands: ["echo {{ Word }}"] }
"#,
    );
    let said = scratch.says(0, ["run", file.to_str().unwrap()]);
    said.with(&["risky.yaml:9:", "warning[RW0801]", "✓ say  Success"]);
}
