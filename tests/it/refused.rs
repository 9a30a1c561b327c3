//! Bad input: each mistake has a message that says what and where, exit code 2, and changes nothing.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use e2e::{Said, Scratch};
use serde_json::json;

use crate::run::scratch;

/// A runbook that cannot run, and what is said of it.
const CASES: &[(&str, &str, &[&str])] = &[
    ("malformed", "schemaVersion: \"0.3\nmainSteps: [", &["malformed.yaml:1:16: error[RW0101]"]),
    ("empty", "", &["empty.yaml:1:1: error["]),
    ("binary", "\u{1}\u{2}", &["binary.yaml:1:1: error[RW0101]"]),
    (
        "several",
        "schemaVersion: \"0.3\"\ndescripton: x\nparameters: { Tier: { type: Strng }, N: { type: Integer, default: three } }\n\
         mainSteps:\n  - { name: a, action: aws:sleeep, inputs: {}, isend: true }\n\
         \x20 - { name: b, action: aws:sleep, timeoutSeconds: soon, inputs: { Duration: \"{{ Teir }}\" } }\n",
        &[
            "several.yaml:2:1: error[RW0202]: a runbook has no key `descripton`",
            "help: did you mean `description`?",
            "several.yaml:3:29: error[RW0301]: `Strng` is not a type",
            "the default does not fit: Integer is expected, but this is text",
            "there is no action `aws:sleeep`",
            "did you mean `aws:sleep`?",
            "a step has no key `isend`",
            "there is no parameter `Teir`",
        ],
    ),
    (
        "cycle",
        "schemaVersion: \"0.3\"\nmainSteps:\n  - { name: a, action: aws:sleep, inputs: { Duration: PT0S } }\n  - \
         { name: b, action: aws:sleep, inputs: { Duration: PT0S }, nextStep: a }\n",
        &["cycle.yaml:", "error[RW0603]", "a -> b -> a"],
    ),
    (
        "graph_cycle",
        "schemaVersion: \"0.4\"\nflow: graph\nmainSteps:\n  - { name: a, action: sleep, dependsOn: [b], inputs: { Duration: 0s } }\n  - \
         { name: b, action: sleep, dependsOn: [a], inputs: { Duration: 0s } }\n",
        &["graph_cycle.yaml:", "a", "b"],
    ),
    (
        "unavailable",
        "schemaVersion: \"0.3\"\nmainSteps: [{ name: a, action: aws:executeScript, inputs: { Runtime: python3.11 } }]\n",
        &[
            "error[RW0502]",
            "it runs Python or PowerShell in a sandbox, which this version does not have",
        ],
    ),
    (
        "later",
        "schemaVersion: \"0.4\"\nlimits: { nodes: 3 }\nmainSteps: [{ name: a, action: sleep, inputs: { Duration: 0s } }]\n",
        &["later.yaml:2:1: error[RW0207]: blast-radius limits are not available yet"],
    ),
    (
        "plugin",
        "schemaVersion: \"0.4\"\nmainSteps: [{ name: a, action: acme:check-disk, inputs: {} }]\n",
        &[
            "error[RW0503]",
            "`acme:check-disk` is an action of a plugin that is neither locked nor installed",
            "plugin add",
        ],
    ),
    (
        "capability",
        "schemaVersion: \"0.4\"\ncapabilities: [\"parameters:read:/app/*\"]\n\
         mainSteps: [{ name: a, action: getParameter, inputs: { Name: /other } }]\n",
        &[
            "error[RW0702]: the step `a` needs parameters:read:/other, which no capability lists",
            "- parameters:read:/other",
        ],
    ),
    (
        "uncovered",
        "schemaVersion: \"0.4\"\nmainSteps:\n  - { name: a, action: assertProperty, inputs: { Value: /x, DesiredValues: [/x] } }\n  - \
         { name: b, action: getParameter, inputs: { Name: \"{{ a.Value }}\" } }\n",
        &["error[RW0702]", "the step `b`", "parameters:read:"],
    ),
];

#[test]
fn every_mistake_is_shown_with_its_place() {
    let scratch = scratch();
    for (name, text, messages) in CASES {
        let file = scratch.file(&format!("{name}.yaml"), text);
        let file = file.file_name().unwrap().to_str().unwrap();
        for command in ["validate", "run", "plan", "graph"] {
            let said = scratch.call([command, file]);
            assert_eq!(said.code, Some(2), "{command} {name}: {said:?}");
            said.with(messages);
        }
    }
    assert_eq!(scratch.json(0, ["runs", "list"]), json!([]), "nothing was started");
}

#[test]
fn diagnostics_are_data_for_programs() {
    let scratch = scratch();
    scratch.file("bad.yaml", CASES[3].1);
    let report = scratch.json(2, ["validate", "bad.yaml"]);
    assert_eq!(report["valid"], false);
    let first = &report["diagnostics"][0];
    assert_eq!(first["code"], "RW0202");
    assert_eq!(first["file"], "bad.yaml");
    assert!(report["diagnostics"].as_array().unwrap().len() >= 6);
}

