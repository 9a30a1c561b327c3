//! Why a request brings no events: which one is wrong, which of its attributes, and how.

use hyper::StatusCode;

use super::{
    ATTRIBUTE_BYTES_MAX, ATTRIBUTE_NAME_BYTES_MAX, BATCH_EVENTS_MAX, BODY_BYTES_MAX,
    DATA_DEPTH_MAX, EXTENSIONS_MAX, SPECIFICATION_VERSION,
};

/// Why a request is refused. It holds no part of an event's data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudEventError {
    #[error("the body has {bytes} bytes, more than the {BODY_BYTES_MAX} that are read")]
    BodyTooLarge { bytes: usize },
    #[error(
        "the batch has {count} events, more than the {BATCH_EVENTS_MAX} that are taken at once"
    )]
    BatchTooLarge { count: usize },
    #[error("the header Content-Type stands there twice, or is not visible ASCII")]
    ContentTypeHeader,
    #[error(
        "events in the form {found} are not read: send application/cloudevents+json, application/cloudevents-batch+json, or \
         the attributes in ce- headers"
    )]
    Form { found: String },
    #[error("the charset {found} is not read: events in JSON are UTF-8")]
    Charset { found: String },
    #[error(
        "there is no event: neither is Content-Type application/cloudevents+json or application/cloudevents-batch+json, nor is \
         there the header ce-specversion"
    )]
    NoEvent,
    #[error("the body cannot be read as JSON: {reason}")]
    Json { reason: String },
    #[error("a batch is a JSON array of events")]
    NotABatch,
    #[error("{}{fault}", place(*position))]
    Event {
        /// Which event of a batch, from 1.
        position: Option<usize>,
        fault: EventFault,
    },
}

/// What is wrong with one event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventFault {
    #[error("an event is a JSON object")]
    NotAnObject,
    #[error("the attribute {name:?} {fault}")]
    Attribute { name: String, fault: AttributeFault },
    #[error("{count} extensions are more than the {EXTENSIONS_MAX} that an event may have")]
    ExtensionCount { count: usize },
    #[error("data and data_base64 exclude each other")]
    DataTwice,
    #[error("data_base64 is not a string of base64")]
    Base64,
    #[error("data is a string when datacontenttype is not one of JSON; bytes are data_base64")]
    DataNotText,
    #[error("the data cannot be read as the JSON that its media type says it is: {reason}")]
    DataNotJson { reason: String },
    #[error("the data is nested deeper than {DATA_DEPTH_MAX} levels")]
    DataTooDeep,
}

/// What is wrong with an attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeFault {
    #[error("is required")]
    Missing,
    #[error("may not be empty")]
    Empty,
    #[error("has more than {ATTRIBUTE_BYTES_MAX} bytes")]
    TooLong,
    #[error("stands there twice")]
    Twice,
    #[error(
        "has a name that no attribute has: lower-case letters a to z and digits, at most {ATTRIBUTE_NAME_BYTES_MAX}, and not data"
    )]
    Name,
    #[error("is not a header in binary mode, where Content-Type says it")]
    IsContentType,
    #[error("is not {SPECIFICATION_VERSION}, the only version that is read")]
    Version,
    #[error("is not a string")]
    NotAString,
    #[error("is neither a string, nor a boolean, nor a whole number of 32 bits")]
    Type,
    #[error("has a control character or a code point that is no character")]
    Character,
    #[error(
        "is not visible ASCII in its header: write other characters in UTF-8, each byte as %XX"
    )]
    NotAscii,
    #[error("has a quotation mark in its header that is not closed: write it as %22")]
    Quotation,
    #[error("has a percent sign in its header without two hexadecimal digits: write it as %25")]
    Percent,
    #[error("is not UTF-8 after percent-decoding")]
    NotUtf8,
    #[error("is not a URI-reference (RFC 3986)")]
    UriReference,
    #[error("is not a URI (RFC 3986)")]
    Uri,
    #[error("is not a media type (RFC 2046)")]
    MediaType,
    #[error("is not a date and time of RFC 3339, such as 2026-01-31T12:00:00Z")]
    Timestamp,
    #[error("is before 1970, where no event is kept")]
    BeforeEpoch,
    #[error("begins with aws., and only this installation speaks as that")]
    Reserved,
}

fn place(position: Option<usize>) -> String {
    position.map(|position| format!("event {position} of the batch: ")).unwrap_or_default()
}

impl CloudEventError {
    /// Returns the status that tells the sender of it: 403 for who speaks as this installation, 413 for too much of something, 415 for
    /// a form that is not read, 400 for everything else.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BodyTooLarge { .. } | Self::BatchTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Form { .. } | Self::Charset { .. } | Self::NoEvent => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::ContentTypeHeader | Self::Json { .. } | Self::NotABatch => {
                StatusCode::BAD_REQUEST
            }
            Self::Event { fault, .. } => fault.status(),
        }
    }

    pub(super) fn of_single(fault: EventFault) -> Self {
        Self::Event { position: None, fault }
    }
}

impl EventFault {
    fn status(&self) -> StatusCode {
        match self {
            Self::Attribute { fault: AttributeFault::Reserved, .. } => StatusCode::FORBIDDEN,
            Self::Attribute { fault: AttributeFault::TooLong, .. }
            | Self::ExtensionCount { .. }
            | Self::DataTooDeep => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAnObject
            | Self::Attribute { .. }
            | Self::DataTwice
            | Self::Base64
            | Self::DataNotText
            | Self::DataNotJson { .. } => StatusCode::BAD_REQUEST,
        }
    }

    /// Names the attribute, by its beginning if the name is longer than one may be.
    pub(super) fn attribute(name: &str, fault: AttributeFault) -> Self {
        Self::Attribute { name: name.chars().take(ATTRIBUTE_NAME_BYTES_MAX).collect(), fault }
    }
}
