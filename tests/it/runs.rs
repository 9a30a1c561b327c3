//! `runwright runs`: looking at runs, replaying them here and elsewhere.

use std::fs;

use e2e::Scratch;
use serde_json::{Value, json};

use crate::run::scratch;

const BOOK: &str = r#"schemaVersion: "0.4"
parameters: { Word: { type: String, default: hello } }
capabilities: ["commands:send:Runwright-Shell@local", "parameters:*:/app/*"]
mainSteps:
  - name: Say
    action: shell
    inputs: { run: printf %s "$WORD", env: { WORD: "{{ Word }}" } }
  - name: Each
    action: shell
    forEach: [1, 2]
    inputs: { run: printf %s "$NUMBER", env: { NUMBER: "${{ string(item.value) }}" } }
  - { name: Write, action: putParameter, inputs: { Name: /app/word, Value: "{{ Say.Stdout }}", Type: String, Overwrite: true } }
  - { name: Read, action: getParameter, inputs: { Name: /app/word } }
  - { name: Fail, action: assertProperty, onFailure: Continue, inputs: { Value: "{{ Read.Value }}", DesiredValues: [other] } }
outputs: [Read.Value]
"#;

fn ran(scratch: &Scratch) -> String {
    scratch.file("book.yaml", BOOK);
    let run = scratch.json(0, ["run", "book.yaml"]);
    run["id"].as_str().unwrap().to_owned()
}

#[test]
fn runs_are_listed_and_shown() {
    let scratch = scratch();
    let first = ran(&scratch);
    let second = ran(&scratch);
    let listed = scratch.json(0, ["runs", "list"]);
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|run| &run["id"]).collect();
    assert_eq!(ids, [&json!(second), &json!(first)], "newest first");
    let one = scratch.json(0, ["runs", "list", "--limit", "1", "--status", "Success"]);
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(scratch.json(0, ["runs", "list", "--status", "Failed"]), json!([]));
    scratch.says(0, ["runs", "list"]).with(&["RUN ", "DOCUMENT", &first, "book", "Success"]);
    let shown = scratch.json(0, ["runs", "show", &first]);
    assert_eq!(shown["outputs"], json!({ "Read.Value": "hello" }));
    scratch.says(0, ["runs", "show", &first]).with(&[
        "Say",
        "aws:shell",
        "Read.Value  hello",
        "Success in ",
    ]);
}

#[test]
fn the_journal_is_shown_as_it_was_written() {
    let scratch = scratch();
    let run = ran(&scratch);
    let events = scratch.json(0, ["runs", "events", &run]);
    let events = events.as_array().unwrap();
    assert_eq!(events[0]["event"], "RunStarted");
    assert_eq!(events.last().unwrap()["event"], "RunFinished");
    let mut times = events.iter().map(|entry| entry["at"].as_u64().unwrap());
    let first = times.next().unwrap();
    assert!(times.is_sorted_by_key(|time| time.max(first)));
    let kinds: Vec<_> = events.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    for kind in [
        "StepStarted",
        "StepSuspended",
        "StepWoken",
        "StepSucceeded",
        "ItemsExpanded",
        "StepFailed",
    ] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    scratch.says(0, ["runs", "events", &run]).with(&[
        "SEQ",
        "RunStarted",
        "Each[1]",
        "RunFinished",
    ]);
}