#[test]
fn wrong_arguments_are_refused() {
    let scratch = scratch();
    let file = scratch.file(
        "book.yaml",
        r#"{ schemaVersion: "0.3", parameters: { Count: { type: Integer }, Size: { type: String, default: s, allowedValues: [s, m] } },
            mainSteps: [{ name: a, action: aws:sleep, inputs: { Duration: PT0S } }] }"#,
    );
    let file = file.to_str().unwrap();
    let run =
        |arguments: &[&str]| -> Said { scratch.says(2, [&["run", file], arguments].concat()) };
    run(&[]).with(&["parameter `Count` has no default and must be given"]);
    run(&["--param", "Count=many"]).with(&["`Count`", "Integer"]);
    run(&["--param", "Count=1", "--param", "Size=xl"])
        .with(&["`Size` is not one of the allowed values: s, m"]);
    run(&["--param", "Count=1", "--param", "Colour=red"]).with(&["`Colour` does not exist"]);
    run(&["--param", "Count"]).with(&["`--param Count` is not NAME=VALUE"]);
    run(&["--param", "Count=1", "--param", "Count=2"])
        .with(&["the parameter `Count` is given twice"]);
    run(&["--bogus"]).with(&["--bogus"]);
    scratch.says(2, ["run", "absent.yaml"]).with(&[
        "no file and no shipped document `absent.yaml`",
        "shipped: Runwright-Demo, Runwright-DemoSequence\n",
    ]);
    scratch.says(2, ["validate", "absent.yaml"]).with(&["cannot read absent.yaml"]);
    fs::write(scratch.path().join("latin.yaml"), b"description: caf\xe9\n").unwrap();
    let latin = ["latin.yaml:1:17: error[RW0101]", "UTF-8", "0xe9"];
    scratch.says(2, ["run", "latin.yaml"]).with(&latin);
    scratch.file("long.yaml", &format!("description: {}\n", "x".repeat(70_000)));
    scratch.says(2, ["run", "long.yaml"]).with(&["error[RW0105]", "at most 65536 bytes"]);
    scratch.says(2, ["explain", "RW9999"]).with(&["there is no diagnostic RW9999"]);
    scratch.says(2, ["actions", "show", "nothing"]).with(&["there is no action `nothing`"]);
    scratch
        .says(2, ["runs", "list", "--status", "Done"])
        .with(&["there is no status `Done`", "TimedOut"]);
    for command in ["show", "events", "resume", "cancel", "replay", "export", "verify"] {
        let said = scratch.says(2, ["runs", command, "nothing"]);
        if command == "resume" {
            said.with(&["nothing"]);
        } else {
            said.with(&["there is no run nothing"]);
        }
    }
    scratch.says(2, ["runs", "signal", "nothing", "approve"]).with(&["there is no run nothing"]);
    assert_eq!(scratch.json(0, ["runs", "list"]), json!([]));
}

