//! A secret goes where it is meant to go, and is nowhere else: not in what is printed, not in any file of the data directory.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use e2e::{Said, Scratch};
use serde_json::json;

use crate::run::scratch;

const SECRET: &str = "correct-horse-battery-staple";

/// A server that answers every request with the `Authorization` header it got. Returns its address.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().for_each(|stream| answer(&stream.unwrap())));
    address
}

fn answer(mut stream: &TcpStream) {
    let mut authorization = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            value.clone_into(&mut authorization);
        }
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{authorization}", authorization.len()).unwrap();
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files(&path, found);
        } else if kind.is_file() {
            found.push(path);
        }
    }
}

#[track_caller]
fn is_nowhere(scratch: &Scratch) {
    let mut found = Vec::new();
    files(&scratch.data(), &mut found);
    assert!(found.iter().any(|file| file.ends_with("runwright.db")));
    for file in found {
        let bytes = fs::read(&file).unwrap();
        let is_there = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!is_there, "{} holds the secret", file.display());
    }
}

#[track_caller]
fn is_not_said(said: &Said) {
    assert!(!said.stdout.contains(SECRET) && !said.stderr.contains(SECRET), "{said:?}");
}

fn put_secret(scratch: &Scratch) {
    let said = scratch.says(0, ["param", "put", "/app/token", SECRET, "--type", "SecureString"]);
    is_not_said(&said);
}

