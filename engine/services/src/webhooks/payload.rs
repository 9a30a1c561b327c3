//! The events that a delivery makes.

use host_api::identifier::Digest;
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use rules::file::{Shape, Webhook};
use serde_json::{Map, Value, json};

use super::receive::Rejected;
use super::scheme::Verified;
use crate::events::{DETAIL_DEPTH_MAX, INCOMING_MAX, Incoming, is_deeper};

/// What happened when neither the rule file nor the sender says it.
const DETAIL_TYPE: &str = "Webhook";
const FORM: &str = "application/x-www-form-urlencoded";
/// The field of a form in which some senders put their JSON.
const FORM_PAYLOAD: &str = "payload";
/// The member of a detail that holds what is no object.
const WRAPPED: &str = "body";
/// A longer key is kept as its digest.
const KEY_BYTES_MAX: usize = 512;
/// How long the texts of an event may be, as `EventBridge` has it.
const TEXT_CHARACTERS_MAX: usize = 256;

/// Reads the body as its content type says: JSON, or a form.
///
/// # Errors
/// Another content type, and a body that is not of its type.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Value, Rejected> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || kind.ends_with("+json") {
        return json_of(body);
    }
    if kind != FORM {
        return Err(Rejected::MediaType(kind));
    }
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        fields.insert(name.into_owned(), Value::from(value.into_owned()));
    }
    match fields.get(FORM_PAYLOAD).and_then(Value::as_str) {
        Some(payload) if fields.len() == 1 => json_of(payload.as_bytes()),
        Some(_) | None => Ok(Value::Object(fields)),
    }
}

fn json_of(body: &[u8]) -> Result<Value, Rejected> {
    serde_json::from_slice(body)
        .map_err(|error| Rejected::Malformed(format!("the body is no JSON: {error}")))
}

/// Returns the events that a delivery makes, each with what tells it from others.
///
/// # Errors
/// A body that is not of the shape that the rule file says.
pub(super) fn events(
    webhook: &Webhook,
    verified: &Verified,
    body: &[u8],
    read: Value,
) -> Result<Vec<Incoming>, Rejected> {
    let shape = &webhook.event;
    if is_deeper(&read, DETAIL_DEPTH_MAX) {
        return Err(Rejected::Shape(format!(
            "the body is nested deeper than {DETAIL_DEPTH_MAX} levels"
        )));
    }
    let elements = elements(shape, read)?;
    let is_one = shape.each.is_none();
    let delivery = match &verified.delivery_id {
        Some(id) => format!("delivery:{id}"),
        None => format!("body:{}", Digest::of(body).as_str()),
    };
    let scope = format!("hook/{}", webhook.name);
    let mut incoming = Vec::with_capacity(elements.len());
    for (number, element) in elements.into_iter().enumerate() {
        let key = match own_key(shape, &element)? {
            Some(key) => key,
            None if is_one => delivery.clone(),
            None => format!("{delivery}#{number}"),
        };
        incoming.push(Incoming {
            source: shape.source.clone(),
            detail_type: detail_type(shape, verified, &element)?,
            resources: resources(shape, &element)?,
            detail: if element.is_object() { element } else { json!({ WRAPPED: element }) },
            at_ms: None,
            once: Some((scope.clone(), key)),
            id: None,
        });
    }
    Ok(incoming)
}

fn elements(shape: &Shape, read: Value) -> Result<Vec<Value>, Rejected> {
    let Some(each) = &shape.each else { return Ok(vec![read]) };
    let path = each.source();
    match each.find(&read).map(std::borrow::Cow::into_owned) {
        Some(Value::Array(elements)) if elements.len() <= INCOMING_MAX => Ok(elements),
        Some(Value::Array(elements)) => Err(Rejected::Shape(format!(
            "{path} has {} elements, more than the {INCOMING_MAX} that are taken together",
            elements.len()
        ))),
        Some(_) => Err(Rejected::Shape(format!("{path} is no list"))),
        None => Err(Rejected::Shape(format!("the body has nothing at {path}"))),
    }
}

/// Returns the values by which the rule file tells elements apart, if it names any.
fn own_key(shape: &Shape, element: &Value) -> Result<Option<String>, Rejected> {
    if shape.id.is_empty() {
        return Ok(None);
    }
    let mut values = Vec::with_capacity(shape.id.len());
    for path in &shape.id {
        let found = path.find(element).filter(|found| !found.is_null());
        let found = found.ok_or_else(|| {
            Rejected::Shape(format!("there is no id: nothing stands at {}", path.source()))
        })?;
        values.push(found.into_owned());
    }
    let key = format!("id:{}", Value::Array(values));
    Ok(Some(if key.len() <= KEY_BYTES_MAX {
        key
    } else {
        format!("id:{}", Digest::of(key.as_bytes()).as_str())
    }))
}

fn detail_type(shape: &Shape, verified: &Verified, element: &Value) -> Result<String, Rejected> {
    let text = match &shape.detail_type {
        Some(input) => {
            let value = input.of(element).map_err(|error| Rejected::Shape(error.to_string()))?;
            runbook::value::text(&value)
        }
        None => verified.event_type.clone().unwrap_or_else(|| DETAIL_TYPE.to_owned()),
    };
    if text.is_empty() || text.chars().count() > TEXT_CHARACTERS_MAX {
        return Err(Rejected::Shape(format!(
            "the detail-type has {} characters; it may have 1 to {TEXT_CHARACTERS_MAX}",
            text.chars().count()
        )));
    }
    Ok(text)
}

fn resources(shape: &Shape, element: &Value) -> Result<Vec<String>, Rejected> {
    let Some(path) = &shape.resources else { return Ok(Vec::new()) };
    let refuse =
        || Rejected::Shape(format!("{} is neither text nor a list of texts", path.source()));
    match path.find(element).as_deref() {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or_else(refuse))
            .collect(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => Err(refuse()),
    }
}
