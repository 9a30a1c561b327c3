//! One script: its end, its output, its surroundings.

use std::io::Read as _;

use agent::{Cancellation, JobState};
use host_api::node::{JobStatus, JobStepStatus};
use serde_json::json;

use crate::fixture::{Node, job, shell};

#[tokio::test]
async fn a_script_that_ends_well_is_a_success() {
    let node = Node::new();
    let report = node.shell("echo out; echo err >&2").await;
    assert_eq!(report.status, JobStatus::Success);
    let step = &report.steps[0];
    assert_eq!((step.status, step.response_code), (JobStepStatus::Success, 0));
    assert_eq!((step.standard_output.as_str(), step.standard_error.as_str()), ("out\n", "err\n"));
    assert!(step.started.unwrap() <= step.ended.unwrap());
    assert_eq!(node.agent.status("job").unwrap(), JobState::Ended(report));
}

#[tokio::test]
async fn other_ends_are_failures() {
    let node = Node::new();
    for (id, script, code) in [
        ("code", "exit 7", 7),
        ("signal", "kill -9 $$", -1),
        ("interpreter", "#!/no/such/interpreter\n", 1),
        ("reboot", "exit 194", 194),
    ] {
        let report = node.run(shell(id, script)).await;
        assert_eq!(report.status, JobStatus::Failed, "{id}");
        assert_eq!(report.steps[0].response_code, code, "{id}: {report:?}");
    }
}

#[tokio::test]
async fn a_shebang_wins() {
    let report = Node::new().shell("#!/bin/cat\nhello").await;
    assert_eq!(report.steps[0].standard_output, "#!/bin/cat\nhello\n");
}

