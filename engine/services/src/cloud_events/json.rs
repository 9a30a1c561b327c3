//! The JSON format: one event as an object, a batch as an array of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::error::Category;

use super::attributes::{Attributes, check_name, is_core};
use super::data::Content;
use super::members::Written;
use super::{AttributeFault, BATCH_EVENTS_MAX, CloudEvent, CloudEventError, EventFault};

const DATA: &str = "data";
const DATA_BASE64: &str = "data_base64";

pub(super) fn read_one(body: &[u8]) -> Result<CloudEvent, CloudEventError> {
    let written = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    event(written).map_err(CloudEventError::of_single)
}

pub(super) fn read_batch(body: &[u8]) -> Result<Vec<CloudEvent>, CloudEventError> {
    let written: Vec<Written> =
        serde_json::from_slice(body).map_err(|error| match error.classify() {
            Category::Data => CloudEventError::NotABatch,
            Category::Io | Category::Syntax | Category::Eof => malformed(&error),
        })?;
    if written.len() > BATCH_EVENTS_MAX {
        return Err(CloudEventError::BatchTooLarge { count: written.len() });
    }
    let mut events = Vec::with_capacity(written.len());
    for (index, written) in written.into_iter().enumerate() {
        let position = Some(index + 1);
        events.push(event(written).map_err(|fault| CloudEventError::Event { position, fault })?);
    }
    Ok(events)
}

fn malformed(error: &serde_json::Error) -> CloudEventError {
    CloudEventError::Json { reason: error.to_string() }
}

fn event(written: Written) -> Result<CloudEvent, EventFault> {
    let Written::Object(members) = written else { return Err(EventFault::NotAnObject) };
    let mut attributes = Attributes::default();
    let (mut data, mut data_base64) = (None, None);
    for (name, value) in members {
        let data_member = match name.as_str() {
            DATA => Some(&mut data),
            DATA_BASE64 => Some(&mut data_base64),
            _ => None,
        };
        if let Some(member) = data_member {
            if member.replace(value).is_some() {
                return Err(EventFault::attribute(&name, AttributeFault::Twice));
            }
            continue;
        }
        check_name(&name)?;
        if let Some(text) = attribute(&name, value)? {
            attributes.insert(&name, text)?;
        }
    }
    attributes.with_data(content(data, data_base64)?)
}

/// Returns the canonical string of an attribute; null is as if it were not there.
fn attribute(name: &str, value: Value) -> Result<Option<String>, EventFault> {
    let fault = if is_core(name) { AttributeFault::NotAString } else { AttributeFault::Type };
    let fault = || EventFault::attribute(name, fault);
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Bool(value) if !is_core(name) => Ok(Some(value.to_string())),
        Value::Number(number) if !is_core(name) => {
            let whole = number.as_i64().and_then(|number| i32::try_from(number).ok());
            Ok(Some(whole.ok_or_else(fault)?.to_string()))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(fault()),
    }
}

fn content(data: Option<Value>, data_base64: Option<Value>) -> Result<Content, EventFault> {
    match (data, data_base64) {
        (None, None | Some(Value::Null)) => Ok(Content::Absent),
        (Some(value), None | Some(Value::Null)) => Ok(Content::Member(value)),
        (None, Some(Value::String(text))) => {
            STANDARD.decode(text).map(Content::Bytes).map_err(|_| EventFault::Base64)
        }
        (None, Some(_)) => Err(EventFault::Base64),
        (Some(_), Some(_)) => Err(EventFault::DataTwice),
    }
}
