//! How much of something is too much.

use hyper::StatusCode;
use serde_json::{Value, json};
use services::cloud_events::{
    ATTRIBUTE_BYTES_MAX, AttributeFault, BATCH_EVENTS_MAX, BODY_BYTES_MAX, CloudEventError,
    DATA_DEPTH_MAX, EXTENSIONS_MAX, EventFault,
};

use super::request::Request;

fn event(more: Value) -> Value {
    let mut event = json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "t" });
    let Value::Object(more) = more else { panic!("members are an object") };
    event.as_object_mut().unwrap().extend(more);
    event
}

fn refused(request: &Request) -> CloudEventError {
    let error = request.read().expect_err("this is too much");
    assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE, "{error}");
    error
}

#[test]
fn a_body_has_a_size() {
    let sized = |bytes: usize| {
        let empty = event(json!({ "data": "" })).to_string().len();
        Request::structured(event(json!({ "data": "x".repeat(bytes - empty) })))
    };
    let largest = sized(BODY_BYTES_MAX);
    assert_eq!(largest.body().len(), BODY_BYTES_MAX);
    assert!(largest.read().is_ok());
    let bytes = BODY_BYTES_MAX + 1;
    assert_eq!(refused(&sized(bytes)), CloudEventError::BodyTooLarge { bytes });
}

#[test]
fn a_batch_has_a_size() {
    let batch = |count: usize| Request::batch(Value::Array(vec![event(json!({})); count]));
    assert_eq!(batch(BATCH_EVENTS_MAX).read().unwrap().len(), BATCH_EVENTS_MAX);
    let count = BATCH_EVENTS_MAX + 1;
    assert_eq!(refused(&batch(count)), CloudEventError::BatchTooLarge { count });
}

#[test]
fn an_attribute_has_a_length() {
    for name in ["id", "source", "ext"] {
        let with = |bytes: usize| Request::structured(event(json!({ name: "x".repeat(bytes) })));
        assert!(with(ATTRIBUTE_BYTES_MAX).read().is_ok());
        let fault = EventFault::Attribute { name: name.to_owned(), fault: AttributeFault::TooLong };
        let expected = CloudEventError::Event { position: None, fault };
        assert_eq!(refused(&with(ATTRIBUTE_BYTES_MAX + 1)), expected);
    }
}

#[test]
fn extensions_are_counted() {
    let with = |count: usize| {
        let extensions = (0..count).map(|number| (format!("ext{number}"), json!("x")));
        let mut full = event(Value::Object(extensions.collect()));
        full["subject"] = json!("not counted");
        full["unset"] = Value::Null;
        Request::structured(full)
    };
    assert_eq!(with(EXTENSIONS_MAX).read().unwrap()[0].extensions.len(), EXTENSIONS_MAX);
    let fault = EventFault::ExtensionCount { count: EXTENSIONS_MAX + 1 };
    let expected = CloudEventError::Event { position: None, fault };
    assert_eq!(refused(&with(EXTENSIONS_MAX + 1)), expected);
}

#[test]
fn data_is_only_so_deep() {
    let nested = |levels: usize| {
        (0..levels).fold(json!(1), |inner, level| {
            if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) }
        })
    };
    let expected = || CloudEventError::Event { position: None, fault: EventFault::DataTooDeep };
    let structured = |levels| Request::structured(event(json!({ "data": nested(levels) })));
    assert!(structured(DATA_DEPTH_MAX).read().is_ok());
    assert_eq!(refused(&structured(DATA_DEPTH_MAX + 1)), expected());
    let mut binary = Request::structured(nested(DATA_DEPTH_MAX + 1));
    binary.headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/s"),
        ("ce-type", "t"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    assert_eq!(refused(&binary), expected());
    let bottomless = Request { text: Some("[".repeat(100_000)), json: None, ..structured(1) };
    assert_eq!(bottomless.read().unwrap_err().status(), StatusCode::BAD_REQUEST);
}

#[test]
fn an_error_does_not_repeat_a_long_name() {
    let request = Request::structured(event(json!({ "N".repeat(100_000): "x" })));
    assert!(request.read().unwrap_err().to_string().len() < 500);
}
