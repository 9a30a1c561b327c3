use std::collections::BTreeSet;

use host_api::failure::FailureKind;
use host_api::identifier::Digest;
use host_api::port::{Capabilities, LoggedCall};
use host_api::request::{
    Body, ClockRequest, CommandsRequest, Content, HostRequest, HttpRequest, HttpResponse, HttpSend,
    InventoryRequest, OpsRequest, ParameterKind, ParametersRequest, PatchingRequest, PutParameter,
    StateRequest, TagsRequest, Text,
};
use serde_json::{Value, json};

use crate::fixture::Fixture;

fn put(name: &str, content: Content, kind: Option<ParameterKind>, overwrite: bool) -> HostRequest {
    HostRequest::Parameters(ParametersRequest::Put(PutParameter {
        name: name.to_owned(),
        kind,
        content,
        overwrite,
        description: None,
    }))
}

fn plain(text: &str) -> Content {
    Content::Plain(text.to_owned())
}

fn get(name: &str) -> HostRequest {
    HostRequest::Parameters(ParametersRequest::Get { name: name.to_owned() })
}

#[tokio::test]
async fn an_effect_happens_once_and_is_answered_alike() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let request = put("/x", plain("1"), Some(ParameterKind::String), true);
    let caller = Fixture::caller(&run, 0, &["*"]);
    for _ in 0..3 {
        assert_eq!(fixture.services.perform(&caller, &request).await, Ok(json!(1)));
    }
    // Without Overwrite a second creation would be refused; the effect is known by its id before that.
    let create = put("/y", plain("1"), Some(ParameterKind::String), false);
    let second = Fixture::caller(&run, 1, &["*"]);
    for _ in 0..2 {
        assert_eq!(fixture.services.perform(&second, &create).await, Ok(json!(1)));
    }
    let third = Fixture::caller(&run, 2, &["*"]);
    let failure = fixture.services.perform(&third, &create).await.unwrap_err();
    assert_eq!((failure.kind, &*failure.code), (FailureKind::Action, "ParameterAlreadyExists"));
    let puts =
        fixture.audit_actions().iter().filter(|(action, _)| action == "PutParameter").count();
    assert_eq!(puts, 2);
    let other = put("/x", plain("2"), Some(ParameterKind::String), true);
    let failure = fixture.services.perform(&caller, &other).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Nondeterminism);
}

#[tokio::test]
async fn the_calls_before_an_effect_are_kept_with_it() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let clock = HostRequest::Clock(ClockRequest::Now);
    let mut caller = Fixture::caller(&run, 1, &["*"]);
    caller.prior = vec![LoggedCall::new(0, &clock, Some(&Ok(json!(5))))];
    let request = put("/x", plain("1"), Some(ParameterKind::String), true);
    for _ in 0..2 {
        fixture.services.perform(&caller, &request).await.unwrap();
    }
    let logged =
        fixture.store.read_blocking(|tx| store::host_calls::read(tx, &caller.activation)).unwrap();
    assert_eq!(logged, caller.prior);
}

#[tokio::test]
async fn a_refused_effect_leaves_nothing() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let before = fixture.audit_actions();
    let clock = HostRequest::Clock(ClockRequest::Now);
    let mut caller = Fixture::caller(&run, 1, &["*"]);
    caller.prior = vec![LoggedCall::new(0, &clock, Some(&Ok(json!(5))))];
    let delete = HostRequest::Parameters(ParametersRequest::Delete { name: "/none".to_owned() });
    let failure = fixture.services.perform(&caller, &delete).await.unwrap_err();
    assert_eq!(failure.code, "ParameterNotFound");
    let logged =
        fixture.store.read_blocking(|tx| store::host_calls::read(tx, &caller.activation)).unwrap();
    assert_eq!((logged, fixture.audit_actions()), (vec![], before));
}

