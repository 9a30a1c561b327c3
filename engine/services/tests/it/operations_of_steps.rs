//! Operations that steps call by name.

use std::collections::BTreeMap;

use host_api::failure::FailureKind;
use host_api::identifier::{Principal, RunId};
use host_api::port::{Capabilities, HostAnswer, LoggedCall};
use host_api::request::api::reads;
use host_api::request::{ApiCall, ApiRequest, ClockRequest, HostRequest, ParametersRequest};
use serde_json::{Value, json};
use services::{Access, Operation};

use crate::fixture::Fixture;

fn api(operation: &str, input: Value) -> HostRequest {
    with_secrets(operation, input, &[])
}

fn with_secrets(operation: &str, input: Value, secrets: &[(&str, &str)]) -> HostRequest {
    let secrets = secrets.iter().map(|(place, name)| ((*place).to_owned(), (*name).to_owned()));
    HostRequest::Api(ApiRequest::Call(ApiCall {
        service: "ssm".to_owned(),
        operation: operation.to_owned(),
        input,
        secrets: secrets.collect(),
    }))
}

async fn asked(fixture: &Fixture, run: &RunId, ordinal: u32, request: &HostRequest) -> HostAnswer {
    fixture.services.perform(&Fixture::caller(run, ordinal, &["*"]), request).await
}

fn put(name: &str, kind: &str, value: &str) -> HostRequest {
    api("PutParameter", json!({ "Name": name, "Type": kind, "Value": value, "Overwrite": true }))
}

#[tokio::test]
async fn a_change_by_name_happens_once_and_its_log_is_kept_with_it() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let mut caller = Fixture::caller(&run, 1, &["*"]);
    let clock = HostRequest::Clock(ClockRequest::Now);
    caller.prior = vec![LoggedCall::new(0, &clock, Some(&Ok(json!(5))))];
    let request = put("/x", "String", "1");
    for _ in 0..3 {
        let answer = fixture.services.perform(&caller, &request).await.unwrap();
        assert_eq!(answer["answer"]["Version"], json!(1));
    }
    let puts = fixture.audit_actions();
    assert_eq!(puts.iter().filter(|(action, _)| action == "PutParameter").count(), 1);
    let logged =
        fixture.store.read_blocking(|tx| store::host_calls::read(tx, &caller.activation)).unwrap();
    assert_eq!(logged, caller.prior);
    let other = put("/x", "String", "2");
    let failure = fixture.services.perform(&caller, &other).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Nondeterminism);
}

