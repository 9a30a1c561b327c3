//! Host calls: what reaches the host, what reaches the guest, what is denied.

use std::collections::BTreeMap;

use host_api::failure::{Failure, FailureKind};
use host_api::limits::Limits;
use host_api::request::{
    ApiRequest, Body, Content, HostRequest, HttpRequest, ParametersRequest, StateRequest, Text,
};
use sandbox::{Allocation, Interfaces, Invoked, LogLevel, Origin};
use serde_json::{Value, json};

use crate::abuse::{register, sandbox, shown};
use crate::fixture::{Case, api, manifest, with_manifest};
use crate::host::{Behaviour, HANDLE, REFERENCE, RecordingHost, call};

async fn invoke(
    case: &str,
    granted: Interfaces,
    inputs: Value,
    behaviour: Behaviour,
) -> Invoked<RecordingHost> {
    let sandbox = sandbox(Allocation::OnDemand);
    let case = Case::named(case);
    let digest = register(&sandbox, &case).await;
    let host = RecordingHost::that(behaviour);
    sandbox.invoke(&digest, granted, call(inputs), &case.limits(), host).await
}

async fn answered(case: &str, inputs: Value) -> Invoked<RecordingHost> {
    invoke(case, Interfaces::all(), inputs, Behaviour::Answer).await
}

#[tokio::test]
async fn every_function_reaches_the_host() {
    let invoked = answered("every-function", json!({})).await;
    assert_eq!(shown(&invoked), "{}");
    let mut names: Vec<_> = invoked.host.requests.iter().map(HostRequest::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 23, "{names:?}");
    assert_eq!(invoked.log.len(), 1);
    assert_eq!(invoked.usage.host_calls, 27);
    assert!(invoked.usage.host_call_bytes > 100 && invoked.usage.fuel > 0);
}

#[tokio::test]
async fn what_is_not_granted_is_denied_and_noted() {
    let granted = Interfaces::of(["parameters", "http"]).unwrap();
    let invoked = invoke("state-delete", granted, json!({}), Behaviour::Answer).await;
    assert_eq!(shown(&invoked), "Action Denied");
    assert_eq!(invoked.host.requests, []);
    assert_eq!(invoked.host.denied, [("state".to_owned(), "delete".to_owned())]);
    assert_eq!(invoked.usage.host_calls, 1);
}

#[tokio::test]
async fn a_failure_is_told_to_the_guest() {
    let failure = Failure::action("Busy", "later").retryable().with_details(json!({ "s": 1 }));
    let behaviour = Behaviour::Tell(failure.clone());
    let invoked = invoke("state-delete", Interfaces::all(), json!({}), behaviour).await;
    assert_eq!(invoked.result, Err(failure));
}

#[tokio::test]
async fn an_abort_is_not() {
    let failure = Failure::new(FailureKind::Nondeterminism, "differs from the log");
    for case in ["state-delete", "clock"] {
        let behaviour = Behaviour::Abort(failure.clone());
        let invoked = invoke(case, Interfaces::all(), json!({}), behaviour).await;
        assert_eq!(invoked.result, Err(failure.clone()), "{case}");
    }
}

#[tokio::test]
async fn an_answer_of_the_wrong_shape_is_our_bug() {
    let behaviour = Behaviour::AnswerWith(json!({ "not": "a number" }));
    let invoked = invoke("clock", Interfaces::all(), json!({}), behaviour).await;
    let failure = invoked.result.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Internal);
    assert!(failure.message.starts_with("answer of clock.now"), "{failure}");
}

#[tokio::test]
async fn state_is_kept_apart_by_the_vendor() {
    let invoked = answered("state-delete", json!({})).await;
    let delete = StateRequest::Delete { scope: "test".to_owned(), key: "key".to_owned() };
    assert_eq!(invoked.host.requests, [HostRequest::State(delete)]);
}

#[tokio::test]
async fn a_secret_crosses_as_a_handle() {
    let invoked = answered("copy-secret", json!({})).await;
    assert_eq!(shown(&invoked), "{}");
    let HostRequest::Parameters(ParametersRequest::Put(put)) = &invoked.host.requests[1] else {
        panic!("{:?}", invoked.host.requests);
    };
    assert_eq!(put.content, Content::Secret(REFERENCE.to_owned()));

    let plain = json!({
        "name": "/from", "kind": "String", "content": { "Plain": HANDLE },
        "version": 1, "last_modified": 0,
    });
    let behaviour = Behaviour::AnswerWith(plain);
    let invoked = invoke("copy-secret", Interfaces::all(), json!({}), behaviour).await;
    let HostRequest::Parameters(ParametersRequest::Put(put)) = &invoked.host.requests[1] else {
        panic!("{:?}", invoked.host.requests);
    };
    assert_eq!(put.content, Content::Plain(HANDLE.to_owned()), "text that looks like a handle");
}

