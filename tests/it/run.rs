//! `runwright run`, as a user meets it. A case is a runbook in `data/run` and beside it what is expected of its run;
//! `SCRATCH` in its arguments is a folder of its own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use e2e::subset::differences;
use e2e::{Said, Scratch};
use serde_json::{Value, json};

pub(crate) fn scratch() -> Scratch {
    Scratch::new(env!("CARGO_BIN_EXE_runwright-e2e"))
}

/// Calls the binary at a terminal and returns all that the terminal got.
pub(crate) fn at_terminal(scratch: &Scratch, arguments: &str) -> String {
    let call = scratch.command(arguments.split(' '));
    let line =
        format!("stty cols 100 rows 40; exec {} {arguments}", env!("CARGO_BIN_EXE_runwright-e2e"));
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("TERM", "xterm")
        .current_dir(scratch.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = Said::of(output);
    assert_eq!(said.code, Some(0), "{said:?}");
    said.stdout
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
    scratch.says(1, ["run", "Runwright-Demo"]).with(&["there is no ", " /demo/token"]);
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

#[test]
fn a_terminal_sees_the_steps_live() {
    let scratch = scratch();
    scratch.file(
        "live.yaml",
        r#"{ schemaVersion: "0.4", mainSteps: [
            { name: Slow, action: shell, inputs: { run: sleep 1 } },
            { name: Nap, action: sleep, inputs: { Duration: 1s } }] }"#,
    );
    let seen = at_terminal(&scratch, "run live.yaml");
    // A live line is drawn over: the cursor goes back and the line is cleared.
    assert!(seen.contains("\u{1b}[2K"), "{seen:?}");
    let at = |text: &str| seen.find(text).unwrap_or_else(|| panic!("{text}: {seen:?}"));
    assert!(at("Slow") < at("✓ Slow  Success"));
    assert!(at("✓ Slow  Success") < at("Nap sleeps"));
    assert!(at("Nap sleeps") < at("✓ Nap  Success"));
    assert!(at("✓ Nap  Success") < at("STEP  ACTION"));
    let table = &seen[at("STEP  ACTION")..];
    assert!(!table.contains('\u{1b}') && table.contains("Success in "), "{table:?}");
}

#[test]
fn a_failure_cannot_forge_a_line() {
    let scratch = scratch();
    scratch.file(
        "forge.yaml",
        r#"{ schemaVersion: "0.4", mainSteps: [{ name: Bad, action: assertProperty,
            inputs: { Value: "x\n✓ Done  Success\u202e\u009b2J", DesiredValues: [y] } }] }"#,
    );
    let said = scratch.says(1, ["run", "forge.yaml"]);
    said.with(&["\\u{202e}"]);
    for text in [&said.stdout, &said.stderr] {
        assert!(!text.lines().any(|line| line.starts_with("✓ Done")), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{9b}']), "{text}");
    }
}

const SAY: &str = r#"{ schemaVersion: "0.3", outputs: [say.Output], mainSteps: [{ name: say, action: aws:runCommand,
    inputs: { DocumentName: AWS-RunShellScript, InstanceIds: [local], Parameters: { commands: ["echo WORD"] } } }] }"#;

const CALLER: &str = r#"{ schemaVersion: "0.3", parameters: { D: { type: String, default: none } }, outputs: [Run.Output],
    mainSteps: [WAIT { name: Run, action: aws:executeAutomation, inputs: { DocumentName: "{{ D }}" } }] }"#;

#[test]
fn a_document_is_found_among_many_also_when_a_parameter_names_it() {
    let scratch = scratch();
    for number in 0..300 {
        scratch.file(&format!("other{number}.yaml"), "description: not for this run\n");
    }
    scratch.file("said.yaml", &SAY.replace("WORD", "found"));
    scratch.file("huge.yaml", &"x: y\n".repeat(20_000));
    scratch.file("caller.yaml", &CALLER.replace("WAIT", ""));
    let run = scratch.json(0, ["run", "caller.yaml", "--param", "D=said"]);
    assert_eq!(run["outputs"]["Run.Output"], json!(["found\n"]));
    let said = scratch.says(1, ["run", "caller.yaml", "--param", "D=huge"]);
    said.with(&["the document `huge` is named, but huge.yaml does not go along", "at most 65536"]);
    // What no start brings any more is not found any more.
    fs::remove_file(scratch.path().join("said.yaml")).unwrap();
    scratch.file("names.yaml", &CALLER.replace("WAIT", "").replace("{{ D }}", "said"));
    scratch.says(1, ["run", "names.yaml"]).with(&["said"]);
}

