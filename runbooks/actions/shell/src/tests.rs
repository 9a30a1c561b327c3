use runwright_sdk::host::commands::CommandResult;
use runwright_sdk::serde_json::{self, Value, json};

use super::{outputs_of, request, tail};

fn sent(inputs: Value) -> Result<Value, String> {
    let request = request(&serde_json::from_value(inputs).unwrap());
    request
        .map(|request| request.to_json()["Parameters"].clone())
        .map_err(|failure| failure.message)
}

#[test]
fn values_go_into_the_environment_and_not_into_the_text() {
    let inputs = json!({ "run": "echo \"$WHO\" {{ x }}", "env": { "WHO": "$(id)", "COUNT": 3 } });
    let expected = json!({
        "commands": ["echo \"$WHO\" {{ x }}"], "executionTimeout": ["3600"],
        "environment": ["{\"COUNT\":\"3\",\"WHO\":\"$(id)\"}"]
    });
    assert_eq!(sent(inputs).unwrap(), expected);
    let inputs = json!({ "run": "true", "shell": "/bin/bash", "timeoutSeconds": 5, "workingDirectory": "/srv" });
    let parameters = sent(inputs).unwrap();
    assert_eq!(parameters["commands"], json!(["#!/bin/bash\ntrue"]));
    assert_eq!(parameters["workingDirectory"], json!(["/srv"]));
    assert_eq!(parameters["environment"], json!(["{}"]));
}

#[test]
fn what_cannot_work_is_refused() {
    for (inputs, expected) in [
        (json!({ "run": "", "timeoutSeconds": 4 }), "timeoutSeconds is 4"),
        (json!({ "run": "", "env": { "A=B": "x" } }), "\"A=B\" cannot name"),
        (json!({ "run": "", "env": { "1": "x" } }), "\"1\" cannot name"),
        (json!({ "run": "", "shell": "bash" }), "expected an absolute path"),
        (json!({ "run": "#!/bin/sh", "shell": "/bin/bash" }), "names its own"),
    ] {
        let message = sent(inputs.clone()).unwrap_err();
        assert!(message.contains(expected), "{inputs}: {message}");
    }
}

fn result(status: &str, plugin: &Value) -> CommandResult {
    CommandResult::new(json!({
        "Command": { "CommandId": "c", "Status": status, "StatusDetails": status },
        "CommandInvocations": [{ "InstanceId": "mi-1", "Status": status, "CommandPlugins": [plugin] }]
    }))
}

#[test]
fn an_exit_code_is_a_failure_that_tells_what_was_said() {
    let command = String::from("c").into();
    let good = json!({ "Status": "Success", "ResponseCode": 0, "StandardOutputContent": "hi\n" });
    let outputs = outputs_of(&command, &result("Success", &good)).unwrap();
    assert_eq!((outputs.stdout.as_str(), outputs.exit_code), ("hi\n", 0));
    let bad = json!({ "Status": "Failed", "ResponseCode": 3, "StandardErrorContent": "no such thing\n\n" });
    let failure = outputs_of(&command, &result("Failed", &bad)).unwrap_err();
    assert_eq!(failure.code, "ExitCode");
    assert_eq!(failure.message, "the script ended with exit code 3: no such thing");
    assert_eq!(failure.details["ExitCode"], json!(3));
    let late = json!({ "Status": "TimedOut", "ResponseCode": -1 });
    let failure = outputs_of(&command, &result("TimedOut", &late)).unwrap_err();
    assert_eq!(failure.code, "CommandTimedOut");
}

#[test]
fn a_tail_is_cut_between_characters() {
    let text = "é".repeat(2_001);
    assert_eq!(tail(&text).chars().count(), 2_000);
    assert_eq!(tail("é"), "é");
    assert_eq!(tail(""), "");
}
