//! The attributes of an event in the specification's canonical form as strings, and the rules for each.

use std::collections::BTreeMap;

use chrono::DateTime;
use fluent_uri::{Uri, UriRef};

use super::data::Content;
use super::media_type::is_json;
use super::{AttributeFault, CloudEvent, EventFault, SPECIFICATION_VERSION};
use crate::triggers::RESERVED;

/// The longest name of an attribute; the specification recommends 20.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 64;
/// The longest value of an attribute.
pub const ATTRIBUTE_BYTES_MAX: usize = 4096;
/// The most extensions of one event.
pub const EXTENSIONS_MAX: usize = 64;

const MEDIA_TYPE_OF_JSON: &str = "application/json";

/// The names that the specification gives a meaning.
const CORE: [&str; 8] =
    ["specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype"];

/// Attributes by name; each name and each value is one that an attribute may have.
#[derive(Debug, Default)]
pub(super) struct Attributes(BTreeMap<String, String>);

impl Attributes {
    pub(super) fn insert(&mut self, name: &str, value: String) -> Result<(), EventFault> {
        check_name(name)?;
        if value.len() > ATTRIBUTE_BYTES_MAX {
            return Err(EventFault::attribute(name, AttributeFault::TooLong));
        }
        if !value.chars().all(is_allowed) {
            return Err(EventFault::attribute(name, AttributeFault::Character));
        }
        if self.0.insert(name.to_owned(), value).is_some() {
            return Err(EventFault::attribute(name, AttributeFault::Twice));
        }
        Ok(())
    }

    /// Makes the event that these are the attributes of.
    pub(super) fn with_data(mut self, content: Content) -> Result<CloudEvent, EventFault> {
        if self.take_required("specversion")? != SPECIFICATION_VERSION {
            return Err(EventFault::attribute("specversion", AttributeFault::Version));
        }
        let id = self.take_required("id")?;
        let source = self.take_required("source")?;
        check_source(&source)?;
        let kind = self.take_required("type")?;
        let subject = self.take("subject")?;
        let time_ms = self.take("time")?.map(|text| time_ms(&text)).transpose()?;
        let dataschema = self.take("dataschema")?;
        if let Some(text) = &dataschema
            && Uri::parse(text.as_str()).is_err()
        {
            return Err(EventFault::attribute("dataschema", AttributeFault::Uri));
        }
        let media_type = self.take("datacontenttype")?;
        let is_json = media_type.as_deref().map(is_json).transpose()?;
        let is_member = matches!(content, Content::Member(_));
        let data = content.read(is_json)?;
        let datacontenttype = match media_type {
            None if is_member => Some(MEDIA_TYPE_OF_JSON.to_owned()),
            media_type => media_type,
        };
        let extensions = self.0;
        if extensions.len() > EXTENSIONS_MAX {
            return Err(EventFault::ExtensionCount { count: extensions.len() });
        }
        Ok(CloudEvent {
            id,
            source,
            kind,
            subject,
            time_ms,
            dataschema,
            datacontenttype,
            data,
            extensions,
        })
    }

    /// Removes an attribute; one that is there says something.
    fn take(&mut self, name: &str) -> Result<Option<String>, EventFault> {
        match self.0.remove(name) {
            Some(value) if value.is_empty() => {
                Err(EventFault::attribute(name, AttributeFault::Empty))
            }
            value => Ok(value),
        }
    }

    fn take_required(&mut self, name: &str) -> Result<String, EventFault> {
        self.take(name)?.ok_or_else(|| EventFault::attribute(name, AttributeFault::Missing))
    }
}

pub(super) fn is_core(name: &str) -> bool {
    CORE.contains(&name)
}

pub(super) fn check_name(name: &str) -> Result<(), EventFault> {
    let is_name = (1..=ATTRIBUTE_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && name != "data";
    if is_name { Ok(()) } else { Err(EventFault::attribute(name, AttributeFault::Name)) }
}

/// Says whether a character may stand in a string: no control character, and none of the code points that are no characters.
fn is_allowed(character: char) -> bool {
    let code = u32::from(character);
    !character.is_control() && !(0xFDD0..=0xFDEF).contains(&code) && code & 0xFFFE != 0xFFFE
}

fn check_source(source: &str) -> Result<(), EventFault> {
    let fault = |fault| EventFault::attribute("source", fault);
    if UriRef::parse(source).is_err() {
        return Err(fault(AttributeFault::UriReference));
    }
    let beginning = source.get(..RESERVED.len());
    if beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(RESERVED)) {
        return Err(fault(AttributeFault::Reserved));
    }
    Ok(())
}

fn time_ms(text: &str) -> Result<u64, EventFault> {
    let fault = |fault| EventFault::attribute("time", fault);
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| fault(AttributeFault::Timestamp))?;
    u64::try_from(time.timestamp_millis()).map_err(|_| fault(AttributeFault::BeforeEpoch))
}
