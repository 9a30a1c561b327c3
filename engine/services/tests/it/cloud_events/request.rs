//! Requests as data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use services::cloud_events::{CloudEvent, CloudEventError, read};

/// A request; its body is a text, JSON that is written out, or bytes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Request {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: Option<String>,
    pub(crate) json: Option<Value>,
    pub(crate) base64: Option<String>,
}

impl Request {
    pub(crate) fn structured(json: Value) -> Self {
        Self::of("application/cloudevents+json", json)
    }

    pub(crate) fn batch(json: Value) -> Self {
        Self::of("application/cloudevents-batch+json", json)
    }

    fn of(media_type: &str, json: Value) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self { headers, json: Some(json), ..Self::default() }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        match self {
            Self { text: Some(text), json: None, base64: None, .. } => text.clone().into_bytes(),
            Self { text: None, json: Some(json), base64: None, .. } => {
                json.to_string().into_bytes()
            }
            Self { text: None, json: None, base64: Some(base64), .. } => {
                STANDARD.decode(base64).unwrap()
            }
            Self { text: None, json: None, base64: None, .. } => Vec::new(),
            Self { .. } => panic!("a request has one body"),
        }
    }

    pub(crate) fn read(&self) -> Result<Vec<CloudEvent>, CloudEventError> {
        read(&headers(&self.headers), &self.body())
    }
}

pub(crate) fn headers(written: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in written {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// An event as tables write it: what it does not have is left out.
pub(crate) fn shown(event: &CloudEvent) -> Value {
    let CloudEvent {
        id,
        source,
        kind,
        subject,
        time_ms,
        dataschema,
        datacontenttype,
        data,
        extensions,
    } = event;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put("id", Some(json!(id)));
    put("source", Some(json!(source)));
    put("type", Some(json!(kind)));
    put("subject", subject.as_ref().map(|text| json!(text)));
    put("time_ms", time_ms.map(|time_ms| json!(time_ms)));
    put("dataschema", dataschema.as_ref().map(|text| json!(text)));
    put("datacontenttype", datacontenttype.as_ref().map(|text| json!(text)));
    put("data", data.clone());
    put("extensions", (!extensions.is_empty()).then(|| json!(extensions)));
    Value::Object(shown)
}
