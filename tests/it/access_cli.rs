//! `runwright auth`, `policy`, `key`, `documents` and `audit`: what the services have, by the command line.

use std::fs;

use e2e::Scratch;
use serde_json::{Value, json};

use crate::run::scratch;

const GOOD: &str = r#"@id("ci")
permit (principal == User::"ci", action == Action::"ssm:GetParameter", resource in Parameter::"/app")
unless { context.withDecryption };
"#;

const BOOK: &str = r#"schemaVersion: "0.4"
mainSteps:
  - { name: Rest, action: sleep, inputs: { Duration: 1s } }
"#;

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap()
}

#[test]
fn a_user_has_two_active_keys_at_most_until_one_is_revoked() {
    let scratch = scratch();
    let create = ["auth", "key", "create", "--user", "bob", "--role", "reader"];
    let first = scratch.json(0, create);
    assert_eq!(text(&first, "secretAccessKey").len(), 40, "the secret is shown once");
    assert_eq!(first["principal"], "arn:aws:iam::000000000000:user/bob");
    let id = text(&first, "accessKeyId");
    scratch.says(0, create);
    scratch.says(2, create).with(&["LimitExceeded", "bob"]);
    scratch.says(0, ["auth", "key", "disable", id]);
    scratch.says(0, create);
    scratch.says(2, ["auth", "key", "enable", id]).with(&["LimitExceeded"]);
    let planned = scratch.json(0, ["auth", "key", "revoke", id, "--dry-run"]);
    assert_eq!(planned, json!({ "id": id, "user": "bob", "dryRun": true }));
    scratch.says(0, ["auth", "key", "revoke", id]).with(&[id, "revoked"]);
    scratch.says(2, ["auth", "key", "revoke", id]).with(&["NoSuchEntity"]);
    let listed = scratch.says(0, ["auth", "key", "list", "--user", "bob", "--output", "json"]);
    assert!(!listed.stdout.contains(text(&first, "secretAccessKey")));
    let keys: Value = serde_json::from_str(&listed.stdout).unwrap();
    let keys = keys.as_array().unwrap();
    assert!(keys.len() == 2 && keys.iter().all(|key| key["isActive"] == true), "{keys:?}");
}

#[test]
fn a_rotated_key_stays_active_for_the_grace() {
    let scratch = scratch();
    let old = scratch.json(0, ["auth", "key", "create", "--user", "bob"]);
    let id = text(&old, "accessKeyId");
    scratch.says(2, ["auth", "key", "rotate", id, "--grace", "31d"]).with(&["30 days"]);
    scratch.says(2, ["auth", "key", "rotate", id, "--grace", "soon"]).with(&["--grace"]);
    let new = scratch.json(0, ["auth", "key", "rotate", id, "--grace", "1h"]);
    assert_eq!(new["replaces"], id);
    let keys = scratch.json(0, ["auth", "key", "list"]);
    let expires = |id: &str| {
        let keys = keys.as_array().unwrap();
        keys.iter().find(|key| key["id"] == id).unwrap()["expiresMs"].clone()
    };
    assert!(expires(id).is_u64() && expires(text(&new, "accessKeyId")).is_null(), "{keys:#}");
}

#[test]
fn tokens_are_made_listed_without_themselves_and_revoked() {
    let scratch = scratch();
    let token = scratch.json(
        0,
        ["auth", "token", "create", "--user", "ci", "--expires", "30d", "--description", "for CI"],
    );
    assert!(text(&token, "token").starts_with("rwt_"), "{token:#}");
    let listed = scratch.says(0, ["auth", "token", "list"]);
    listed.with(&[text(&token, "id"), "ci", "for CI"]);
    assert!(!listed.stdout.contains(text(&token, "token")));
    let past = ["auth", "token", "create", "--user", "ci", "--expires", "2001-01-01T00:00:00Z"];
    scratch.says(2, past).with(&["past"]);
    scratch.says(0, ["auth", "token", "revoke", text(&token, "id")]);
    assert_eq!(scratch.json(0, ["auth", "token", "list", "--user", "ci"]), json!([]));
}

