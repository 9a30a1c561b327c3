//! The binary mode: attributes in `ce-` headers, data in the body.

use hyper::HeaderMap;
use hyper::header::HeaderValue;
use percent_encoding::percent_decode;

use super::attributes::Attributes;
use super::data::Content;
use super::{AttributeFault, CloudEvent, EventFault};

const PREFIX: &str = "ce-";

pub(super) fn read(
    headers: &HeaderMap,
    media_type: Option<&str>,
    body: &[u8],
) -> Result<CloudEvent, EventFault> {
    let mut attributes = Attributes::default();
    for (header, value) in headers {
        let Some(name) = header.as_str().strip_prefix(PREFIX) else { continue };
        if name == "datacontenttype" {
            return Err(EventFault::attribute(name, AttributeFault::IsContentType));
        }
        let value = decode(value).map_err(|fault| EventFault::attribute(name, fault))?;
        attributes.insert(name, value)?;
    }
    if let Some(media_type) = media_type {
        attributes.insert("datacontenttype", media_type.to_owned())?;
    }
    attributes.with_data(Content::Bytes(body.to_vec()))
}

/// Undoes double quotes, then percent-encoding, each once.
fn decode(value: &HeaderValue) -> Result<String, AttributeFault> {
    let text = value.to_str().map_err(|_| AttributeFault::NotAscii)?;
    let text = unquote(text)?;
    if !is_percent_encoded(text.as_bytes()) {
        return Err(AttributeFault::Percent);
    }
    let text = percent_decode(text.as_bytes()).decode_utf8();
    text.map(std::borrow::Cow::into_owned).map_err(|_| AttributeFault::NotUtf8)
}

/// Takes the marks off the quoted strings of a value, and the backslashes within them.
fn unquote(text: &str) -> Result<String, AttributeFault> {
    let mut unquoted = String::with_capacity(text.len());
    let mut is_quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => {
                unquoted.push(characters.next().ok_or(AttributeFault::Quotation)?);
            }
            _ => unquoted.push(character),
        }
    }
    if is_quoted { Err(AttributeFault::Quotation) } else { Ok(unquoted) }
}

fn is_percent_encoded(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'%');
    parts.next();
    parts.all(|part| part.len() >= 2 && part[..2].iter().all(u8::is_ascii_hexdigit))
}