#[test]
fn a_replay_is_equal_and_touches_nothing() {
    let scratch = scratch();
    let run = ran(&scratch);
    scratch.says(0, ["param", "put", "/app/word", "changed", "--overwrite"]);
    let report = scratch.json(0, ["runs", "replay", &run]);
    assert_eq!(report["equal"], true);
    let activations = report["activations"].as_array().unwrap();
    assert!(activations.len() >= 9, "{report:#}");
    let different = activations.iter().find(|replayed| replayed["verdict"]["kind"] != "equal");
    assert_eq!(different, None);
    assert_eq!(scratch.says(0, ["param", "get", "/app/word"]).stdout, "changed\n");
    assert_eq!(scratch.json(0, ["param", "get", "/app/word"])["Version"], 2);
    assert_eq!(scratch.json(0, ["runs", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn an_exported_run_is_replayed_on_another_machine() {
    let here = scratch();
    let run = ran(&here);
    let exported = here.json(0, ["runs", "export", &run, "--file", "it.run"]);
    assert_eq!(exported["file"], "it.run");
    here.says(2, ["runs", "export", &run, "--file", "it.run"]).with(&["it.run"]);
    let text = fs::read_to_string(here.path().join("it.run")).unwrap();

    let there = scratch();
    there.file("it.run", &text);
    assert_eq!(there.json(0, ["runs", "replay", "it.run"])["equal"], true);
    assert!(!there.data().exists(), "a replay of a file needs no data directory");

    // Whoever changes what a host call was answered is found out.
    let mut recording: Value = serde_json::from_str(&text).unwrap();
    let rows = recording["hostCalls"].as_array_mut().unwrap();
    let answers = rows.iter_mut().flat_map(|row| row["calls"].as_array_mut().unwrap());
    let mut changed = 0;
    for call in
        answers.filter(|call| call["interface"] == "parameters" && call["function"] == "get")
    {
        let text = call["answer"].to_string().replace("hello", "jello");
        call["answer"] = serde_json::from_str(&text).unwrap();
        changed += 1;
    }
    assert_eq!(changed, 1);
    there.file("changed.run", &recording.to_string());
    let report = there.json(1, ["runs", "replay", "changed.run"]);
    assert_eq!(report["equal"], false);
    let different: Vec<_> = report["activations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|replayed| replayed["verdict"]["kind"] == "different")
        .map(|replayed| replayed["step"].as_str().unwrap())
        .collect();
    assert_eq!(different, ["Read"]);
    there.says(1, ["runs", "replay", "changed.run"]).with(&[
        "different: Read attempt 1",
        "recorded  ",
        "replayed  ",
    ]);

    there.file("text.run", "{}");
    there.says(2, ["runs", "replay", "text.run"]).with(&["this is no recording of a run"]);
    let mut recording: Value = serde_json::from_str(&text).unwrap();
    for component in recording["components"].as_object_mut().unwrap().values_mut() {
        *component = json!("AGFzbQ==");
    }
    there.file("component.run", &recording.to_string());
    let refused = there.call(["runs", "replay", "component.run"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    refused.with(&["is not what its digest says"]);
}

#[test]
fn a_store_that_was_not_touched_verifies() {
    let scratch = scratch();
    let run = ran(&scratch);
    let report = scratch.json(0, ["runs", "verify", &run]);
    assert_eq!(report["ok"], true);
    assert_eq!(report["runs"][0]["id"], json!(run));
    assert!(report["runs"][0]["entries"].as_u64().unwrap() > 10);
    scratch.says(0, ["runs", "verify", "--all"]).with(&[&format!("{run}: ok, ")]);
}

#[test]
fn what_a_step_wrote_to_its_log_is_shown() {
    let scratch = scratch();
    let book = r#"schemaVersion: "0.4"
capabilities: ["parameters:read:/app/*"]
mainSteps:
  - name: Wait
    action: waitForProperty
    timeoutSeconds: 2
    onFailure: Continue
    inputs: { Parameter: /app/word, DesiredValues: [never], IntervalSeconds: 1 }
  - { name: Quiet, action: getParameter, inputs: { Name: /app/word } }
"#;
    scratch.file("wait.yaml", book);
    scratch.says(0, ["param", "put", "/app/word", "now"]);
    let run = scratch.json(0, ["run", "wait.yaml"]);
    let run = run["id"].as_str().unwrap();
    let logs = scratch.json(0, ["runs", "logs", run]);
    let steps: Vec<_> = logs.as_array().unwrap().iter().map(|log| &log["step"]).collect();
    assert!(!steps.is_empty() && steps.iter().all(|step| *step == "Wait"), "{logs:#}");
    let quiet = scratch.json(0, ["runs", "logs", run, "--step", "Quiet"]);
    assert_eq!(quiet, json!([]));
    scratch.says(0, ["runs", "logs", run, "--step", "Wait"]).with(&["Wait  "]);
    scratch.says(2, ["runs", "logs", run, "--step", "Nobody"]).with(&["no step `Nobody`"]);
}

#[test]
fn old_runs_are_counted_and_then_deleted() {
    let scratch = scratch();
    let run = ran(&scratch);
    let kept = scratch.json(0, ["runs", "prune", "--older-than", "30d"]);
    assert_eq!(kept["runs"], 0);
    let counted = scratch.json(0, ["runs", "prune", "--older-than", "0s", "--dry-run"]);
    assert_eq!(counted["runs"], 1);
    scratch.json(0, ["runs", "show", &run]);
    assert_eq!(scratch.json(0, ["runs", "prune", "--older-than", "0s"])["runs"], 1);
    scratch.says(2, ["runs", "show", &run]).with(&["there is no run"]);
    assert_eq!(scratch.json(0, ["runs", "list"]), json!([]));
    scratch.says(2, ["runs", "prune", "--older-than", "soon"]).with(&["--older-than"]);
}
