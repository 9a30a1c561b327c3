//! `runwright plugin`, with the example plugin: built, looked at, signed, added, run, and removed.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use e2e::{Said, Scratch};
use serde_json::{Value, json};

use crate::run::scratch;

const PLUGIN: &str = "acme:disk@0.1.0";

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/plugins/disk")
}

/// Builds the example once, with the environment of this very test: the compiler is found there.
fn component() -> &'static [u8] {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_runwright-e2e"))
            .args(["plugin", "build", "--output", "json", "--out"])
            .args([folder.path(), &example()])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let built = Said::of(output).json(0);
        assert_eq!(built[0]["name"], "acme:disk");
        assert_eq!(built[0]["version"], "0.1.0");
        assert_eq!(built[0]["digest"].as_str().unwrap().len(), 64);
        fs::read(folder.path().join("disk.wasm")).unwrap()
    })
}

/// A scratch directory with the component and the runbook that uses it.
fn with_component() -> Scratch {
    let scratch = scratch();
    fs::write(scratch.path().join("disk.wasm"), component()).unwrap();
    fs::copy(example().join("check-disk.yaml"), scratch.path().join("check-disk.yaml")).unwrap();
    scratch
}

fn installed() -> Scratch {
    let scratch = with_component();
    scratch.says(0, ["plugin", "add", "disk.wasm", "--lock", "check-disk.yaml"]).with(&[PLUGIN]);
    scratch
}

#[test]
fn the_example_is_inspected_and_runs() {
    let scratch = with_component();
    let inspected = scratch.json(0, ["plugin", "inspect", "disk.wasm"]);
    assert_eq!(inspected["manifest"]["name"], "acme:disk");
    assert_eq!(inspected["signature"], Value::Null);
    scratch.says(0, ["plugin", "inspect", "disk.wasm"]).with(&[
        PLUGIN,
        "acme:check-disk",
        "needs parameters:write:{Report}",
        "signature   none",
    ]);
    scratch.says(2, ["run", "check-disk.yaml"]).with(&["error[RW0503]", "acme:check-disk"]);

    scratch.says(0, ["plugin", "add", "disk.wasm", "--lock", "check-disk.yaml"]);
    let lock = fs::read_to_string(scratch.path().join("check-disk.lock")).unwrap();
    assert!(
        lock.contains("acme:disk") && lock.contains(inspected["digest"].as_str().unwrap()),
        "{lock}"
    );
    scratch.says(0, ["validate", "check-disk.yaml"]).with(&["check-disk.yaml: ok"]);
    scratch.says(0, ["actions", "show", "acme:check-disk"]).with(&["PercentMax", "Report"]);
    scratch.says(0, ["plan", "check-disk.yaml"]).with(&["touches  parameters:write:/disk/local"]);

    let run = scratch.json(0, ["run", "check-disk.yaml", "--param", "PercentMax=100"]);
    assert_eq!(run["status"], "Success");
    let percent = run["outputs"]["Check.Percent"].as_u64().unwrap();
    assert!(percent <= 100);
    let report = scratch.json(0, ["param", "get", "/disk/local"]);
    let report: Value = serde_json::from_str(report["Value"].as_str().unwrap()).unwrap();
    assert_eq!(report["Node"], "local");
    let id = run["id"].as_str().unwrap();
    assert_eq!(scratch.json(0, ["runs", "replay", id])["equal"], true);
    // What the plugin remembers outlives the run.
    let again = scratch.json(0, ["run", "check-disk.yaml", "--param", "PercentMax=100"]);
    assert_eq!(again["steps"][0]["outputs"]["PercentBefore"], json!(percent));
}

#[test]
fn a_plugin_can_do_only_what_the_runbook_lists() {
    let scratch = installed();
    let book = fs::read_to_string(scratch.path().join("check-disk.yaml")).unwrap();
    let narrowed = book.replace("  - parameters:write:/disk/local\n", "");
    assert_ne!(book, narrowed);
    fs::write(scratch.path().join("check-disk.yaml"), &narrowed).unwrap();
    let denied = scratch.says(1, ["run", "check-disk.yaml"]);
    denied.with(&[
        "warning[RW0702]",
        "- parameters:write:/disk/local",
        "✗ Check  Failed: Denied: ",
    ]);
    scratch.says(2, ["param", "get", "/disk/local"]);
    let start = book.find("capabilities:").unwrap();
    let end = book.find("outputs:").unwrap();
    let without = format!("{}{}", &book[..start], &book[end..]);
    fs::write(scratch.path().join("check-disk.yaml"), without).unwrap();
    let denied = scratch.says(1, ["run", "check-disk.yaml"]);
    denied.with(&[
        "warning[RW0702]",
        "- commands:send:AWS-RunShellScript@local",
        "✗ Check  Failed: Denied: ",
    ]);
}

