//! Several processes on one data directory: one owns it, the others are its clients, and whoever leaves breaks nothing for the rest.

use std::process::Child;

use e2e::Said;
use nix::sys::signal::Signal;

use crate::run::scratch;

/// Waits until somebody says go on.
const HOLD: &str =
    r#"{ schemaVersion: "0.4", mainSteps: [{ name: Hold, action: pause, inputs: {} }] }"#;
const CALLS: usize = 6;
const ROUNDS: usize = 4;

fn said(call: Child) -> Said {
    Said::of(call.wait_with_output().unwrap())
}

#[test]
fn calls_that_come_and_go_at_once_all_succeed() {
    let scratch = scratch();
    let file = scratch.file(
        "assert.yaml",
        r#"{ schemaVersion: "0.4", mainSteps: [{ name: A, action: assertProperty, inputs: { Value: 1, DesiredValues: [1] } }] }"#,
    );
    let file = file.to_str().unwrap();
    for round in 0..ROUNDS {
        let name = format!("/round/{round}");
        let runs: Vec<_> = (0..CALLS).map(|_| scratch.spawn(["run", file])).collect();
        let put = scratch.spawn(["param", "put", &name, "x"]);
        let list = scratch.spawn(["runs", "list"]);
        for call in runs.into_iter().chain([put, list]) {
            let said = said(call);
            assert_eq!(said.code, Some(0), "round {round}: {}", said.stderr);
        }
        assert_eq!(scratch.json(0, ["param", "get", &name])["Version"], 1);
    }
    let runs = scratch.json(0, ["runs", "list", "--limit", "1000"]);
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), CALLS * ROUNDS, "each call started one run");
    assert!(runs.iter().all(|run| run["status"] == "Success"), "{runs:#?}");
    scratch.says(0, ["runs", "resume", "--all"]).with(&["no run was interrupted"]);
}

#[test]
fn a_process_that_is_told_to_end_leaves_its_run_to_the_next() {
    let scratch = scratch();
    let file = scratch.file("hold.yaml", HOLD);
    let mut call = scratch.watch(["run", file.to_str().unwrap()]);
    let run = call.run();
    call.until("Hold  waits for");
    call.signal(Signal::SIGTERM);
    let said = call.end();
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    said.with(&["left run", "runs resume"]);
    assert!(!scratch.data().join("control.sock").exists());
    let mut call = scratch.watch(["runs", "resume", &run]);
    call.until("Hold  waits for");
    scratch.says(0, ["runs", "signal", &run, "resume"]);
    assert_eq!(call.end().code, Some(0));
}

#[test]
fn an_owner_that_does_not_answer_is_said_to() {
    let scratch = scratch();
    let file = scratch.file("hold.yaml", HOLD);
    let mut owner = scratch.watch(["run", file.to_str().unwrap()]);
    owner.until("Hold  waits for");
    owner.signal(Signal::SIGSTOP);
    let said = scratch.says(3, ["runs", "list"]);
    said.with(&["does not answer"]);
    owner.signal(Signal::SIGCONT);
    scratch.says(0, ["runs", "list"]);
}

#[test]
fn a_data_directory_may_have_a_long_path() {
    let scratch = scratch();
    let long = scratch.path().join("d".repeat(120));
    let long = long.to_str().unwrap();
    let file = scratch.file("hold.yaml", HOLD);
    let mut call = scratch.watch(["--data-dir", long, "run", file.to_str().unwrap()]);
    let run = call.run();
    call.until("Hold  waits for");
    scratch.says(0, ["--data-dir", long, "runs", "signal", &run, "resume"]);
    assert_eq!(call.end().code, Some(0));
}
