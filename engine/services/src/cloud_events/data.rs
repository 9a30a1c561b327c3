//! The data of an event, as rules see it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::EventFault;
use crate::events::{DETAIL_DEPTH_MAX, is_deeper};

/// Data as it came.
#[derive(Debug)]
pub(super) enum Content {
    Absent,
    /// The member `data` of an event in JSON.
    Member(Value),
    /// The member `data_base64`, decoded, or a body.
    Bytes(Vec<u8>),
}

impl Content {
    /// Reads data; `is_json` is what its media type says of it, if there is one.
    pub(super) fn read(self, is_json: Option<bool>) -> Result<Option<Value>, EventFault> {
        let data = match (self, is_json) {
            (Self::Absent, _) | (Self::Member(Value::Null), Some(false)) => None,
            (Self::Member(value), None | Some(true)) => Some(value),
            (Self::Member(Value::String(text)), Some(false)) => non_empty(text),
            (Self::Member(_), Some(false)) => return Err(EventFault::DataNotText),
            (Self::Bytes(bytes), _) if bytes.is_empty() => None,
            (Self::Bytes(bytes), Some(true)) => Some(
                serde_json::from_slice(&bytes)
                    .map_err(|error| EventFault::DataNotJson { reason: error.to_string() })?,
            ),
            (Self::Bytes(bytes), None | Some(false)) => match String::from_utf8(bytes) {
                Ok(text) => non_empty(text),
                Err(error) => Some(json!({ "base64": STANDARD.encode(error.as_bytes()) })),
            },
        };
        match data {
            Some(value) if is_deeper(&value, DETAIL_DEPTH_MAX) => Err(EventFault::DataTooDeep),
            data => Ok(data),
        }
    }
}

fn non_empty(text: String) -> Option<Value> {
    (!text.is_empty()).then_some(Value::String(text))
}
