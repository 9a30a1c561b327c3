//! `runwright param`

use std::io::Write;
use std::process::Stdio;

use e2e::{Said, Scratch};
use serde_json::json;

use crate::run::{at_terminal, scratch};

#[test]
fn parameters_are_put_read_listed_and_deleted() {
    let scratch = scratch();
    scratch.says(0, ["param", "put", "/app/mode", "fast", "--description", "how"]);
    scratch.says(0, ["param", "put", "/app/hosts", "a,b", "--type", "StringList"]);
    scratch.says(0, ["param", "put", "/other/name", "x"]);
    let exists = scratch.says(2, ["param", "put", "/app/mode", "slow"]);
    exists.with(&["ParameterAlreadyExists", "The parameter already exists."]);
    let put = scratch.json(0, ["param", "put", "/app/mode", "slow", "--overwrite"]);
    assert_eq!(put["Version"], 2);
    assert_eq!(scratch.says(0, ["param", "get", "/app/mode"]).stdout, "slow\n");
    assert_eq!(scratch.says(0, ["param", "get", "/app/mode:1"]).stdout, "fast\n");
    let listed = scratch.json(0, ["param", "ls", "/app/"]);
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["Name"].as_str().unwrap(), row["Type"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [("/app/hosts", "StringList"), ("/app/mode", "String")]);
    scratch.says(0, ["param", "rm", "/app/mode"]).with(&["/app/mode is deleted"]);
    scratch.says(2, ["param", "get", "/app/mode"]).with(&["Parameter /app/mode not found."]);
    scratch.says(2, ["param", "rm", "/app/mode"]).with(&["Parameter /app/mode not found."]);
    assert_eq!(scratch.json(0, ["param", "ls", "/app/mode"]), json!([]));
}

#[test]
fn what_no_parameter_can_be_is_refused() {
    let scratch = scratch();
    scratch.says(2, ["param", "put", "bad name", "x"]).with(&["the character ' '"]);
    scratch.says(2, ["param", "put", "/a", "x", "--type", "Number"]).with(&["SecureString"]);
    let long = "x".repeat(4097);
    let refused = scratch.says(2, ["param", "put", "/a", &long]);
    assert!(refused.stderr.contains("4096"), "{}", refused.stderr);
    assert_eq!(scratch.json(0, ["param", "ls"]), json!([]));
}

/// Puts what is on standard input.
fn put(scratch: &Scratch, value: &[u8]) -> Said {
    let mut child = scratch
        .command(["param", "put", "/a", "--overwrite"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A value that is too long is not read to its end.
    let written = child.stdin.take().unwrap().write_all(value);
    assert!(written.is_ok() || value.len() > 65_536, "{written:?}");
    Said::of(child.wait_with_output().unwrap())
}

#[test]
fn standard_input_is_a_text_or_refused() {
    let scratch = scratch();
    let said = put(&scratch, b"caf\xe9");
    assert_eq!(said.code, Some(2), "{said:?}");
    said.with(&["no UTF-8 text at byte 3"]);
    let said = put(&scratch, &b"x".repeat(70_000));
    assert_eq!(said.code, Some(2), "{said:?}");
    said.with(&["too long: at most 65536 bytes"]);
    assert_eq!(scratch.json(0, ["param", "ls"]), json!([]));
}

#[test]
fn a_value_arrives_as_it_was_put_unless_a_terminal_shows_it() {
    let scratch = scratch();
    let value = "one\r\ntwo\u{1b}[2J\u{202e}\n\n";
    assert_eq!(put(&scratch, format!("{value}\n").as_bytes()).code, Some(0));
    assert_eq!(scratch.says(0, ["param", "get", "/a"]).stdout, format!("{value}\n"));
    let shown = at_terminal(&scratch, "param get /a");
    assert!(shown.contains("two\\u{1b}[2J\\u{202e}"), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
    let document = at_terminal(&scratch, "param get /a --output json");
    assert!(!document.contains('\u{202e}') && document.contains("\\u202e"), "{document:?}");
}