#[test]
fn a_signature_is_demanded_and_checked() {
    let scratch = with_component();
    let add = |file: &str, key: &str, code: i32| -> Said {
        scratch.says(code, ["plugin", "add", file, "--require-key", key])
    };
    scratch.says(0, ["plugin", "sign", "disk.wasm", "--key", "ours.key"]).with(&["made a key"]);
    fs::write(scratch.path().join("other.wasm"), component()).unwrap();
    scratch.says(0, ["plugin", "sign", "other.wasm", "--key", "theirs.key"]);
    fs::create_dir(scratch.path().join("apart")).unwrap();
    fs::rename(scratch.path().join("theirs.pub"), scratch.path().join("apart/theirs.pub")).unwrap();

    add("disk.wasm", "apart/theirs.pub", 2).with(&["the component is refused"]);
    fs::remove_file(scratch.path().join("other.wasm.sig")).unwrap();
    add("other.wasm", "ours.pub", 2).with(&["the component is refused", "sign"]);
    let mut tampered = component().to_vec();
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;
    fs::write(scratch.path().join("tampered.wasm"), &tampered).unwrap();
    fs::copy(scratch.path().join("disk.wasm.sig"), scratch.path().join("tampered.wasm.sig"))
        .unwrap();
    add("tampered.wasm", "ours.pub", 2).with(&["the component is refused", "signature"]);
    // Also where nobody asks for a signature, one that is there is of the file.
    let refused = scratch.says(2, ["plugin", "add", "tampered.wasm"]);
    refused.with(&["the component is refused", "is not of these bytes"]);
    fs::rename(scratch.path().join("ours.pub"), scratch.path().join("apart/ours.pub")).unwrap();
    let refused = scratch.says(2, ["plugin", "add", "disk.wasm"]);
    refused.with(&["disk.wasm.sig is a signature by the key", "--require-key", "--unsigned"]);
    fs::rename(scratch.path().join("apart/ours.pub"), scratch.path().join("ours.pub")).unwrap();
    assert_eq!(scratch.json(0, ["plugin", "list"]), json!([]));

    add("disk.wasm", "ours.pub", 0).with(&[PLUGIN]);
    let list = scratch.json(0, ["plugin", "list"]);
    assert_eq!(list[0]["name"], "acme:disk");
    assert!(list[0]["signerKeyId"].is_string());
    let inspected = scratch.json(0, ["plugin", "inspect", "disk.wasm"]);
    assert!(inspected["signature"].is_string());
}

#[test]
fn a_signature_nobody_asks_for_is_checked_all_the_same() {
    let scratch = with_component();
    scratch.says(0, ["plugin", "sign", "disk.wasm", "--key", "ours.key"]);
    scratch.says(0, ["plugin", "add", "disk.wasm"]).with(&["which lies beside it"]);
    assert!(scratch.json(0, ["plugin", "list"])[0]["signerKeyId"].is_string());

    let scratch = with_component();
    scratch.file("disk.wasm.sig", "\u{1b}[2Jnothing\u{202e}");
    scratch.says(2, ["plugin", "add", "disk.wasm"]).with(&["not a signature"]);
    let inspected = scratch.says(0, ["plugin", "inspect", "disk.wasm"]);
    inspected.with(&["signature   \\u{1b}[2Jnothing\\u{202e}"]);
    scratch.says(0, ["plugin", "add", "disk.wasm", "--unsigned"]).with(&[PLUGIN]);
    assert_eq!(scratch.json(0, ["plugin", "list"])[0]["signerKeyId"], Value::Null);
}

#[test]
fn keys_are_told_apart_and_never_overwritten() {
    let scratch = with_component();
    let sign =
        |key: &str, code: i32| scratch.says(code, ["plugin", "sign", "disk.wasm", "--key", key]);
    let read = |name: &str| fs::read_to_string(scratch.path().join(name)).unwrap();
    sign("ours.pub", 2).with(&["cannot end in .pub"]);
    scratch.file("theirs.pub", "something else\n");
    sign("theirs.key", 2).with(&["theirs.pub exists already"]);
    assert_eq!(read("theirs.pub"), "something else\n");
    assert!(
        !scratch.path().join("theirs.key").exists() && !scratch.path().join("ours.pub").exists()
    );

    sign("ours.key", 0).with(&["made a key: ours.key and ours.pub"]);
    let (private, public, signature) = (read("ours.key"), read("ours.pub"), read("disk.wasm.sig"));
    assert!(
        private.starts_with("runwright-private-key ")
            && public.starts_with("runwright-public-key ")
    );
    let mode =
        |name: &str| fs::metadata(scratch.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("ours.key"), 0o600);
    sign("ours.pub", 2).with(&["a public key, which cannot sign"]);
    let refused = scratch.says(2, ["plugin", "add", "disk.wasm", "--require-key", "ours.key"]);
    refused.with(&["ours.key: this is a private key"]);
    sign("ours.key", 0);
    fs::remove_file(scratch.path().join("ours.pub")).unwrap();
    sign("ours.key", 0);
    assert_eq!(
        (read("ours.key"), read("ours.pub"), read("disk.wasm.sig")),
        (private, public, signature)
    );

    fs::set_permissions(scratch.path().join("ours.key"), fs::Permissions::from_mode(0o644))
        .unwrap();
    sign("ours.key", 2).with(&["ours.key has mode 0644", "chmod 600 ours.key"]);
    let left: Vec<_> =
        fs::read_dir(scratch.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_str().unwrap().contains(".draft")), "{left:?}");
}

