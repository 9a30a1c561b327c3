//! In which form events come, and which data is JSON.

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use mime::Mime;

use super::{AttributeFault, CloudEventError, EventFault};

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
/// All forms begin with it, those that are not read too.
const FORMS: &str = "application/cloudevents";
const VERSION_HEADER: &str = "ce-specversion";

/// The form of a request.
#[derive(Debug, PartialEq)]
pub(super) enum Form<'a> {
    /// With the media type of the data.
    Binary(Option<&'a str>),
    Structured,
    Batched,
}

impl<'a> Form<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Result<Self, CloudEventError> {
        let found = content_type(headers)?;
        let prefix = found.and_then(|text| text.get(..FORMS.len()));
        if let Some(text) = found
            && prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(FORMS))
        {
            return Self::of_events(text);
        }
        if !headers.contains_key(VERSION_HEADER) {
            return Err(CloudEventError::NoEvent);
        }
        Ok(Self::Binary(found))
    }

    fn of_events(text: &str) -> Result<Self, CloudEventError> {
        let unread = || CloudEventError::Form { found: text.to_owned() };
        let media_type: Mime = text.parse().map_err(|_| unread())?;
        let form = match media_type.essence_str().to_ascii_lowercase().as_str() {
            STRUCTURED => Self::Structured,
            BATCHED => Self::Batched,
            _ => return Err(unread()),
        };
        match media_type.get_param(mime::CHARSET) {
            Some(charset) if charset != mime::UTF_8 => {
                Err(CloudEventError::Charset { found: charset.to_string() })
            }
            Some(_) | None => Ok(form),
        }
    }
}

fn content_type(headers: &HeaderMap) -> Result<Option<&str>, CloudEventError> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(CloudEventError::ContentTypeHeader);
    }
    value.to_str().map(Some).map_err(|_| CloudEventError::ContentTypeHeader)
}

/// Says whether data of a media type is JSON.
pub(super) fn is_json(text: &str) -> Result<bool, EventFault> {
    let fault = || EventFault::attribute("datacontenttype", AttributeFault::MediaType);
    let media_type: Mime = text.parse().map_err(|_| fault())?;
    // The library takes a type without a subtype, and what a receiver accepts but nobody sends.
    if media_type.subtype().as_str().is_empty() || media_type.essence_str().contains('*') {
        return Err(fault());
    }
    Ok(media_type.subtype() == mime::JSON || media_type.suffix() == Some(mime::JSON))
}
