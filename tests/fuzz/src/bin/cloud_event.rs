//! `CloudEvents`: headers a line each, an empty line, and a body. What is read keeps the rules, and reads the same when it is sent as
//! JSON; what is refused is the sender's fault.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use services::cloud_events::{self, CloudEvent};
use services::events::Incoming;

fuzz_target!(|data: &[u8]| {
    let mut headers = http::HeaderMap::new();
    let mut rest = data;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let name = http::HeaderName::from_bytes(&line[..colon]);
        let value = http::HeaderValue::from_bytes(&line[colon + 1..]);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    match cloud_events::read(&headers, rest) {
        Ok(events) => events.into_iter().for_each(|event| check(&event)),
        Err(error) => {
            assert!(error.status().is_client_error());
            assert!(!error.to_string().is_empty());
        }
    }
});

fn check(event: &CloudEvent) {
    assert!(!event.id.is_empty() && !event.source.is_empty() && !event.kind.is_empty());
    let detail = Incoming::from(event.clone()).detail.to_string();
    assert!(serde_json::from_str::<Value>(&detail).is_ok(), "a detail cannot be read again");
    let body = written(event).to_string();
    // Data that is written out may be more than is read.
    if body.len() > cloud_events::BODY_BYTES_MAX {
        return;
    }
    let headers = headers("application/cloudevents+json");
    let again = cloud_events::read(&headers, body.as_bytes()).expect("an event is read again");
    let [again] = again.as_slice() else { panic!("one event became {}", again.len()) };
    assert_eq!(again.data.is_some(), event.data.is_some());
    assert_eq!(without_changes(again), without_changes(event));
}

/// The event without what is not written, and without its data, for a number may lose digits.
fn without_changes(event: &CloudEvent) -> CloudEvent {
    CloudEvent { time_ms: None, datacontenttype: None, data: None, ..event.clone() }
}

fn headers(media_type: &'static str) -> http::HeaderMap {
    let value = http::HeaderValue::from_static(media_type);
    http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, value)])
}

/// The event in JSON without its time. Its data goes as JSON of a media type that says so.
fn written(event: &CloudEvent) -> Value {
    let mut written = json!({
        "specversion": cloud_events::SPECIFICATION_VERSION,
        "id": event.id,
        "source": event.source,
        "type": event.kind,
        "subject": event.subject,
        "dataschema": event.dataschema,
        "datacontenttype": "application/json",
    });
    for (name, value) in &event.extensions {
        written[name] = json!(value);
    }
    if let Some(data) = &event.data {
        written["data"] = data.clone();
    }
    written
}
