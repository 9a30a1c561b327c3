//! The options of an HMAC that no sender of ours is named after.

use hyper::header::HeaderName;
use serde::Deserialize;

use super::{NameHeaders, OptionError, SecretNames, Tolerance, header, optional_header};

const PREFIX_BYTES_MAX: usize = 64;
const SIGNED_BYTES_MAX: usize = 256;
const BODY_MARK: &str = "{body}";
const TIMESTAMP_MARK: &str = "{ts}";

/// The options of an HMAC in a header of choice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenHmac")]
pub struct Hmac {
    pub secret: SecretNames,
    pub header: HeaderName,
    /// What stands before the signature, such as `sha256=`.
    pub prefix: String,
    pub encoding: Encoding,
    pub digest: Digest,
    pub timestamp_header: Option<HeaderName>,
    pub tolerance: Tolerance,
    pub names: NameHeaders,
    pub(in crate::webhooks::scheme) signed: Vec<Part>,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Lower-case hexadecimal.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}

/// The hash function of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum Digest {
    #[default]
    Sha256,
    Sha512,
}

impl TryFrom<String> for Digest {
    type Error = OptionError;

    fn try_from(name: String) -> Result<Self, OptionError> {
        match name.as_str() {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            "sha1" => Err(OptionError::Sha1),
            _ => Err(OptionError::Digest(name)),
        }
    }
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::webhooks::scheme) enum Part {
    Text(String),
    Timestamp,
    Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenHmac {
    secret: SecretNames,
    header: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    digest: Digest,
    timestamp_header: Option<String>,
    signed: Option<String>,
    tolerance: Option<Tolerance>,
    delivery_header: Option<String>,
    event_header: Option<String>,
}

impl TryFrom<WrittenHmac> for Hmac {
    type Error = OptionError;

    fn try_from(written: WrittenHmac) -> Result<Self, OptionError> {
        let timestamp_header = optional_header(written.timestamp_header)?;
        if written.tolerance.is_some() && timestamp_header.is_none() {
            return Err(OptionError::ToleranceAlone);
        }
        let is_graphic = written.prefix.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_graphic || written.prefix.len() > PREFIX_BYTES_MAX {
            return Err(OptionError::Prefix);
        }
        let default = if timestamp_header.is_some() { "{ts}:{body}" } else { BODY_MARK };
        let signed = read_signed(written.signed.as_deref().unwrap_or(default))?;
        match (signed.contains(&Part::Timestamp), &timestamp_header) {
            (true, None) => return Err(OptionError::TimestampHeaderMissing),
            (false, Some(_)) => return Err(OptionError::TimestampUnsigned),
            (true, Some(_)) | (false, None) => {}
        }
        Ok(Self {
            secret: written.secret,
            header: header(written.header)?,
            prefix: written.prefix,
            encoding: written.encoding,
            digest: written.digest,
            timestamp_header,
            tolerance: written.tolerance.unwrap_or_default(),
            names: NameHeaders {
                delivery: optional_header(written.delivery_header)?,
                event: optional_header(written.event_header)?,
            },
            signed,
        })
    }
}

/// Reads `{ts}:{body}`: texts around the body, once, and the time, at most once.
fn read_signed(text: &str) -> Result<Vec<Part>, OptionError> {
    let refused = || OptionError::Signed(text.to_owned());
    if text.len() > SIGNED_BYTES_MAX {
        return Err(refused());
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if before.contains('}') {
            return Err(refused());
        }
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let (name, after) = after.split_once('}').ok_or_else(refused)?;
        parts.push(match format!("{{{name}}}").as_str() {
            BODY_MARK => Part::Body,
            TIMESTAMP_MARK => Part::Timestamp,
            _ => return Err(refused()),
        });
        rest = after;
    }
    if rest.contains('}') {
        return Err(refused());
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    let count = |wanted: &Part| parts.iter().filter(|part| *part == wanted).count();
    // Without a mark between them, digits of the body could pass for digits of the time.
    let touches = parts.windows(2).any(|pair| match pair {
        [Part::Timestamp, Part::Text(text)] => text.starts_with(|c: char| c.is_ascii_digit()),
        [Part::Text(text), Part::Timestamp] => text.ends_with(|c: char| c.is_ascii_digit()),
        [Part::Timestamp, Part::Body] | [Part::Body, Part::Timestamp] => true,
        _ => false,
    });
    if count(&Part::Body) != 1 || count(&Part::Timestamp) > 1 || touches {
        return Err(refused());
    }
    Ok(parts)
}
