//! `CloudEvents` 1.0 as HTTP brings them: one in headers and body, one as JSON, or a batch of them as JSON.
//!
//! Pure: nothing is stored here, and what is not said stays unsaid. How an event reads does not depend on the form that it came in.

mod attributes;
mod data;
mod error;
mod header;
mod incoming;
mod json;
mod media_type;
mod members;

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::Value;

pub use crate::events::DETAIL_DEPTH_MAX as DATA_DEPTH_MAX;
use crate::events::INCOMING_MAX;
pub use attributes::{ATTRIBUTE_BYTES_MAX, ATTRIBUTE_NAME_BYTES_MAX, EXTENSIONS_MAX};
pub use error::{AttributeFault, CloudEventError, EventFault};
use media_type::Form;

/// The largest body that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The most events of one batch.
pub const BATCH_EVENTS_MAX: usize = INCOMING_MAX;
/// The only version of the specification that is read.
pub const SPECIFICATION_VERSION: &str = "1.0";

/// An event that keeps the rules of the specification.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudEvent {
    /// Together with the source it is the event's identity.
    pub id: String,
    /// A URI-reference.
    pub source: String,
    /// The attribute `type`.
    pub kind: String,
    pub subject: Option<String>,
    /// When it happened, in milliseconds since the Unix epoch.
    pub time_ms: Option<u64>,
    /// A URI.
    pub dataschema: Option<String>,
    /// A media type. Data that came in JSON without one has `application/json`, as the specification implies.
    pub datacontenttype: Option<String>,
    /// The value itself where the media type is one of JSON. Anything else is a string where its bytes are UTF-8, and
    /// `{"base64": "…"}` where they are not, whatever form it came in. No bytes are no data.
    pub data: Option<Value>,
    /// Each in the specification's canonical form as a string, for headers do not tell `5` from `"5"`.
    pub extensions: BTreeMap<String, String>,
}

/// Reads the events of a request.
///
/// `application/cloudevents+json` is one event and `application/cloudevents-batch+json` a list of them; both say all, and `ce-`
/// headers beside them are not looked at. With any other media type, or none, the `ce-` headers are the event and the body its data.
///
/// # Errors
/// The first thing that is wrong, with the place where it is; a batch with one wrong event is refused as a whole.
pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<CloudEvent>, CloudEventError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(CloudEventError::BodyTooLarge { bytes: body.len() });
    }
    match Form::of(headers)? {
        Form::Structured => json::read_one(body).map(|event| vec![event]),
        Form::Batched => json::read_batch(body),
        Form::Binary(media_type) => {
            let event = header::read(headers, media_type, body);
            event.map(|event| vec![event]).map_err(CloudEventError::of_single)
        }
    }
}