#[tokio::test]
async fn a_secure_string_is_a_reference_to_its_version_until_it_is_revealed() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let caller = |ordinal| Fixture::caller(&run, ordinal, &["*"]);
    let services = &fixture.services;
    let secure = Some(ParameterKind::SecureString);
    services.perform(&caller(0), &put("/t", plain("first-secret"), secure, true)).await.unwrap();
    services.perform(&caller(1), &put("/t", plain("second-secret"), None, true)).await.unwrap();

    let shown = services.perform(&caller(2), &get("/t")).await.unwrap();
    assert_eq!(shown["content"], json!({ "Secret": "/t:2" }));
    let path = ParametersRequest::GetByPath { path: "/".to_owned(), recursive: true };
    let listed = services.perform(&caller(3), &HostRequest::Parameters(path)).await.unwrap();
    assert_eq!(listed[0]["content"], json!({ "Secret": "/t:2" }));
    let reveal = ParametersRequest::Reveal { name: "/t:1".to_owned() };
    let text = services.perform(&caller(4), &HostRequest::Parameters(reveal)).await.unwrap();
    assert_eq!(text, json!("first-secret"));
    assert_eq!(fixture.audit_actions().last().unwrap().0, "DecryptParameter");

    let copy = Content::Secret("/t:1".to_owned());
    let failure = services
        .perform(&caller(5), &put("/open", copy.clone(), Some(ParameterKind::String), true))
        .await;
    assert_eq!(failure.unwrap_err().code, "ValidationException");
    services.perform(&caller(6), &put("/copy", copy, secure, true)).await.unwrap();
    // Who may reveal the copy alone does not thereby see what it was copied from.
    let reveal =
        |name: &str| HostRequest::Parameters(ParametersRequest::Reveal { name: name.to_owned() });
    services
        .perform(&caller(7), &put("/copy2", Content::Secret("/copy".to_owned()), secure, true))
        .await
        .unwrap();
    for (ordinal, copy) in [(8, "/copy"), (9, "/copy2")] {
        let narrow = Fixture::caller(&run, ordinal, &["parameters:reveal:/copy*"]);
        let failure = services.perform(&narrow, &reveal(copy)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied, "{copy}: {failure}");
    }
    let text = services.perform(&caller(10), &reveal("/copy2")).await.unwrap();
    assert_eq!(text, json!("first-secret"));

    let references = BTreeSet::from(["/copy".to_owned(), "/t:2".to_owned()]);
    let value = json!({ "a": ["first-secret", "second-secret"] });
    assert_eq!(services.scrub(&references, value).await.unwrap(), json!({ "a": ["***", "***"] }));
}

#[tokio::test]
async fn bytes_of_requests_and_answers_are_scrubbed_and_stay_what_they_are() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let services = &fixture.services;
    // Members of an integration may read like members of an answer.
    let text = r#"{"token":"hunter22","a":"headers","b":"Bytes!","c":"timeout_ms","d":"600000"}"#;
    let secure = Some(ParameterKind::SecureString);
    services
        .perform(&Fixture::caller(&run, 0, &["*"]), &put("/t", plain(text), secure, true))
        .await
        .unwrap();
    let references = BTreeSet::from(["/t".to_owned()]);
    for (before, after) in [(1, 0), (2, 1), (3, 0), (3, 2), (4, 7)] {
        let bytes = [&vec![0xff; before][..], b"hunter22", &vec![0xfe; after]].concat();
        let masked = [&vec![0xff; before][..], b"***", &vec![0xfe; after]].concat();
        let response = |bytes: Vec<u8>, header: &str| HttpResponse {
            status: 200,
            headers: vec![("x-a".to_owned(), header.to_owned())],
            body: Body::Bytes(bytes),
            truncated: false,
        };
        let value = serde_json::to_value(response(bytes.clone(), "hunter22")).unwrap();
        let scrubbed = services.scrub(&references, value).await.unwrap();
        let scrubbed: HttpResponse = serde_json::from_value(scrubbed).unwrap();
        assert_eq!(scrubbed, response(masked.clone(), "***"), "{before} {after}");

        let send = |bytes: Vec<u8>, text: &str, timeout_ms| HttpSend {
            method: "POST".to_owned(),
            url: format!("https://example.org/{text}"),
            headers: vec![("x-b".to_owned(), Text(vec![Content::Secret("/t".to_owned())]))],
            body: Some(Body::Bytes(bytes)),
            timeout_ms,
            repeatable: true,
        };
        let value = serde_json::to_value(send(bytes, "hunter22", 600_000)).unwrap();
        let scrubbed = services.scrub(&references, value).await.unwrap();
        let scrubbed: HttpSend = serde_json::from_value(scrubbed).unwrap();
        assert_eq!(scrubbed, send(masked, "***", 0), "{before} {after}");
    }
    // What only looks like an answer loses nothing, and is scrubbed like anything else.
    let value = json!({ "status": 200, "headers": [], "body": { "Bytes": "hunter22" }, "truncated": false, "more": 1 });
    let scrubbed = services.scrub(&references, value).await.unwrap();
    assert!(scrubbed["more"] == 1 && !scrubbed.to_string().contains("hunter22"), "{scrubbed}");
    let value = json!({ "status": 200, "headers": [], "body": { "Bytes": "hunter22" }, "truncated": false });
    let scrubbed = services.scrub(&references, value).await.unwrap();
    assert!(!scrubbed.to_string().contains("hunter22"), "{scrubbed}");
}