#[tokio::test]
async fn handles_in_http_become_references() {
    let invoked = answered("http-with-inputs", json!(format!("Bearer {HANDLE}"))).await;
    assert_eq!(shown(&invoked), "{}");
    let [HostRequest::Http(HttpRequest::Send(send))] = &invoked.host.requests[..] else {
        panic!("{:?}", invoked.host.requests);
    };
    let plain = |text: &str| Content::Plain(text.to_owned());
    let secret = Content::Secret(REFERENCE.to_owned());
    let text = Text(vec![plain("\"Bearer "), secret, plain("\"")]);
    assert_eq!(send.headers, [("authorization".to_owned(), text.clone())]);
    assert_eq!(send.body, Some(Body::Text(text)));
    assert!(!send.repeatable);
}

async fn asked_api(
    granted: Interfaces,
    inputs: Value,
    behaviour: Behaviour,
) -> Invoked<RecordingHost> {
    let sandbox = sandbox(Allocation::OnDemand);
    let component = with_manifest(&api(), &manifest());
    let registered =
        sandbox.register(component, Origin::Foreign { signature: None }).await.unwrap();
    let host = RecordingHost::that(behaviour);
    sandbox.invoke(&registered.digest, granted, call(inputs), &Limits::default(), host).await
}

#[tokio::test]
async fn an_operation_of_our_api_takes_and_answers_handles() {
    let inputs = json!({
        "Names": ["/a"], "Nested": { "a/b~c": [{ "secret": HANDLE }] },
        "Data": [{ "secret": "secret:ffffffffffffffffffffffffffffffff" }, HANDLE],
    });
    let invoked = asked_api(Interfaces::all(), inputs, Behaviour::Answer).await;
    let answer: Value = serde_json::from_str(&shown(&invoked)).unwrap();
    assert_eq!(
        answer,
        json!({ "Parameters": [{ "Name": "/db/password", "Value": { "secret": HANDLE } }] })
    );
    let [HostRequest::Api(ApiRequest::Call(asked))] = &invoked.host.requests[..] else {
        panic!("{:?}", invoked.host.requests);
    };
    assert_eq!((asked.service.as_str(), asked.operation.as_str()), ("ssm", "GetParameters"));
    let data = json!([{ "secret": "secret:ffffffffffffffffffffffffffffffff" }, HANDLE]);
    let expected = json!({ "Names": ["/a"], "Nested": { "a/b~c": [null] }, "Data": data });
    assert_eq!(asked.input, expected, "what was not given out is data");
    let place = ("/Nested/a~1b~0c/0".to_owned(), REFERENCE.to_owned());
    assert_eq!(asked.secrets, BTreeMap::from([place]));
}

#[tokio::test]
async fn an_operation_of_our_api_is_asked_with_an_object_and_a_grant() {
    let invoked = asked_api(Interfaces::all(), json!([1]), Behaviour::Answer).await;
    assert_eq!(shown(&invoked), "Action InvalidRequest");
    assert_eq!(invoked.host.requests, []);
    let without = Interfaces::of(["parameters"]).unwrap();
    let invoked = asked_api(without, json!({}), Behaviour::Answer).await;
    assert_eq!(shown(&invoked), "Action Denied");
    assert_eq!(invoked.host.denied, [("api".to_owned(), "call".to_owned())]);
    let failure = Failure::action("ParameterNotFound", "there is none");
    let told = asked_api(Interfaces::all(), json!({}), Behaviour::Tell(failure.clone())).await;
    assert_eq!(told.result, Err(failure));
    let nowhere = json!({ "answer": {}, "secrets": { "/Value": REFERENCE } });
    let broken = asked_api(Interfaces::all(), json!({}), Behaviour::AnswerWith(nowhere)).await;
    assert_eq!(broken.result.unwrap_err().kind, FailureKind::Internal);
}

#[tokio::test]
async fn a_handle_in_a_url_is_refused() {
    let invoked = answered("http-url-from-inputs", json!(HANDLE)).await;
    assert_eq!(shown(&invoked), "Action InvalidRequest");
    assert_eq!(invoked.host.requests, []);
    let unknown = "secret:ffffffffffffffffffffffffffffffff";
    let invoked = answered("http-url-from-inputs", json!(unknown)).await;
    assert_eq!(invoked.host.requests.len(), 1);
}

#[tokio::test]
async fn the_log_keeps_what_fits() {
    let invoked = answered("log-beyond-its-budget", json!({})).await;
    assert_eq!(invoked.log.len(), 3);
    assert!(invoked.log.iter().all(|line| line.level == LogLevel::Warn));
    assert_eq!(invoked.log[0].message, "a line of thirty-one characters");
    assert_eq!(invoked.log_dropped_bytes, 7 * 31);
}

#[tokio::test]
async fn fuel_is_the_same_each_time() {
    let sandbox = sandbox(Allocation::Pooled);
    let digest = register(&sandbox, &Case::named("every-function")).await;
    let mut fuel = Vec::new();
    for _ in 0..3 {
        let host = RecordingHost::default();
        let call = call(json!({}));
        let invoked =
            sandbox.invoke(&digest, Interfaces::all(), call, &Limits::default(), host).await;
        fuel.push(invoked.usage.fuel);
    }
    assert!(fuel[0] > 0 && fuel.iter().all(|used| *used == fuel[0]), "{fuel:?}");
}