#[test]
fn a_run_with_a_plugin_is_replayed_elsewhere_and_its_step_can_be_pasted() {
    let here = installed();
    let run = here.json(0, ["run", "check-disk.yaml", "--param", "PercentMax=100"]);
    here.says(0, ["runs", "export", run["id"].as_str().unwrap(), "--file", "it.run"]);
    let there = scratch();
    fs::copy(here.path().join("it.run"), there.path().join("it.run")).unwrap();
    assert_eq!(there.json(0, ["runs", "replay", "it.run"])["equal"], true);

    let step = here.json(0, ["actions", "show", "acme:check-disk"])["step"].take();
    let book = format!("schemaVersion: \"0.4\"\nmainSteps:\n{}", step.as_str().unwrap());
    here.file("pasted.yaml", &book);
    fs::copy(here.path().join("check-disk.lock"), here.path().join("pasted.lock")).unwrap();
    here.says(0, ["validate", "pasted.yaml"]);
}

#[test]
fn a_component_that_is_not_the_locked_one_is_refused() {
    let scratch = installed();
    let lock = scratch.path().join("check-disk.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let digest = scratch.json(0, ["plugin", "list"])[0]["digest"].as_str().unwrap().to_owned();
    let other = digest.chars().rev().collect::<String>();
    fs::write(&lock, text.replace(&digest, &other)).unwrap();
    let refused = scratch.says(2, ["run", "check-disk.yaml"]);
    refused.with(&["error[RW0504]", "acme:check-disk"]);
    fs::write(&lock, "plugins: 3\n").unwrap();
    scratch.says(2, ["run", "check-disk.yaml"]).with(&["check-disk.lock:1:", "error["]);
}

#[test]
fn what_is_no_component_is_refused() {
    let scratch = with_component();
    let half = &component()[..component().len() / 2];
    fs::write(scratch.path().join("half.wasm"), half).unwrap();
    scratch.file("text.wasm", "not a component");
    for file in ["half.wasm", "text.wasm"] {
        scratch.says(2, ["plugin", "inspect", file]).with(&[file]);
        scratch.says(2, ["plugin", "add", file]).with(&["the component is refused"]);
        assert_eq!(scratch.json(0, ["plugin", "list"]), json!([]));
    }
    scratch.says(2, ["plugin", "add", "absent.wasm"]).with(&["cannot read absent.wasm"]);
    let empty = scratch.path().join("empty");
    fs::DirBuilder::new().mode(0o700).create(&empty).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_runwright-e2e"))
        .args(["plugin", "build"])
        .arg(&empty)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(Said::of(output).code, Some(2));
}

#[test]
fn a_plugin_in_use_is_not_removed() {
    let scratch = installed();
    let book = fs::read_to_string(scratch.path().join("check-disk.yaml")).unwrap();
    let waiting =
        book.replace("mainSteps:\n", "mainSteps:\n  - { name: Wait, action: pause, inputs: {} }\n");
    assert_ne!(book, waiting);
    fs::write(scratch.path().join("check-disk.yaml"), waiting).unwrap();
    let mut call = scratch.watch(["run", "check-disk.yaml", "--param", "PercentMax=100"]);
    let run = call.run();
    call.until("Wait  waits for");
    scratch.says(2, ["plugin", "remove", PLUGIN]).with(&["is used by run", &run]);
    scratch.says(0, ["runs", "signal", &run, "resume"]);
    let said = call.end();
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    scratch.says(0, ["plugin", "remove", PLUGIN]).with(&["is removed"]);
    assert_eq!(scratch.json(0, ["plugin", "list"]), json!([]));
    scratch.says(2, ["plugin", "remove", PLUGIN]).with(&["there is no plugin"]);
    scratch.says(2, ["run", "check-disk.yaml"]).with(&["error[RW0504]"]);
    // What a finished run needs for its replay stays.
    assert_eq!(scratch.json(0, ["runs", "replay", &run])["equal"], true);
}