#[tokio::test]
async fn values_of_a_vendor_outlive_the_run() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let state = |request: StateRequest| HostRequest::State(request);
    let (scope, key) = ("acme".to_owned(), "seen".to_owned());
    let get = state(StateRequest::Get { scope: scope.clone(), key: key.clone() });
    let services = &fixture.services;
    let caller = |ordinal| Fixture::caller(&run, ordinal, &["*"]);
    assert_eq!(services.perform(&caller(0), &get).await, Ok(Value::Null));
    let value = json!({ "n": [1, 2.5] });
    let put = StateRequest::Put { scope: scope.clone(), key: key.clone(), value: value.clone() };
    services.perform(&caller(1), &state(put)).await.unwrap();
    assert_eq!(services.perform(&caller(2), &get).await, Ok(value));
    let list = StateRequest::ListKeys { scope: scope.clone(), prefix: "s".to_owned() };
    assert_eq!(services.perform(&caller(3), &state(list)).await, Ok(json!(["seen"])));
    services.perform(&caller(4), &state(StateRequest::Delete { scope, key })).await.unwrap();
    assert_eq!(services.perform(&caller(5), &get).await, Ok(Value::Null));
}

#[tokio::test]
async fn what_is_not_there_yet_says_so() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    for request in [
        HostRequest::Patching(PatchingRequest::Scan {
            node: "local".to_owned(),
            request: json!({}),
        }),
        HostRequest::Ops(OpsRequest::CreateItem(json!({}))),
    ] {
        let failure = fixture
            .services
            .perform(&Fixture::caller(&run, 0, &["*"]), &request)
            .await
            .unwrap_err();
        assert_eq!((failure.kind, &*failure.code), (FailureKind::Action, "Unavailable"));
    }
}

#[tokio::test]
async fn the_other_areas_are_reached() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let services = &fixture.services;
    let caller = |ordinal| Fixture::caller(&run, ordinal, &["*"]);
    let types = vec!["AWS:InstanceInformation".to_owned()];
    let gather = |node: &str| {
        HostRequest::Inventory(InventoryRequest::Gather {
            node: node.to_owned(),
            types: types.clone(),
        })
    };
    let items = services.perform(&caller(0), &gather("local")).await.unwrap();
    assert_eq!(items, json!([{ "TypeName": "AWS:InstanceInformation" }]));
    let failure = services.perform(&caller(1), &gather("elsewhere")).await.unwrap_err();
    assert_eq!(failure.code, "InvalidInstanceId");

    let send = HostRequest::Commands(CommandsRequest::Send(json!({
        "DocumentName": "AWS-RunShellScript",
        "InstanceIds": ["local"],
        "Parameters": { "commands": ["true"] },
    })));
    let id = services.perform(&caller(2), &send).await.unwrap();
    assert_eq!(services.perform(&caller(2), &send).await.unwrap(), id);
    let id = id.as_str().unwrap().to_owned();
    let get = HostRequest::Commands(CommandsRequest::Get { id: id.clone() });
    let shown = services.perform(&caller(3), &get).await.unwrap();
    assert_eq!(shown["Command"]["Status"], "Pending");
    let cancel = HostRequest::Commands(CommandsRequest::Cancel { id });
    assert_eq!(services.perform(&caller(4), &cancel).await, Ok(Value::Null));

    let bad = HostRequest::Commands(CommandsRequest::Send(json!({ "Dokument": 1 })));
    let failure = services.perform(&caller(5), &bad).await.unwrap_err();
    assert!(
        failure.code == "ValidationException" && failure.message.contains("Dokument"),
        "{failure}"
    );

    let tag = HostRequest::Tags(TagsRequest::Add {
        resource_type: "Parameter".to_owned(),
        resource_id: "/none".to_owned(),
        tags: vec![("a".to_owned(), "b".to_owned())],
    });
    assert_eq!(services.perform(&caller(6), &tag).await.unwrap_err().code, "InvalidResourceId");
}

#[tokio::test]
async fn a_denial_is_written_down() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let request = HostRequest::Http(HttpRequest::Send(HttpSend {
        method: "GET".to_owned(),
        url: "http://127.0.0.1:9/".to_owned(),
        headers: Vec::new(),
        body: None,
        timeout_ms: 1_000,
        repeatable: false,
    }));
    let caller = Fixture::caller(&run, 0, &["http:GET:https://api.example.org/*"]);
    let failure = fixture.services.perform(&caller, &request).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert_eq!(
        fixture.audit_actions().last().unwrap(),
        &("HostCall".to_owned(), "deny".to_owned())
    );
    let head = fixture.store.read_blocking(store::audit::head).unwrap();
    assert_ne!(head.hash, Digest::of(b"").to_string());
}
