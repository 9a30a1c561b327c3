//! Events that clients of `EventBridge` put.

use serde_json::{Value, json};
use services::SignedWith;
use services::events::Event;

use crate::event_bridge::{call, refusal};
use crate::fixture::{Fixture, actor};

fn entry() -> Value {
    json!({ "Source": "app", "DetailType": "State", "Detail": r#"{"state": "ready"}"# })
}

fn with(name: &str, value: Value) -> Value {
    let mut entry = entry();
    entry[name] = value;
    entry
}

async fn events(fixture: &Fixture) -> Vec<Event> {
    let (found, _) = fixture.services.events(None, 100, None).await.unwrap();
    let events = found.into_iter().map(|occurrence| occurrence.event);
    events.filter(|event| event.source == "app").collect()
}

#[tokio::test]
async fn entries_are_events_when_they_are_answered() {
    let fixture = Fixture::new();
    let mut second = with("Time", json!(1_767_225_600.5));
    second["Resources"] = json!(["arn:x", "y"]);
    second["EventBusName"] = json!("default");
    second["TraceHeader"] = json!("Root=1-1");
    let answer =
        call(&fixture, "PutEvents", json!({ "Entries": [entry(), second] })).await.unwrap();
    assert_eq!(answer["FailedEntryCount"], 0);
    let ids: Vec<&str> = answer["Entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["EventId"].as_str().unwrap())
        .collect();
    let events = events(&fixture).await;
    assert_eq!(events.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ids);
    let [first, second] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(
        (first.detail_type.as_str(), &first.detail),
        ("State", &json!({ "state": "ready" }))
    );
    assert_eq!((first.account.as_str(), first.region.as_str()), ("000000000000", "us-east-1"));
    assert!(first.resources.is_empty());
    assert_eq!(second.time, "2026-01-01T00:00:00Z");
    assert_eq!(second.resources, ["arn:x", "y"]);
}

#[tokio::test]
async fn each_entry_that_is_refused_is_told_apart() {
    let fixture = Fixture::new();
    let required = |name: &str| {
        (
            "InvalidArgument",
            format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
        )
    };
    let malformed = ("MalformedDetail", "Detail is malformed.".to_owned());
    let cases = [
        (json!({}), required("Source")),
        (with("Source", json!("")), required("Source")),
        (json!({ "Source": "app" }), required("DetailType")),
        (json!({ "Source": "app", "DetailType": "t" }), required("Detail")),
        (with("Detail", json!("detail")), malformed.clone()),
        (with("Detail", json!("[1]")), malformed.clone()),
        (with("Detail", json!("\"{}\"")), malformed.clone()),
        (
            with("Detail", json!(format!("{{\"a\": {}{}}}", "[".repeat(64), "]".repeat(64)))),
            malformed,
        ),
        (
            with("Source", json!("aws.ssm")),
            ("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()),
        ),
        (
            with("EventBusName", json!("other")),
            (
                "InvalidArgument",
                "Parameter EventBusName is not valid. Reason: Event bus other does not exist."
                    .to_owned(),
            ),
        ),
        (
            with("Time", json!(-1)),
            (
                "InvalidArgument",
                "Parameter Time is not valid. Reason: Time is from 1970 to 9999.".to_owned(),
            ),
        ),
    ];
    for (bad, (code, message)) in cases {
        let entries = json!({ "Entries": [bad, entry()] });
        let answer = call(&fixture, "PutEvents", entries).await.unwrap();
        assert_eq!(answer["FailedEntryCount"], 1, "{bad}");
        let expected = json!({ "ErrorCode": code, "ErrorMessage": message });
        assert_eq!(answer["Entries"][0], expected, "{bad}");
        assert!(answer["Entries"][1]["EventId"].is_string(), "{bad}");
    }
    assert_eq!(events(&fixture).await.len(), 11);
}

#[tokio::test]
async fn a_request_has_bounds() {
    let fixture = Fixture::new();
    let refused = refusal(&fixture, "PutEvents", json!({ "Entries": vec![entry(); 11] })).await;
    assert_eq!(refused.0, "ValidationException");
    assert!(
        refused.1.ends_with("at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10"),
        "{}", refused.1
    );
    assert_eq!(
        refusal(&fixture, "PutEvents", json!({ "Entries": [] })).await.0,
        "ValidationException"
    );
    let half = format!("{{\"a\": \"{}\"}}", "x".repeat(128 * 1_024));
    let large = with("Detail", json!(half));
    let refused = refusal(&fixture, "PutEvents", json!({ "Entries": [large, large] })).await;
    let expected = "Total size of the entries in the request is over the limit.".to_owned();
    assert_eq!(refused, ("ValidationException".to_owned(), expected));
    let endpoint = json!({ "Entries": [entry()], "EndpointId": "abc.veo" });
    assert_eq!(refusal(&fixture, "PutEvents", endpoint).await.0, "Unavailable");
    assert!(events(&fixture).await.is_empty());
    let answer = call(&fixture, "PutEvents", json!({ "Entries": [large] })).await.unwrap();
    assert_eq!(answer["FailedEntryCount"], 0);
}

#[tokio::test]
async fn a_request_that_is_sent_again_puts_its_events_once() {
    let fixture = Fixture::new();
    let signed = || {
        actor().under_signature(SignedWith {
            signature: "abc",
            invocation: Some("one"),
            is_fresh: true,
            lifetime_ms: 600_000,
        })
    };
    let input = json!({ "Entries": [{}, entry()] });
    let put = || fixture.services.call(signed(), "events:PutEvents", input.clone());
    let first = put().await.unwrap();
    assert_eq!(put().await.unwrap(), first);
    assert_eq!(events(&fixture).await.len(), 1);
}
