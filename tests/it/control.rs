//! Runs while they run: Ctrl-C, and other processes that cancel, signal and read through the control socket.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use e2e::{Scratch, Watched};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::run::scratch;

/// A step that says its process id in a file and then takes longer than any test; what runs when it is cancelled.
const LONG: &str = r#"schemaVersion: "0.4"
parameters: { Marker: { type: String } }
mainSteps:
  - name: Long
    action: shell
    onCancel: step:Tidy
    inputs:
      run: |
        echo $$ > "$MARKER.new" && mv "$MARKER.new" "$MARKER"
        sleep 3600
      env: { MARKER: "{{ Marker }}" }
  - { name: Never, action: sleep, inputs: { Duration: 1h }, isEnd: true }
  - { name: Tidy, action: shell, inputs: { run: printf tidied } }
finally:
  - name: Last
    action: shell
    inputs: { run: printf %s "$STATUS", env: { STATUS: "${{ run.status }}" } }
outputs: [{ Tidy: "{{ Tidy.Stdout }}" }, { Last: "{{ Last.Stdout }}" }]
"#;

const QUESTION: &str = r#"schemaVersion: "0.3"
mainSteps:
  - name: ask
    action: aws:approve
    onFailure: step:refused
    inputs: { Approvers: [APPROVER], Message: "Go on?" }
  - { name: hold, action: aws:pause, inputs: {} }
  - { name: done, action: aws:sleep, inputs: { Duration: PT0S }, isEnd: true }
  - { name: refused, action: aws:sleep, inputs: { Duration: PT0S } }
outputs: [ask.ApprovalStatus, ask.ApproverDecisions]
"#;

struct Long {
    scratch: Scratch,
    call: Watched,
    run: String,
    command: Pid,
}

/// Starts [`LONG`] and returns when its command runs.
fn long() -> Long {
    let scratch = scratch();
    let file = scratch.file("long.yaml", LONG);
    let marker = scratch.path().join("marker");
    let parameter = format!("Marker={}", marker.display());
    let mut call = scratch.watch(["run", file.to_str().unwrap(), "--param", &parameter]);
    let run = call.run();
    let command = Pid::from_raw(awaited(&marker).trim().parse().unwrap());
    Long { scratch, call, run, command }
}

/// Looks for a file that are made before it counts as missing.
const LOOKS_MAX: u32 = 20_000;