#[test]
fn a_secret_is_sent_and_neither_printed_nor_stored() {
    let scratch = scratch();
    put_secret(&scratch);
    let file = scratch.file(
        "send.yaml",
        &r#"schemaVersion: "0.4"
parameters: { Token: { type: Secret, default: { secret: /app/token } } }
capabilities: ["http:GET:http://ADDRESS/*", "parameters:read:/app/*", "parameters:write:/app/*"]
mainSteps:
  - { name: Read, action: getParameter, inputs: { Name: /app/token } }
  - { name: Call, action: httpRequest, inputs: { Url: "http://ADDRESS/who", Bearer: { secret: "{{ Token }}" } } }
  - { name: Copy, action: putParameter, inputs: { Name: /app/copy, Value: { secret: /app/token } } }
outputs: [Call.Body, Call.StatusCode, Read.Value]
"#
        .replace("ADDRESS", &echo()),
    );
    let said = scratch.says(0, ["-vvv", "run", file.to_str().unwrap()]);
    is_not_said(&said);
    is_nowhere(&scratch);
    let runs = scratch.json(0, ["runs", "list"]);
    let run = runs[0]["id"].as_str().unwrap();
    let view = scratch.json(0, ["runs", "show", run]);
    assert_eq!(view["outputs"]["Call.StatusCode"], 200);
    // The server got it and echoed it; the echo is masked.
    assert_eq!(view["outputs"]["Call.Body"], "Bearer ***");
    assert_eq!(view["outputs"]["Read.Value"], json!({ "secret": "/app/token:1" }));
    let copy = scratch.says(0, ["param", "get", "/app/copy", "--with-decryption"]);
    assert_eq!(copy.stdout.trim(), SECRET);

    for command in ["events", "replay", "verify"] {
        is_not_said(&scratch.call(["runs", command, run]));
    }
    scratch.says(0, ["runs", "export", run, "--file", "secret.run"]);
    let exported = fs::read_to_string(scratch.path().join("secret.run")).unwrap();
    assert!(!exported.contains(SECRET));
    scratch.says(0, ["backup", "copy.db"]).with(&["need the key k1, which is not in it"]);
    let backup = fs::read(scratch.path().join("copy.db")).unwrap();
    assert!(!backup.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    is_nowhere(&scratch);
}

#[test]
fn an_operation_by_name_passes_a_secret_on_and_never_shows_it() {
    let scratch = scratch();
    put_secret(&scratch);
    let file = scratch.file(
        "copy.yaml",
        r#"schemaVersion: "0.3"
mainSteps:
  - name: Read
    action: aws:executeAwsApi
    inputs: { Service: ssm, Api: GetParameter, Name: /app/token, WithDecryption: true }
    outputs: [{ Name: Value, Selector: $.Parameter.Value, Type: String }]
  - name: Copy
    action: aws:executeAwsApi
    inputs: { Service: ssm, Api: PutParameter, Name: /app/copy, Type: SecureString, Value: "{{ Read.Value }}" }
  - name: Open
    action: aws:executeAwsApi
    onFailure: Continue
    isCritical: false
    inputs: { Service: ssm, Api: PutParameter, Name: /app/open, Type: String, Value: "{{ Read.Value }}" }
outputs: [Read.Value]
"#,
    );
    is_not_said(&scratch.says(0, ["-vvv", "run", file.to_str().unwrap()]));
    is_nowhere(&scratch);
    let runs = scratch.json(0, ["runs", "list"]);
    let run = runs[0]["id"].as_str().unwrap();
    let view = scratch.json(0, ["runs", "show", run]);
    assert_eq!(view["outputs"]["Read.Value"], json!({ "secret": "/app/token:1" }));
    let copy = scratch.says(0, ["param", "get", "/app/copy", "--with-decryption"]);
    assert_eq!(copy.stdout.trim(), SECRET);
    assert_eq!(view["steps"][2]["failure"]["code"], "ValidationException");
    scratch.says(2, ["param", "get", "/app/open"]).with(&["ParameterNotFound"]);
    for command in ["events", "replay", "verify"] {
        is_not_said(&scratch.says(0, ["runs", command, run]));
    }
}

#[test]
fn a_failure_does_not_show_the_secret() {
    let scratch = scratch();
    put_secret(&scratch);
    let failing = scratch.file(
        "fails.yaml",
        &r#"schemaVersion: "0.4"
capabilities: ["http:GET:http://ADDRESS/*", "parameters:read:/app/*"]
mainSteps:
  - name: Call
    action: httpRequest
    inputs: { Url: "http://ADDRESS/who", Bearer: { secret: /app/token }, ExpectStatus: [418] }
"#
        .replace("ADDRESS", &echo()),
    );
    let said = scratch.says(1, ["run", failing.to_str().unwrap()]);
    is_not_said(&said);
    is_nowhere(&scratch);
}

#[test]
fn a_secure_string_is_shown_only_when_asked_for() {
    let scratch = scratch();
    let mut child = scratch
        .command(["param", "put", "/app/token", "--type", "SecureString"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    is_not_said(&scratch.says(0, ["param", "get", "/app/token"]));
    is_not_said(&scratch.says(0, ["param", "ls"]));
    let shown = scratch.says(0, ["param", "get", "/app/token", "--with-decryption"]);
    assert_eq!(shown.stdout.trim(), SECRET);
    is_nowhere(&scratch);
}

/// Where SSM keeps webhook integrations.
const INTEGRATIONS: &str = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook";

#[test]
fn a_webhook_goes_nowhere_but_to_a_public_https_address() {
    let scratch = scratch();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let put = |url: &str| {
        let value = json!({ "url": url, "headers": { "X-Token": SECRET }, "payload": { "a": 1 } });
        let (name, value) = (format!("{INTEGRATIONS}/chat"), value.to_string());
        scratch.says(0, ["param", "put", &name, &value, "--type", "SecureString", "--overwrite"]);
    };
    scratch.file(
        "hook.yaml",
        r#"{ schemaVersion: "0.3", mainSteps: [{ name: Post, action: aws:invokeWebhook,
            inputs: { IntegrationName: chat, Body: hello } }] }"#,
    );
    for (url, code, message) in [
        (format!("http://{address}/hook"), "InvalidIntegration", "has a url that is not https"),
        (format!("https://{address}/hook"), "Denied", "is not a public address"),
        ("https://127.0.0.1/hook".to_owned(), "Denied", "is not a public address"),
    ] {
        put(&url);
        let said = scratch.call(["run", "hook.yaml", "--output", "json"]);
        is_not_said(&said);
        let failure = &said.json(1)["failure"];
        assert_eq!(failure["code"], code, "{failure}");
        assert!(failure["message"].as_str().unwrap().contains(message), "{failure}");
    }
    assert!(listener.accept().is_err(), "nothing reached the server");
    is_nowhere(&scratch);
}