#[tokio::test]
async fn nothing_of_our_own_surroundings_reaches_a_script() {
    let node = Node::new();
    let report = node
        .shell("env | cut -d= -f1 | sort; grep SigBlk /proc/self/status; ls /proc/self/fd")
        .await;
    let output = &report.steps[0].standard_output;
    let names: Vec<_> = output.lines().take_while(|line| !line.starts_with("SigBlk")).collect();
    // `_`, OLDPWD, PWD and SHLVL are the shell's own.
    let own = |name: &&str| !["_", "OLDPWD", "PWD", "SHLVL"].contains(name);
    let names: Vec<_> = names.into_iter().filter(own).collect();
    assert_eq!(
        names,
        ["AWS_SSM_INSTANCE_ID", "HOME", "LANG", "PATH", "RUNWRIGHT_JOB", "SSM_COMMAND_ID"]
    );
    assert!(output.contains("SigBlk:\t0000000000000000"), "{output}");
    // Standard streams, and the directory that `ls` reads.
    let open: Vec<_> =
        output.lines().skip_while(|line| !line.starts_with("SigBlk")).skip(1).collect();
    assert_eq!(open, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn the_environment_input_and_the_working_directory_hold() {
    let node = Node::new();
    let place = node.directory.path().to_str().unwrap();
    let document = |directory: &str| {
        json!({
            "schemaVersion": "2.2",
            "parameters": { "Env": { "type": "StringMap" } },
            "mainSteps": [{ "name": "one", "action": "aws:runShellScript", "inputs": {
                "runCommand": ["echo $COLOUR-$SSM_COMMAND_ID; pwd"],
                "environment": "{{ Env }}",
                "workingDirectory": directory,
            }}]
        })
    };
    let parameters = json!({ "Env": ["{\"COLOUR\": \"blue\"}"] });
    let report = node.run(job("a", document(place), parameters.clone())).await;
    let output = &report.steps[0].standard_output;
    assert_eq!(*output, format!("blue-11111111-2222-3333-4444-555555555555\n{place}\n"));
    let report = node.run(job("b", document("/no/such/directory"), parameters)).await;
    assert_eq!(report.status, JobStatus::Failed);
    assert!(report.steps[0].standard_error.contains("could not be executed"));
}

#[tokio::test]
async fn output_is_cut_and_still_taken() {
    let node = Node::new();
    let report = node
        .shell("head -c 3000000 /dev/zero | tr '\\0' x; head -c 9000 /dev/zero | tr '\\0' y >&2; exit 3")
        .await;
    let step = &report.steps[0];
    assert_eq!(step.response_code, 3);
    assert_eq!(step.standard_output.len(), 24_000);
    assert!(step.standard_output.ends_with("xx--output truncated--"));
    assert_eq!(step.standard_error.len(), 8_000);
    assert!(step.standard_error.ends_with("yy--output truncated--"));
    let spool = node.job_folder("job").join("step-1").join("stdout");
    assert_eq!(std::fs::metadata(spool).unwrap().len(), 1 << 20);
}

#[tokio::test]
async fn characters_are_counted_and_never_cut_in_two() {
    let node = Node::with(|settings| settings.standard_output_characters_max = 30);
    let accents = |count: usize| format!("printf %s '{}'", "é".repeat(count));
    let report = node.run(shell("fits", &accents(30))).await;
    assert_eq!(report.steps[0].standard_output, "é".repeat(30));
    let report = node.run(shell("cut", &accents(31))).await;
    assert_eq!(report.steps[0].standard_output, "é".repeat(10) + "--output truncated--");
    // 30 and a bit characters of four bytes fill what is kept in memory and end within one.
    let wide = format!("printf %s 'a{}'", "\u{1f600}".repeat(60));
    let report = node.run(shell("within", &wide)).await;
    assert_eq!(
        report.steps[0].standard_output,
        format!("a{}--output truncated--", "\u{1f600}".repeat(9))
    );
    let report = node.run(shell("invalid", "printf 'a\\377b'")).await;
    assert_eq!(report.steps[0].standard_output, "a\u{fffd}b");
}

#[tokio::test]
async fn a_timeout_kills_all_that_the_script_started() {
    let node = Node::with(|settings| {
        settings.step_timeout_ms_max = 3_000;
        settings.kill_grace_ms = 100;
    });
    let alive = node.pipe("alive");
    let mut reader = alive.reader();
    // A child in a session of its own, whose parent is gone, and which ignores SIGTERM.
    let script = format!(
        "exec 9>'{}'\n(setsid sh -c 'trap \"\" TERM; echo grandchild; while :; do sleep 1000; done' &)\ntrap '' TERM\nwhile :; do sleep 1000; done",
        alive.path().display()
    );
    let report = node.shell(&script).await;
    assert_eq!(report.status, JobStatus::ExecutionTimedOut);
    let step = &report.steps[0];
    assert_eq!((step.status, step.response_code), (JobStepStatus::TimedOut, 137));
    assert_eq!(step.standard_output, "grandchild\n");
    // The end of the pipe comes when the last process that holds it is dead.
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
}

#[tokio::test]
async fn a_cancelled_job_ends_and_its_later_steps_never_begin() {
    let node = Node::new();
    let ready = node.pipe("ready");
    let script = format!("echo > '{}'; sleep 1000", ready.path().display());
    let step = |name: &str, script: &str| json!({ "name": name, "action": "aws:runShellScript", "inputs": { "runCommand": [script] } });
    let touched = node.path("touched");
    let second = step("two", &format!("touch '{}'", touched.display()));
    let document = json!({ "schemaVersion": "2.2", "mainSteps": [step("one", &script), second] });
    let handle = node.agent.run(job("job", document, json!({}))).unwrap();
    ready.read_to_end();
    assert_eq!(node.agent.status("job").unwrap(), JobState::Running);
    assert_eq!(node.agent.cancel("job").unwrap(), Cancellation::Requested);
    let report = handle.report().await.unwrap();
    assert_eq!(report.status, JobStatus::Cancelled);
    let statuses: Vec<_> =
        report.steps.iter().map(|step| (step.status, step.response_code)).collect();
    assert_eq!(statuses, [(JobStepStatus::Cancelled, 137), (JobStepStatus::Cancelled, 0)]);
    assert!(!touched.exists());
    assert_eq!(node.agent.cancel("job").unwrap(), Cancellation::AlreadyEnded);
    assert_eq!(node.agent.cancel("other").unwrap(), Cancellation::NeverSeen);
}

#[tokio::test]
async fn a_job_that_waits_for_its_turn_can_be_cancelled() {
    let node = Node::with(|settings| {
        settings.running_max = 1;
        settings.jobs_max = 2;
    });
    let (ready, go) = (node.pipe("ready"), node.pipe("go"));
    let script = format!("echo > '{}'; cat '{}'", ready.path().display(), go.path().display());
    let first = node.agent.run(shell("first", &script)).unwrap();
    ready.read_to_end();
    let touched = node.path("touched");
    let second =
        node.agent.run(shell("second", &format!("touch '{}'", touched.display()))).unwrap();
    assert!(node.agent.run(shell("third", "true")).is_err());
    assert_eq!(node.agent.cancel("second").unwrap(), Cancellation::Requested);
    assert_eq!(second.report().await.unwrap().status, JobStatus::Cancelled);
    go.write("gone");
    assert_eq!(first.report().await.unwrap().steps[0].standard_output, "gone");
    assert!(!touched.exists());
}

#[tokio::test]
async fn what_a_script_leaves_behind_on_purpose_lives_on() {
    let node = Node::new();
    let (go, answer) = (node.pipe("go"), node.pipe("answer"));
    let script = format!(
        "(read line < '{}'; echo \"$line\" > '{}') &\necho done",
        go.path().display(),
        answer.path().display()
    );
    let report = node.shell(&script).await;
    assert_eq!(report.status, JobStatus::Success);
    assert_eq!(report.steps[0].standard_output, "done\n");
    go.write("hello\n");
    assert_eq!(answer.read_to_end(), "hello\n");
}

#[test]
fn ids_that_are_no_file_names_are_refused() {
    let node = Node::new();
    for id in ["", ".", "..", "a/b", ".hidden", "a b", &"x".repeat(129)] {
        assert!(node.agent.run(shell(id, "true")).is_err(), "{id}");
        assert!(node.agent.status(id).is_err(), "{id}");
    }
}