/// Returns what a file holds as soon as it is there.
fn awaited(file: &Path) -> String {
    for _ in 0..LOOKS_MAX {
        match fs::read_to_string(file) {
            Ok(text) => return text,
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
    panic!("{} never appeared", file.display())
}

#[track_caller]
fn is_cancelled_cleanly(scratch: &Scratch, run: &str, command: Pid) {
    let view = scratch.json(0, ["runs", "show", run]);
    assert_eq!(view["status"], "Cancelled", "{view:#}");
    assert_eq!(view["outputs"], json!({ "Tidy": "tidied", "Last": "Cancelled" }));
    let statuses: Vec<_> = view["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["Cancelled", "Pending", "Success", "Success"]);
    assert_eq!(kill(command, None), Err(Errno::ESRCH), "the command still runs");
}

#[test]
fn control_c_cancels_cleanly() {
    let Long { scratch, mut call, run, command } = long();
    call.interrupt();
    call.until("cancelling: onCancel and finally steps run now");
    let said = call.end();
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    said.with(&["Cancelled in "]);
    is_cancelled_cleanly(&scratch, &run, command);
}

#[test]
fn another_process_cancels_and_reads_and_writes() {
    let Long { scratch, call, run, command } = long();
    scratch.says(0, ["param", "put", "/app/mode", "fast"]);
    assert_eq!(scratch.says(0, ["param", "get", "/app/mode"]).stdout, "fast\n");
    let runs = scratch.json(0, ["runs", "list", "--status", "InProgress"]);
    assert_eq!(runs[0]["id"], Value::from(run.as_str()));
    let file = scratch.file(
        "short.yaml",
        r#"{ schemaVersion: "0.4", outputs: [Read.Value],
            mainSteps: [{ name: Read, action: getParameter, inputs: { Name: /app/mode } }] }"#,
    );
    let second = scratch.json(0, ["run", file.to_str().unwrap()]);
    assert_eq!(second["outputs"], json!({ "Read.Value": "fast" }));
    scratch.says(0, ["runs", "cancel", &run]).with(&["Cancelled in "]);
    assert_eq!(call.end().code, Some(1));
    is_cancelled_cleanly(&scratch, &run, command);
    let again = scratch.says(2, ["runs", "cancel", &run]);
    again.with(&["has ended as Cancelled"]);
}

/// The user of this process, as the engine names it.
fn principal() -> String {
    format!("os:{}", nix::unistd::getuid())
}

fn question(scratch: &Scratch, approver: &str) -> String {
    let file = scratch.file("question.yaml", &QUESTION.replace("APPROVER", approver));
    file.to_str().unwrap().to_owned()
}

#[test]
fn an_approval_and_a_pause_outlive_their_owner() {
    let scratch = scratch();
    let file = question(&scratch, &format!("\"{}\"", principal()));
    let mut call = scratch.watch(["run", &file]);
    let run = call.run();
    call.until("ask  waits for");
    let wrong = scratch.says(2, ["runs", "signal", &run, "resume"]);
    wrong.with(&["step `ask` waits for Approve or Reject"]);
    let wrong = scratch.says(2, ["runs", "signal", &run, "approve", "--step", "nope"]);
    wrong.with(&["the run has no step `nope`"]);
    call.kill();

    // Nobody owns the directory now: the signal is kept for whoever goes on with the run.
    assert_eq!(scratch.json(0, ["runs", "show", &run])["status"], "Waiting");
    scratch.says(0, ["runs", "signal", &run, "approve", "--comment", "fine"]);
    let mut call = scratch.watch(["runs", "resume", &run]);
    call.until("✓ ask  Success");
    call.until("hold  waits for");
    scratch.says(0, ["runs", "signal", &run, "resume", "--step", "hold"]);
    let said = call.end();
    assert_eq!(said.code, Some(0), "{}", said.stderr);

    let view = scratch.json(0, ["runs", "show", &run]);
    assert_eq!(view["status"], "Success");
    assert_eq!(view["outputs"]["ask.ApprovalStatus"], "Approved");
    let decision = &view["outputs"]["ask.ApproverDecisions"][0];
    assert_eq!(decision["Approver"], principal());
    assert_eq!(decision["Comment"], "fine");
    let ended = scratch.says(2, ["runs", "signal", &run, "resume"]);
    assert!(!ended.stderr.is_empty());
}

#[test]
fn a_rejection_fails_the_step_and_its_run() {
    let scratch = scratch();
    let file = question(&scratch, "\"*\"");
    let mut call = scratch.watch(["run", &file]);
    let run = call.run();
    call.until("ask  waits for");
    scratch.says(0, ["runs", "signal", &run, "reject", "--comment", "not today"]);
    assert_eq!(call.end().code, Some(1));
    let view = scratch.json(0, ["runs", "show", &run]);
    assert_eq!(view["status"], "Failed");
    assert_eq!(view["steps"][0]["status"], "Failed");
    assert_eq!(view["steps"][3]["status"], "Success", "the step that onFailure names");
}

#[test]
fn the_owner_speaks_for_the_approvers_that_a_runbook_names() {
    let (ada, ben) = ("arn:aws:iam::000000000000:user/ada", "arn:aws:iam::000000000000:role/ben");
    let scratch = scratch();
    let text = QUESTION.replace("APPROVER", &format!("{ada}, {ben}"));
    let text = text.replace("Message:", "MinRequiredApprovals: 2, Message:");
    let file = scratch.file("question.yaml", &text);
    let mut call = scratch.watch(["run", file.to_str().unwrap()]);
    let run = call.run();
    call.until("ask  waits for");
    let other = scratch.says(2, ["runs", "signal", &run, "approve", "--as", "eve"]);
    other.with(&["`eve` is not an approver of step `ask`"]);
    scratch.says(0, ["runs", "signal", &run, "approve", "--as", ben]).with(&[ben]);
    assert_eq!(scratch.json(0, ["runs", "show", &run])["status"], "Waiting");
    scratch.says(0, ["runs", "signal", &run, "approve"]).with(&[ada]);
    call.until("hold  waits for");
    scratch.says(0, ["runs", "signal", &run, "resume"]);
    assert_eq!(call.end().code, Some(0));
    let view = scratch.json(0, ["runs", "show", &run]);
    let decisions = view["outputs"]["ask.ApproverDecisions"].as_array().unwrap();
    let approvers: Vec<_> = decisions.iter().map(|decision| &decision["Approver"]).collect();
    assert_eq!(approvers, [ben, ada]);
}

/// As operators have them: everything that schema 0.3 says about flow, IAM names, an output that goes to a cloud's log as well.
const WILD: &str = r#"---
description: |-
  # Check a host
  Asks, branches, runs a command and repeats.
schemaVersion: '0.3'
assumeRole: "{{ AutomationAssumeRole }}"
parameters:
  AutomationAssumeRole: { type: 'AWS::IAM::Role::Arn', default: '' }
  InstanceId: { type: StringList, default: [local] }
  Approvers: { type: StringList, default: ['arn:aws:iam::123456789012:user/Ada'] }
  Mode: { type: String, allowedValues: [Scan, Install], default: Scan }
variables:
  count: { type: Integer, default: 0 }
outputs: [check.Output, repeat.CurrentIteration]
mainSteps:
  - name: approve
    action: aws:approve
    timeoutSeconds: 1000
    onFailure: Abort
    inputs:
      NotificationArn: arn:aws:sns:us-east-2:123456789012:AutomationApproval
      Message: Approve?
      MinRequiredApprovals: 1
      Approvers: ['{{ Approvers }}']
  - name: choose
    action: aws:branch
    inputs:
      Choices:
        - { NextStep: check, Variable: '{{ Mode }}', StringEquals: Scan }
      Default: pause
  - { name: pause, action: 'aws:sleep', inputs: { Duration: PT1H }, isEnd: true }
  - name: check
    action: aws:runCommand
    onFailure: Continue
    inputs:
      DocumentName: AWS-RunShellScript
      InstanceIds: ['{{ InstanceId }}']
      Parameters:
        commands: ['echo checked']
      CloudWatchOutputConfig: { CloudWatchOutputEnabled: true }
  - name: repeat
    action: aws:loop
    inputs:
      Iterators: [a, b]
      Steps:
        - name: note
          action: aws:updateVariable
          inputs: { Name: 'variable:count', Value: '{{ repeat.CurrentIteration }}' }
        - { name: rest, action: 'aws:sleep', inputs: { Duration: PT0S } }
  - { name: done, action: 'aws:sleep', inputs: { Duration: PT0S }, isEnd: true }
"#;

#[test]
fn a_runbook_from_the_wild_runs_unchanged() {
    let scratch = scratch();
    let file = scratch.file("wild.yaml", WILD);
    let file = file.to_str().unwrap();
    scratch.says(0, ["validate", file]).with(&["warning[RW0508]"]);
    let mut call = scratch.watch(["run", file]);
    let run = call.run();
    call.until("approve  waits for");
    scratch.says(0, ["runs", "signal", &run, "approve"]);
    assert_eq!(call.end().code, Some(0));
    let view = scratch.json(0, ["runs", "show", &run]);
    assert_eq!(
        view["outputs"],
        json!({ "check.Output": "checked\n", "repeat.CurrentIteration": 2 })
    );
    let statuses = view["steps"].as_array().unwrap().iter();
    let pending: Vec<_> = statuses
        .filter(|step| step["status"] != "Success")
        .map(|step| (step["name"].as_str().unwrap(), step["status"].as_str().unwrap()))
        .collect();
    assert_eq!(pending, [("pause", "Pending")]);
}

#[test]
fn a_run_whose_owner_was_killed_goes_on() {
    let Long { scratch, mut call, run, command } = long();
    call.kill();
    assert_eq!(scratch.json(0, ["runs", "show", &run])["status"], "InProgress");
    // The command outlives its owner; ending it lets the run go on.
    kill(command, Signal::SIGKILL).unwrap();
    let mut call = scratch.watch(["runs", "resume", "--all"]);
    assert_eq!(call.run(), run);
    call.until("✗ Long  Failed");
    assert_eq!(call.end().code, Some(1));
    let view = scratch.json(0, ["runs", "show", &run]);
    assert_eq!(view["status"], "Failed");
    assert_eq!(view["outputs"]["Last"], "Failed");
    scratch.says(0, ["runs", "resume", "--all"]).with(&["no run was interrupted"]);
    scratch.says(2, ["runs", "resume", &run]).with(&["has ended as Failed"]);
}