#[test]
fn every_file_is_looked_at_whatever_is_wrong_with_others() {
    let scratch = scratch();
    scratch.file(
        "good.yaml",
        "schemaVersion: \"0.3\"\nmainSteps: [{ name: a, action: aws:pause, inputs: {} }]\n",
    );
    scratch.file("bad.yaml", "schemaVersion: \"0.3\"\n");
    fs::write(scratch.path().join("latin.yaml"), b"a: 1\nb: caf\xe9\n").unwrap();
    let files = ["validate", "good.yaml", "absent.yaml", "latin.yaml", "bad.yaml"];
    scratch.says(2, files).with(&[
        "good.yaml: ok",
        "cannot read absent.yaml",
        "latin.yaml:2:7: error[RW0101]",
        "bad.yaml:1:1: error[",
        "3 errors",
    ]);
    let report = scratch.json(2, files);
    assert_eq!(report["valid"], false);
    let diagnostics = report["diagnostics"].as_array().unwrap();
    let files: Vec<_> = diagnostics.iter().map(|found| found["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["absent.yaml", "latin.yaml", "bad.yaml"]);
    assert_eq!(diagnostics[1]["span"]["start"]["column"], 7);
}

#[test]
fn no_more_is_read_than_can_be_meant() {
    let scratch = scratch();
    for command in [["validate"].as_slice(), &["run"], &["plan"], &["graph"]] {
        let said = scratch.says(2, [command, &["/dev/zero"]].concat());
        said.with(&["/dev/zero:1:1: error[RW0105]", "at most 65536 bytes"]);
        assert!(said.stdout.len() + said.stderr.len() < 2_000, "{command:?}");
    }
    for command in ["inspect", "add"] {
        let said = scratch.says(2, ["plugin", command, "/dev/zero"]);
        said.with(&["/dev/zero is too long: at most 33554432 bytes are allowed"]);
    }
}

fn directory(path: &Path, mode: u32) {
    fs::DirBuilder::new().mode(0o700).create(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Every command that needs the store says the same of a data directory that cannot be used.
#[track_caller]
fn unusable(scratch: &Scratch, directory: &str, messages: &[&str]) {
    let commands: [&[&str]; 4] = [
        &["run", "Runwright-Demo"],
        &["runs", "list"],
        &["param", "put", "/a", "b"],
        &["plan", "Runwright-Demo"],
    ];
    for command in commands {
        let said = scratch.call([command, &["--data-dir", directory]].concat());
        assert_eq!(said.code, Some(2), "{command:?}: {said:?}");
        said.with(messages);
    }
}

#[test]
fn a_data_directory_that_cannot_be_used_is_refused() {
    let scratch = scratch();
    directory(&scratch.path().join("wide"), 0o755);
    unusable(
        &scratch,
        "wide",
        &["wide has mode 0755: it must be closed to group and others (chmod 700)"],
    );
    scratch.file("file", "");
    unusable(&scratch, "file", &["file is not a directory"]);
    // Nobody, not even root, makes a directory there.
    unusable(&scratch, "/sys/runwright", &["data directory /sys/runwright cannot be written"]);
}

#[test]
fn a_store_that_cannot_be_read_is_refused_and_left_as_it_is() {
    let scratch = scratch();
    for name in ["foreign", "newer", "damaged"] {
        let path = scratch.path().join(name);
        directory(&path, 0o700);
        let database = path.join("runwright.db");
        // A backup is a whole store in one file.
        scratch.says(0, ["backup", database.to_str().unwrap()]);
        let mut bytes = fs::read(&database).unwrap();
        match name {
            "foreign" => bytes.fill(b'x'),
            // The schema's version, big-endian, in SQLite's header.
            "newer" => bytes[60..64].copy_from_slice(&99u32.to_be_bytes()),
            _ => bytes[8192..].iter_mut().for_each(|byte| *byte ^= 0xff),
        }
        fs::write(&database, &bytes).unwrap();
        let message = match name {
            "foreign" => "is not a Runwright database",
            "newer" => "has schema version 99, written by a newer release",
            _ => "is damaged",
        };
        unusable(&scratch, name, &[message]);
        assert!(fs::read(&database).unwrap() == bytes, "{name} was changed");
    }
}

#[test]
fn a_second_owner_becomes_a_client_or_is_told_who_owns() {
    let scratch = scratch();
    let file = scratch.file(
        "pause.yaml",
        r#"{ schemaVersion: "0.3", mainSteps: [{ name: wait, action: aws:pause, inputs: {} }] }"#,
    );
    let mut call = scratch.watch(["run", file.to_str().unwrap()]);
    let run = call.run();
    call.until("wait  waits for");
    scratch.says(0, ["runs", "list"]).with(&[&run]);
    // An owner that cannot be reached is named.
    let socket = scratch.data().join("control.sock");
    let owner = fs::read_to_string(scratch.data().join("lock")).unwrap();
    fs::rename(&socket, scratch.path().join("moved.sock")).unwrap();
    let said = scratch.says(3, ["runs", "list"]);
    said.with(&[&format!("is in use by process {}, which does not answer", owner.trim())]);
    fs::rename(scratch.path().join("moved.sock"), &socket).unwrap();
    scratch.says(0, ["runs", "signal", &run, "resume"]);
    assert_eq!(call.end().code, Some(0));
}

#[test]
fn what_is_passed_to_a_document_by_name_is_checked_before_anything_runs() {
    let scratch = scratch();
    scratch.file(
        "Child.yaml",
        r#"{ schemaVersion: "0.3", parameters: { Node: { type: String } },
            mainSteps: [{ name: Hold, action: "aws:pause", inputs: {} }] }"#,
    );
    let file = scratch.file(
        "parent.yaml",
        r#"
schemaVersion: "0.3"
mainSteps:
  - name: Command
    action: aws:runCommand
    inputs: { DocumentName: AWS-RunShellScript, InstanceIds: [local], Parameters: { command: ["true"] } }
  - { name: Child, action: "aws:executeAutomation", inputs: { DocumentName: Child } }
  - { name: Later, action: "aws:executeAutomation", inputs: { DocumentName: NotYetThere, RuntimeParameters: { a: [b] } } }
"#,
    );
    let said = scratch.says(2, ["run", file.to_str().unwrap()]);
    said.with(&[
        "step Command: the document AWS-RunShellScript has no parameter `command`; it has: commands",
        "step Command: the parameter `commands` of the document AWS-RunShellScript must be given",
        "step Child: the parameter `Node` of the document Child must be given",
    ]);
    assert!(!said.stderr.contains("NotYetThere"), "{}", said.stderr);
    assert_eq!(scratch.json(0, ["runs", "list"]), json!([]));
}