#[tokio::test]
async fn every_spelling_of_an_operation_is_the_operation() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    asked(&fixture, &run, 0, &put("/x", "String", "1")).await.unwrap();
    for (ordinal, name) in (1..).zip(["GetParameter", "get_parameter", "getparameter"]) {
        let answer = asked(&fixture, &run, ordinal, &api(name, json!({ "Name": "/x" }))).await;
        assert_eq!(answer.unwrap()["answer"]["Parameter"]["Value"], json!("1"), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_called_is_said() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let mut elsewhere = api("DescribeInstances", json!({}));
    if let HostRequest::Api(ApiRequest::Call(call)) = &mut elsewhere {
        "ec2".clone_into(&mut call.service);
    }
    for (request, kind, code) in [
        (elsewhere, FailureKind::Action, "UnknownService"),
        (api("LaunchRockets", json!({})), FailureKind::Action, "UnknownOperationException"),
        (
            api("StartSession", json!({ "Target": "mi-1" })),
            FailureKind::Denied,
            "AccessDeniedException",
        ),
        (api("GetParameter", json!({})), FailureKind::Action, "ValidationException"),
        (api("GetParameter", json!({ "Name": "/none" })), FailureKind::Action, "ParameterNotFound"),
    ] {
        let failure = asked(&fixture, &run, 0, &request).await.unwrap_err();
        assert_eq!((failure.kind, failure.code.as_str()), (kind, code), "{request:?}");
    }
}

#[tokio::test]
async fn policies_are_asked_for_whoever_started_the_run() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let mut caller = Fixture::caller(&run, 0, &["*"]);
    caller.principal = Principal::new("arn:aws:iam::000000000000:user/nobody");
    let failure = fixture.services.perform(&caller, &put("/x", "String", "1")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(fixture.audit_actions().contains(&("PutParameter".to_owned(), "deny".to_owned())));
}

#[tokio::test]
async fn the_text_of_a_secure_string_never_comes_to_a_step() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    asked(&fixture, &run, 0, &put("/key", "SecureString", "the-text")).await.unwrap();
    asked(&fixture, &run, 1, &put("/plain", "String", "open")).await.unwrap();
    let one = api("GetParameter", json!({ "Name": "/key", "WithDecryption": true }));
    let both = api("GetParameters", json!({ "Names": ["/key", "/plain"], "WithDecryption": true }));
    let sealed = api("GetParameter", json!({ "Name": "/key" }));
    for (ordinal, request) in (2..).zip([&one, &both, &sealed]) {
        let answer = asked(&fixture, &run, ordinal, request).await.unwrap();
        assert!(!answer.to_string().contains("the-text"), "{answer}");
    }
    let answer = asked(&fixture, &run, 5, &one).await.unwrap();
    assert_eq!(answer["secrets"], json!({ "/Parameter/Value": "/key:1" }));
    assert_eq!(answer["answer"]["Parameter"]["Value"], Value::Null);
    let answer = asked(&fixture, &run, 6, &both).await.unwrap();
    assert_eq!(answer["secrets"].as_object().map(serde_json::Map::len), Some(1));
    assert!(
        answer["answer"]["Parameters"].as_array().unwrap().iter().any(|one| one["Value"] == "open")
    );
    let decrypted = fixture.audit_actions();
    assert!(
        decrypted.iter().any(|(action, _)| action.contains("Decrypt") || action == "GetParameter")
    );
    let logged = LoggedCall::new(0, &put("/key", "SecureString", "the-text"), None);
    assert!(!serde_json::to_string(&logged).unwrap().contains("the-text"));
}

#[tokio::test]
async fn a_secret_by_reference_becomes_the_value_of_a_secure_string_only() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    asked(&fixture, &run, 0, &put("/key", "SecureString", "the-text")).await.unwrap();
    let input = |kind| json!({ "Name": "/copy", "Type": kind, "Value": null });
    let place = [("/Value", "/key:1")];
    let copy = with_secrets("put_parameter", input("SecureString"), &place);
    asked(&fixture, &run, 1, &copy).await.unwrap();
    let reveal = HostRequest::Parameters(ParametersRequest::Reveal { name: "/copy".to_owned() });
    assert_eq!(asked(&fixture, &run, 2, &reveal).await, Ok(json!("the-text")));
    // A copy is held to the grants of what it was copied from.
    let only_copy = Fixture::caller(&run, 3, &["parameters:reveal:/copy"]);
    let failure = fixture.services.perform(&only_copy, &reveal).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    for (ordinal, request) in (4..).zip([
        with_secrets("PutParameter", input("String"), &place),
        with_secrets(
            "PutParameter",
            json!({ "Name": "/c", "Value": "x", "Description": null }),
            &[("/Description", "/key")],
        ),
        with_secrets("GetParameter", json!({ "Name": null }), &[("/Name", "/key")]),
    ]) {
        let failure = asked(&fixture, &run, ordinal, &request).await.unwrap_err();
        assert_eq!(failure.code, "ValidationException", "{request:?}");
        assert!(!failure.message.contains("the-text"), "{failure}");
    }
}

#[test]
fn no_operation_that_changes_something_is_named_as_one_that_reads() {
    for operation in Operation::all().filter(|operation| reads(operation.name)) {
        assert_eq!(operation.access, Access::Read, "{}", operation.name);
    }
    let served: BTreeMap<&str, bool> = services::operations().collect();
    assert_eq!(served.get("GetParameter"), Some(&true));
    assert!(served.len() > 100);
}