#[test]
fn a_user_goes_with_all_credentials() {
    let scratch = scratch();
    scratch.says(2, ["auth", "user", "set", "bob"]).with(&["--role", "--no-roles"]);
    let set = scratch.says(0, ["auth", "user", "set", "bob", "--role", "reader", "--role", "odd"]);
    set.with(&["bob has the roles odd, reader", "no policy speaks of odd"]);
    let key = scratch.json(0, ["auth", "key", "create", "--user", "bob"]);
    let id = text(&key, "accessKeyId");
    let planned = scratch.json(0, ["auth", "user", "remove", "bob", "--dry-run"]);
    assert_eq!(planned["accessKeys"], json!([id]));
    assert_eq!(scratch.json(0, ["auth", "user", "list"])[0]["roles"], json!(["odd", "reader"]));
    scratch.says(0, ["auth", "user", "remove", "bob"]).with(&[id]);
    scratch.says(2, ["auth", "user", "remove", "bob"]).with(&["NoSuchEntity"]);
    assert_eq!(scratch.json(0, ["auth", "key", "list"]), json!([]));
}

#[test]
fn policies_are_validated_with_their_places() {
    let scratch = scratch();
    scratch.file("good.cedar", GOOD);
    scratch.file(
        "bad.cedar",
        "permit (principal,\n  action == Action::\"ssm:GetParametr\", resource);",
    );
    scratch.file("shipped.cedar", GOOD);
    scratch.says(0, ["policy", "validate", "good.cedar"]).with(&["good.cedar: ok"]);
    let said = scratch.says(2, ["policy", "validate", "good.cedar", "bad.cedar"]);
    said.with(&["good.cedar: ok", "bad.cedar:2:13: error", "ssm:GetParameter", "1 error"]);
    scratch.says(2, ["policy", "validate", "shipped.cedar"]).with(&["rename"]);
    scratch.says(2, ["policy", "validate", "absent.cedar"]).with(&["absent.cedar"]);
    assert!(!scratch.data().exists(), "files are checked without a data directory");
}

#[test]
fn what_iam_allows_is_converted_whole_or_not_at_all() {
    let scratch = scratch();
    let statement = |condition: &str| {
        format!(
            r#"{{ "Version": "2012-10-17", "Statement": {{ "Sid": "Read", "Effect": "Allow", "Action": "ssm:GetParameter",
                "Resource": "arn:aws:ssm:*:*:parameter/app/*" {condition} }} }}"#
        )
    };
    scratch.file("iam.json", &statement(""));
    let condition =
        r#", "Condition": { "DateLessThan": { "aws:CurrentTime": "2030-01-01T00:00:00Z" } }"#;
    scratch.file("dated.json", &statement(condition));
    let cedar = scratch.says(0, ["policy", "convert", "iam.json", "--user", "ci"]).stdout;
    scratch.file("converted.cedar", &cedar);
    scratch.says(0, ["policy", "validate", "converted.cedar"]);
    let refused = scratch.says(2, ["policy", "convert", "dated.json", "--everybody"]);
    refused.with(&["Statement[0].Condition.DateLessThan"]);
    assert_eq!(refused.stdout, "");
    scratch.says(2, ["policy", "convert", "iam.json"]).with(&["--everybody"]);
}

#[test]
fn policies_are_tried_before_anybody_asks() {
    let scratch = scratch();
    scratch.says(0, ["auth", "user", "set", "ci", "--no-roles"]);
    let asked = |code: i32, resource: &str, context: &str| {
        let action = "ssm:GetParameter";
        let arguments = ["policy", "test", "--user", "ci", "--action", action, "--resource"];
        let more = [resource, "--context", context];
        scratch.json(code, arguments.into_iter().chain(more))
    };
    assert_eq!(asked(4, "parameter/app/x", "mfa=false")["policies"], json!([]));
    scratch.file("data/policies/site.cedar", GOOD);
    assert_eq!(asked(0, "parameter/app/x", "mfa=false")["policies"], json!(["site:ci"]));
    asked(0, "arn:aws:ssm:us-east-1:000000000000:parameter/app/x", "withDecryption=false");
    asked(4, "parameter/app/x", "withDecryption=true");
    asked(4, "parameter/other/x", "mfa=false");
    asked(2, "teapot/x", "mfa=false");
    asked(2, "parameter/app/x", "mfa=perhaps");
    asked(2, "parameter/app/x", "colour=red");
    let nobody = ["policy", "test", "--user", "zed", "--action", "ssm:GetParameter"];
    scratch.says(2, nobody).with(&["there is no user zed"]);
    let action = ["policy", "test", "--user", "ci", "--action", "ssm:GetParam"];
    scratch.says(2, action).with(&["ssm:GetParameter"]);
    scratch.says(0, ["policy", "list"]).with(&["site:ci", "shipped:admin"]);
    scratch.file("data/policies/site.cedar", "permit (");
    scratch.says(2, ["policy", "status"]).with(&["site:1:"]);
}

