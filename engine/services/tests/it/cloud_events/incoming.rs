//! Events as rules see them.

use host_api::identifier::Digest;
use serde_json::{Value, json};
use services::cloud_events::CloudEvent;
use services::events::Incoming;

use super::request::Request;

fn incoming(more: Value) -> Incoming {
    let mut event = json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "t" });
    let Value::Object(more) = more else { panic!("members are an object") };
    event.as_object_mut().unwrap().extend(more);
    let mut events: Vec<CloudEvent> = Request::structured(event).read().unwrap();
    events.remove(0).into()
}

const TYPE: &str = "application/json";

#[test]
fn all_of_an_event_is_within_reach_of_rules() {
    let found = incoming(json!({
        "subject": "disk", "time": "2018-04-05T17:31:00Z", "dataschema": "urn:x", "partitionkey": "k",
        "sampledrate": 5, "data": { "percent": 91 },
    }));
    let expected = Incoming {
        source: "/s".to_owned(),
        detail_type: "t".to_owned(),
        detail: json!({
            "percent": 91,
            "cloudevent": {
                "specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": "disk",
                "dataschema": "urn:x", "datacontenttype": TYPE, "partitionkey": "k", "sampledrate": "5",
            },
        }),
        resources: vec!["disk".to_owned()],
        at_ms: Some(1_522_949_460_000),
        once: Some(("CloudEvent".to_owned(), Digest::of(b"/s 1").as_str().to_owned())),
        id: None,
    };
    assert_eq!(found, expected);
}

#[test]
fn what_is_not_said_is_left_open() {
    let found = incoming(json!({}));
    assert_eq!((found.resources, found.at_ms), (Vec::new(), None));
    let attributes = json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "t" });
    assert_eq!(found.detail, json!({ "cloudevent": attributes }));
}

#[test]
fn data_that_is_no_object_has_a_name() {
    for data in [json!("text"), json!(5), json!([1]), Value::Null] {
        let detail = incoming(json!({ "data": data })).detail;
        assert_eq!(detail["data"], data);
        assert_eq!(detail["cloudevent"]["id"], "1");
    }
    let bytes = incoming(json!({ "data_base64": "/w==" })).detail;
    assert_eq!(bytes["base64"], "/w==");
}

#[test]
fn data_does_not_pass_for_attributes() {
    let data = json!({ "cloudevent": { "id": "forged" }, "more": 1 });
    let detail = incoming(json!({ "data": data })).detail;
    assert_eq!(detail["cloudevent"]["id"], "1");
    assert_eq!(detail["data"], data);
}

#[test]
fn source_and_id_are_one_key_only_together() {
    let key = |source: &str, id: &str| incoming(json!({ "source": source, "id": id })).once;
    assert_eq!(key("/s", "1"), key("/s", "1"));
    let others =
        [key("/s", "1"), key("/s", "2"), key("/s1", "1"), key("/s", "1 1"), key("/s", " 1")];
    for (index, one) in others.iter().enumerate() {
        assert!(others[index + 1..].iter().all(|other| other != one), "{one:?}");
    }
}
