//! `runwright backup` and `runwright restore`

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

use serde_json::Value;

use crate::run::scratch;

#[test]
fn a_backup_restores_everything_but_the_keys() {
    let scratch = scratch();
    let run = scratch.json(0, ["run", "Runwright-DemoSequence"]);
    let run = run["id"].as_str().unwrap();
    scratch.says(0, ["param", "put", "/app/token", "a long secret", "--type", "SecureString"]);
    let report = scratch.json(0, ["backup", "copy.db"]);
    assert_eq!(report["keyIds"], serde_json::json!(["k1"]));
    let mode = fs::metadata(scratch.path().join("copy.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
    scratch.says(2, ["backup", "copy.db"]).with(&["copy.db exists already"]);

    let said = scratch.says(0, ["--data-dir", "restored", "restore", "copy.db"]);
    said.with(&["restored to ", "need the key k1"]);
    let said = scratch.says(2, ["--data-dir", "restored", "runs", "list"]);
    said.with(&["sealed with the key k1, which is not here (found: none)"]);
    fs::DirBuilder::new().mode(0o700).create(scratch.path().join("restored/keys")).unwrap();
    let key = "keys/k1.key";
    let other = scratch.path().join("restored").join(key);
    fs::write(&other, [7; 32]).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    let said = scratch.says(2, ["--data-dir", "restored", "runs", "list"]);
    said.with(&["the key k1 is another than the one of this name"]);
    fs::copy(scratch.data().join(key), scratch.path().join("restored").join(key)).unwrap();
    let of = |directory: &str| -> Vec<Value> {
        let ask =
            |arguments: &[&str]| scratch.json(0, [&["--data-dir", directory], arguments].concat());
        vec![
            ask(&["runs", "show", run]),
            ask(&["runs", "events", run]),
            ask(&["runs", "verify", "--all"]),
            ask(&["param", "get", "/app/token", "--with-decryption"]),
        ]
    };
    let restored = of("restored");
    assert_eq!(restored, of("data"));
    assert_eq!(restored[3]["Value"], "a long secret");
    scratch.says(2, ["--data-dir", "restored", "restore", "copy.db"]).with(&["is not empty"]);
}

#[test]
fn what_is_no_backup_is_refused_and_leaves_nothing() {
    let scratch = scratch();
    scratch.file("text.db", "this is text, not a database, whatever its name says");
    let said = scratch.says(2, ["restore", "text.db"]);
    said.with(&["text.db is not a Runwright database"]);
    let said = scratch.says(2, ["restore", "absent.db"]);
    said.with(&["absent.db", "No such file or directory"]);
    let live = scratch.data().join("runwright.db");
    let said = scratch.says(0, ["param", "put", "/a", "b"]);
    drop(said);
    let bytes = fs::read(&live).unwrap();
    fs::write(scratch.path().join("cut.db"), &bytes[..bytes.len() / 2]).unwrap();
    let said = scratch.says(2, ["--data-dir", "new", "restore", "cut.db"]);
    said.with(&["cut.db"]);
    assert!(!scratch.path().join("new/runwright.db").exists());
}
