//! One event in different forms, and what is no event at all.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use services::cloud_events::{CloudEvent, read};

use super::request::{Request, headers};

/// An event with what headers and JSON can both say of it.
#[derive(Debug, Clone)]
struct Told {
    attributes: BTreeMap<String, String>,
    data: Data,
}

#[derive(Debug, Clone)]
enum Data {
    None,
    Json(Value),
    Bytes(Vec<u8>),
}

/// Strings without what an attribute may not have.
fn text(length: usize) -> impl Strategy<Value = String> {
    let characters =
        prop_oneof!["[ -~]", "[\u{a0}-\u{2fff}]", "[\u{1f600}-\u{1f64f}]", "[%\"\\\\ ]"];
    vec(characters, 1..length).prop_map(|parts| parts.concat())
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4).prop_map(|map| Map::from_iter(map).into()),
        ]
    })
}

fn told() -> impl Strategy<Value = Told> {
    let extensions = btree_map("x[a-z0-9]{0,19}", text(12), 0..4);
    let data = prop_oneof![
        Just(Data::None),
        json_value().prop_map(Data::Json),
        vec(any::<u8>(), 1..40).prop_map(Data::Bytes),
        text(12).prop_map(|text| Data::Bytes(text.into_bytes())),
    ];
    let optional = (proptest::option::of(text(12)), proptest::option::of(0..4_000_000_000_u32));
    (
        text(12),
        "(urn:|/|https://h/)[a-z0-9%]{0}[a-z0-9./-]{1,12}",
        text(12),
        optional,
        extensions,
        data,
    )
        .prop_map(|(id, source, kind, (subject, seconds), mut attributes, data)| {
            let time = seconds.map(|seconds| {
                chrono::DateTime::from_timestamp(i64::from(seconds), 0).unwrap().to_rfc3339()
            });
            let media_type = match &data {
                Data::None => None,
                Data::Json(_) => Some("application/vnd.x+json".to_owned()),
                Data::Bytes(_) => Some("text/plain; charset=x".to_owned()),
            };
            let core = [
                ("specversion", Some("1.0".to_owned())),
                ("id", Some(id)),
                ("source", Some(source)),
                ("type", Some(kind)),
                ("subject", subject),
                ("time", time),
                ("datacontenttype", media_type),
            ];
            let core = core.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            attributes.extend(core);
            Told { attributes, data }
        })
}

impl Told {
    fn structured(&self) -> Value {
        let mut event = json!(self.attributes);
        match &self.data {
            Data::None => {}
            Data::Json(value) => event["data"] = value.clone(),
            Data::Bytes(bytes) => event["data_base64"] = json!(STANDARD.encode(bytes)),
        }
        event
    }

    fn body(&self) -> Vec<u8> {
        match &self.data {
            Data::None => Vec::new(),
            Data::Json(value) => value.to_string().into_bytes(),
            Data::Bytes(bytes) => bytes.clone(),
        }
    }

    fn binary(&self, encode: impl Fn(&str) -> String) -> Vec<CloudEvent> {
        let written = self.attributes.iter().map(|(name, value)| match name.as_str() {
            "datacontenttype" => ("content-type".to_owned(), value.clone()),
            name => (format!("ce-{name}"), encode(value)),
        });
        read(&headers(&written.collect::<Vec<_>>()), &self.body()).unwrap()
    }
}

/// As senders have to write a header.
fn percent_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'!' | b'#' | b'$' | b'&'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// As nobody needs to write a header, and may.
fn encoded_more(text: &str) -> String {
    percent_encoding::percent_encode(text.as_bytes(), percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}

/// As senders may write a header, and as older ones quoted it.
fn quoted(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'%' | 0x7F.. => format!("%{byte:02x}"),
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        _ => char::from(byte).to_string(),
    };
    format!("\"{}\"", text.bytes().map(byte).collect::<String>())
}

proptest! {
    #[test]
    fn an_event_reads_alike_in_every_form(told in told()) {
        let structured = Request::structured(told.structured()).read().unwrap();
        prop_assert_eq!(&told.binary(percent_encoded), &structured);
        prop_assert_eq!(&told.binary(quoted), &structured);
        prop_assert_eq!(&told.binary(encoded_more), &structured);
        let batch = Request::batch(json!([told.structured(), told.structured()])).read().unwrap();
        prop_assert_eq!(batch, [structured.clone(), structured].concat());
    }

    #[test]
    fn text_reads_alike_as_a_string_and_as_bytes(told in told(), text in any::<String>()) {
        let told = Told { data: Data::Bytes(text.clone().into_bytes()), ..told };
        let mut attributes = told.attributes.clone();
        attributes.insert("datacontenttype".to_owned(), "text/plain".to_owned());
        let told = Told { attributes, ..told };
        let mut as_string = told.structured();
        as_string.as_object_mut().unwrap().remove("data_base64");
        as_string["data"] = json!(text);
        let read = Request::structured(as_string).read().unwrap();
        prop_assert_eq!(told.binary(percent_encoded), read);
    }

    #[test]
    fn nothing_that_is_sent_makes_it_panic(
        written in vec(("(ce-[a-z0-9_-]{0,6}|ce-(id|source|type|time|subject|specversion)|content-type)", vec(any::<u8>(), 0..16)), 0..8),
        form in 0..4_usize,
        body in prop_oneof![vec(any::<u8>(), 0..64), json_value().prop_map(|value| value.to_string().into_bytes())],
    ) {
        let forms = ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"];
        let mut headers = HeaderMap::new();
        for (name, value) in written {
            let name: HeaderName = name.parse().unwrap();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(name, value);
            }
        }
        if let Some(form) = forms.get(form) {
            headers.insert("content-type", HeaderValue::from_static(form));
            headers.insert("ce-specversion", HeaderValue::from_static("1.0"));
        }
        match read(&headers, &body) {
            Ok(_) => {}
            Err(error) => prop_assert!(error.status().is_client_error() && !error.to_string().is_empty()),
        }
    }

    #[test]
    fn no_member_makes_it_panic(name in "[a-z_0-9A-Z]{0,12}", value in json_value(), told in told()) {
        let mut event = told.structured();
        event[name.as_str()] = value;
        if let Err(error) = Request::batch(json!([event])).read() {
            prop_assert!(error.to_string().starts_with("event 1 of the batch: "));
        }
    }
}