fn actions(synced: &Value) -> Vec<(&str, &str)> {
    let steps = synced["steps"].as_array().unwrap().iter();
    steps.map(|step| (text(step, "name"), text(step, "action"))).collect()
}

#[test]
fn documents_are_synchronised_once() {
    let scratch = scratch();
    scratch.file("books/Rest.yaml", BOOK);
    scratch.file(
        "books/Hello.json",
        r#"{ "schemaVersion": "2.2", "mainSteps": [
            { "action": "aws:runShellScript", "name": "hello", "inputs": { "runCommand": ["true"] } } ] }"#,
    );
    scratch.file("books/README.md", "no document");
    let planned = scratch.json(0, ["documents", "sync", "books", "--dry-run"]);
    assert_eq!(actions(&planned), [("Hello", "create"), ("Rest", "create")]);
    let first = scratch.says(0, ["documents", "sync", "books"]);
    first.with(&["create", "books/Rest.yaml", "done: 2 create"]);
    let second = scratch.json(0, ["documents", "sync", "books"]);
    assert_eq!(actions(&second), [("Hello", "leave"), ("Rest", "leave")]);
    let synced = scratch.json(0, ["audit", "query", "--event", "SyncDocuments"]);
    assert_eq!(synced.as_array().unwrap().len(), 1, "what changed nothing is not recorded");
    scratch.file("books/Rest.yaml", &BOOK.replace("1s", "2s"));
    let third = scratch.json(0, ["documents", "sync", "books"]);
    assert_eq!(actions(&third), [("Hello", "leave"), ("Rest", "update")]);
    scratch.file("books/Rest.yaml", BOOK);
    let fourth = scratch.json(0, ["documents", "sync", "books"]);
    assert_eq!(actions(&fourth), [("Hello", "leave"), ("Rest", "makeDefault")]);
    scratch.says(0, ["documents", "list"]).with(&["Rest", "Automation", "Runwright-Demo"]);
}

#[test]
fn a_directory_with_a_mistake_changes_nothing() {
    let scratch = scratch();
    scratch.file("books/Rest.yaml", BOOK);
    scratch.file("books/Odd.yaml", &BOOK.replace("sleep", "sleeep"));
    scratch.says(2, ["documents", "sync", "books"]).with(&["Odd", "sleeep"]);
    fs::remove_file(scratch.path().join("books/Odd.yaml")).unwrap();
    scratch.file("books/Rest.json", BOOK);
    scratch.says(2, ["documents", "sync", "books"]).with(&["Rest.yaml", "Rest.json"]);
    scratch.says(2, ["documents", "sync", "absent"]).with(&["absent"]);
    let listed = scratch.says(0, ["documents", "list"]);
    assert!(!listed.stdout.contains("Rest"), "{}", listed.stdout);
}

/// Makes a log of a few records.
fn with_log() -> Scratch {
    let scratch = scratch();
    scratch.says(0, ["param", "put", "/app/a", "1"]);
    scratch.says(0, ["param", "put", "/app/b", "1"]);
    scratch.says(0, ["param", "rm", "/app/a"]);
    scratch
}

#[test]
fn the_audit_log_is_searched() {
    let scratch = with_log();
    let names = |arguments: &[&str]| -> Vec<String> {
        let found = scratch.json(0, ["audit"].iter().chain(arguments));
        let records = found.as_array().unwrap().iter();
        records.map(|event| text(&event["record"], "eventName").to_owned()).collect()
    };
    assert_eq!(names(&["query", "--event", "PutParameter"]), ["PutParameter", "PutParameter"]);
    let of_a = names(&["query", "--resource", "parameter/app/a"]);
    assert_eq!(of_a, ["DeleteParameter", "PutParameter"]);
    assert_eq!(names(&["query", "--limit", "1", "--since", "1h"]), ["DeleteParameter"]);
    assert!(names(&["query", "--until", "1h"]).is_empty());
    assert!(names(&["query", "--decision", "deny"]).is_empty());
    assert!(names(&["query", "--user", "nobody"]).is_empty());
    assert_eq!(names(&["tail", "-n", "2"]), ["PutParameter", "DeleteParameter"]);
    scratch.says(2, ["audit", "query", "--since", "yesterday"]).with(&["--since"]);
}

