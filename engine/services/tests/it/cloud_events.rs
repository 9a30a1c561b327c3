//! Requests that bring `CloudEvents`, as facts in tables: what is read from them, and why they are refused.

mod alike;
mod incoming;
mod limits;
mod request;

use serde::Deserialize;
use serde_json::Value;
use services::cloud_events::CloudEventError;

use request::{Request, shown};

#[derive(Deserialize)]
struct Accepted {
    name: String,
    #[serde(flatten)]
    request: Request,
    events: Vec<Value>,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    #[serde(flatten)]
    request: Request,
    status: u16,
    /// How the message begins.
    error: String,
}

#[test]
fn events_are_read_as_the_specification_says() {
    accept(include_str!("cloud_events/accepted.json"));
}

#[test]
fn events_are_read_as_the_specifications_own_libraries_send_them() {
    accept(include_str!("cloud_events/libraries.json"));
}

#[track_caller]
fn accept(table: &str) {
    let cases: Vec<Accepted> = serde_json::from_str(table).unwrap();
    for Accepted { name, request, events } in cases {
        let read = request.read().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.iter().map(shown).collect::<Vec<_>>(), events, "{name}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases: Vec<Refused> =
        serde_json::from_str(include_str!("cloud_events/refused.json")).unwrap();
    for Refused { name, request, status, error } in cases {
        let Err(found) = request.read() else { panic!("{name} was read") };
        assert!(found.to_string().starts_with(&error), "{name}: {found}");
        assert_eq!(found.status().as_u16(), status, "{name}");
    }
}

#[test]
fn a_request_without_anything_brings_nothing() {
    assert_eq!(Request::default().read(), Err(CloudEventError::NoEvent));
}