/// Whoever fills in a parameter, such as a webhook, must not name secrets by it.
#[test]
fn data_that_looks_like_a_reference_names_no_secret() {
    let scratch = scratch();
    put_secret(&scratch);
    let file = scratch.file(
        "copy.yaml",
        r#"schemaVersion: "0.4"
parameters: { Payload: { type: StringMap } }
mainSteps:
  - { name: Copy, action: putParameter, inputs: { Name: /app/copy, Value: "{{ Payload }}" } }
"#,
    );
    let file = file.to_str().unwrap();
    for payload in [r#"{"secret":"/app/token"}"#, r#"{"runwright:secret":"/app/token"}"#] {
        let said = scratch.call(["run", file, "--param", &format!("Payload={payload}")]);
        is_not_said(&said);
        let copy = scratch.call(["param", "get", "/app/copy", "--with-decryption"]);
        is_not_said(&copy);
        scratch.call(["param", "rm", "/app/copy"]);
    }
    scratch.says(2, ["run", file, "--param", r#"Payload={"runwright:secret":"/app/token"}"#]);
}

#[test]
fn what_one_step_was_given_is_scrubbed_from_what_another_produces() {
    let scratch = scratch();
    put_secret(&scratch);
    let kept = scratch.path().join("kept");
    fs::write(&kept, format!("token={SECRET}\n")).unwrap();
    let file = scratch.file(
        "later.yaml",
        &r#"schemaVersion: "0.4"
parameters: { Token: { type: Secret, default: { secret: /app/token } } }
capabilities: ["http:GET:http://ADDRESS/*", "parameters:read:/app/*", "commands:send:Runwright-Shell@local"]
mainSteps:
  - { name: Call, action: httpRequest, inputs: { Method: GET, Url: "http://ADDRESS/", Bearer: { secret: "{{ Token }}" } } }
  - { name: Show, action: shell, inputs: { run: "cat FILE" } }
outputs: [Show.Stdout]
"#
        .replace("ADDRESS", &echo())
        .replace("FILE", kept.to_str().unwrap()),
    );
    let said = scratch.says(0, ["run", file.to_str().unwrap(), "--output", "json"]);
    is_not_said(&said);
    assert_eq!(said.json(0)["outputs"]["Show.Stdout"], "token=***\n");
    let run = said.json(0)["id"].as_str().unwrap().to_owned();
    is_not_said(&scratch.call(["runs", "events", &run]));
}

#[test]
fn a_secret_that_is_not_there_fails_steps_and_puts_no_run_aside() {
    let scratch = scratch();
    scratch.file(
        "book.yaml",
        r#"{ schemaVersion: "0.4", flow: graph,
            capabilities: ["commands:send:Runwright-Shell@local", "parameters:write:/copy", "parameters:read:/none"],
            mainSteps: [
              { name: Copies, action: putParameter, dependsOn: [],
                inputs: { Name: /copy, Type: SecureString, Value: { secret: /none } } },
              { name: Waits, action: shell, dependsOn: [], inputs: { run: "sleep 1; echo $((40 + 2))-said" } } ] }"#,
    );
    let run = scratch.json(1, ["run", "book.yaml"]);
    assert_eq!(run["status"], "Failed", "{run:#}");
    let failed =
        |step: usize| (&run["steps"][step]["status"], &run["steps"][step]["failure"]["code"]);
    assert_eq!(failed(0), (&json!("Failed"), &json!("SecretNotFound")), "{run:#}");
    // What it said may hold the text, so it is not kept.
    assert_eq!(failed(1), (&json!("Failed"), &json!("SecretNotFound")), "{run:#}");
    assert!(!run.to_string().contains("42-said"), "{run:#}");
    // What was withheld cannot be compared, and is no sign of nondeterminism.
    let id = run["id"].as_str().unwrap();
    scratch.says(0, ["runs", "replay", id]).with(&["withheld"]);
}