#[test]
fn the_audit_log_is_verified_against_a_checkpoint_kept_elsewhere() {
    let scratch = with_log();
    let verified = scratch.json(0, ["audit", "verify"]);
    assert_eq!(verified["verified"]["entries"], 3, "{verified:#}");
    let line = scratch.says(0, ["audit", "checkpoint"]).stdout;
    let verify =
        |code: i32, line: &str| scratch.says(code, ["audit", "verify", "--checkpoint", line]);
    verify(0, line.trim()).with(&["3 records are as they were written", "up to record 3"]);
    verify(2, "no line").with(&["not a checkpoint"]);
    let forged = line.replacen(" 3 ", " 2 ", 1);
    verify(1, forged.trim()).with(&["audit entry 2"]);
}

#[test]
fn keys_are_made_rotated_and_listed_with_the_installations() {
    let scratch = scratch();
    let key = scratch.json(0, ["key", "create", "alias/app"]);
    assert_eq!((text(&key, "Alias"), &key["Version"]), ("alias/app", &json!(1)));
    scratch.says(2, ["key", "create", "alias/app"]).with(&["AlreadyExistsException"]);
    scratch.says(2, ["key", "create", "app"]).with(&["InvalidAliasNameException"]);
    let rotated = scratch.json(0, ["key", "rotate", "alias/app"]);
    assert_eq!((&rotated["Version"], &rotated["KeyId"]), (&json!(2), &key["KeyId"]));
    scratch.says(2, ["key", "rotate", "alias/none"]).with(&["InvalidKeyId"]);
    let listed = scratch.json(0, ["key", "list"]);
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
    assert_eq!(listed["installation"], json!({ "primary": "k1", "ids": ["k1"] }));
}

#[test]
fn the_installation_s_key_is_rotated() {
    let scratch = scratch();
    scratch.says(0, ["param", "put", "/secret", "hidden", "--type", "SecureString"]);
    scratch.says(0, ["auth", "key", "create", "--user", "bob"]);
    assert_eq!(scratch.json(0, ["key", "rotate", "--installation"])["primary"], "k2");
    let moved = scratch.json(0, ["key", "rewrap"]);
    assert_eq!(moved["Rewrapped"], json!({ "parameters": 1, "accessKeys": 1 }));
    assert_eq!(scratch.json(0, ["key", "list"])["installation"]["primary"], "k2");
    let nothing = scratch.json(0, ["key", "rewrap"]);
    assert_eq!(nothing["Rewrapped"], json!({ "parameters": 0, "accessKeys": 0 }));
    scratch.says(0, ["param", "get", "/secret", "--with-decryption"]).with(&["hidden"]);
    scratch.says(2, ["key", "rotate"]).with(&["KEY"]);
    scratch.says(2, ["key", "rotate", "alias/app", "--installation"]);
    scratch.says(0, ["audit", "query"]).with(&["RotateInstallationKey"]);
}

#[test]
fn the_operator_says_account_and_region() {
    let scratch = scratch();
    scratch.says(0, ["auth", "user", "list"]);
    scratch
        .file("data/operator.json", r#"{ "accountId": "123456789012", "region": "eu-north-1" }"#);
    let key = scratch.json(0, ["auth", "key", "create", "--user", "bob"]);
    assert_eq!(key["principal"], "arn:aws:iam::123456789012:user/bob");
    scratch.says(0, ["param", "put", "/secret", "hidden", "--type", "SecureString"]);
    scratch.file("data/operator.json", "{}");
    let moved = scratch.says(2, ["param", "get", "/secret", "--with-decryption"]);
    moved.with(&["bound to the account 123456789012 in eu-north-1", "operator.json"]);
    for (operator, cause) in [
        (r#"{ "accountId": "1234" }"#, "accountId"),
        (r#"{ "region": "Narnia!" }"#, "region"),
        (
            r#"{ "vault": { "address": "ftp://x", "mount": "a", "tokenFile": "t" } }"#,
            "vault.address",
        ),
        (
            r#"{ "vault": { "address": "https://x", "mount": "a", "tokenFile": "t" } }"#,
            "vault.tokenFile",
        ),
        (r#"{ "vault": { "address": "https://x", "mount": "a", "token": "t" } }"#, "token"),
    ] {
        scratch.file("data/operator.json", operator);
        scratch.says(2, ["auth", "user", "list"]).with(&[cause]);
    }
}