#[test]
fn a_document_beside_a_runbook_takes_no_other_ones_place() {
    let scratch = scratch();
    scratch.file("AWS-RunShellScript.yaml", &SAY.replace("WORD", "mine"));
    scratch.file("uses.yaml", SAY);
    let said = scratch.says(2, ["run", "uses.yaml"]);
    said.with(&["AWS-RunShellScript.yaml", "are those of shipped documents"]);
    fs::remove_file(scratch.path().join("AWS-RunShellScript.yaml")).unwrap();

    // Two folders have a document of one name; a run under way keeps its own.
    let waits = "{ name: Wait, action: aws:pause, inputs: {} },";
    scratch.file("one/child.yaml", &SAY.replace("WORD", "one"));
    let first =
        scratch.file("one/first.yaml", &CALLER.replace("WAIT", waits).replace("{{ D }}", "child"));
    scratch.file("two/child.yaml", &SAY.replace("WORD", "two"));
    let second =
        scratch.file("two/second.yaml", &CALLER.replace("WAIT", "").replace("{{ D }}", "child"));
    let mut call = scratch.watch(["run", first.to_str().unwrap()]);
    let run = call.run();
    call.until("Wait  waits for");
    let said = scratch.call(["run", second.to_str().unwrap(), "--output", "json"]);
    if said.code != Some(0) {
        said.with(&["uses another document `child`", &run]);
    }
    scratch.says(0, ["runs", "signal", &run, "resume"]);
    assert_eq!(call.end().code, Some(0));
    let first = scratch.json(0, ["runs", "show", &run]);
    assert_eq!(first["outputs"]["Run.Output"], json!(["one\n"]));
    let second = scratch.json(0, ["run", second.to_str().unwrap()]);
    assert_eq!(second["outputs"]["Run.Output"], json!(["two\n"]));
}

#[test]
fn a_node_is_tagged_and_found_by_its_tag() {
    let scratch = scratch();
    scratch.file(
        "tag.yaml",
        r#"{ schemaVersion: "0.3", mainSteps: [{ name: Tag, action: aws:createTags,
            inputs: { ResourceType: ManagedInstance, ResourceIds: [local], Tags: [{ Key: Tier, Value: web }] } }] }"#,
    );
    scratch.file(
        "tagged.yaml",
        r#"{ schemaVersion: "0.3", outputs: [Say.Output], mainSteps: [{ name: Say, action: aws:runCommand,
            inputs: { DocumentName: AWS-RunShellScript, Targets: [{ Key: "tag:Tier", Values: [web] }],
              Parameters: { commands: ["echo tagged"] } } }] }"#,
    );
    let before = scratch.json(0, ["plan", "tagged.yaml"]);
    assert_eq!(before["steps"][0]["touches"][0]["nodes"], json!([]));
    scratch.says(0, ["plan", "tagged.yaml"]).with(&["@tag:Tier=web  (known)  nodes now: none"]);
    scratch.json(0, ["run", "tag.yaml"]);
    let after = scratch.json(0, ["plan", "tagged.yaml"]);
    assert!(after["steps"][0]["touches"][0]["nodes"][0].as_str().unwrap().starts_with("mi-"));
    let run = scratch.json(0, ["run", "tagged.yaml"]);
    assert_eq!(run["outputs"]["Say.Output"], "tagged\n");
}

#[test]
fn a_run_is_exported_to_standard_output_or_to_a_whole_file() {
    let scratch = scratch();
    scratch.file("say.yaml", SAY);
    let run = scratch.json(0, ["run", "say.yaml"]);
    let id = run["id"].as_str().unwrap();
    let piped = scratch.says(0, ["runs", "export", id, "-f", "-"]);
    let recording: Value = serde_json::from_str(&piped.stdout).unwrap();
    assert_eq!(recording["run"], run["id"]);
    scratch.says(0, ["runs", "export", id, "-f", "it.run"]);
    let file: Value =
        serde_json::from_str(&fs::read_to_string(scratch.path().join("it.run")).unwrap()).unwrap();
    assert_eq!(file, recording);
    let names: Vec<_> =
        fs::read_dir(scratch.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(
        !names.iter().any(|name| name == "-" || name.to_str().unwrap().contains(".draft")),
        "{names:?}"
    );
}
