//! Data types: what a value must look like. Values are text all the same.

mod integration;
mod jsonc;
mod network;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::request::ParameterKind;

use super::ParameterName;
use crate::error::ServiceError;

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataType {
    Text,
    /// Stored as given: there is no EC2 here to ask whether an image exists.
    Image,
    /// A webhook of automations.
    Integration,
    Region,
    AccountId,
    Boolean,
    Integer,
    Float,
    /// Base64.
    Binary,
    Hostname,
    Email,
    Ipv4Address,
    Ipv6Address,
    Url,
    Json,
    /// JSON with comments.
    Jsonc,
}

impl DataType {
    const ALL: [Self; 16] = [
        Self::Text,
        Self::Image,
        Self::Integration,
        Self::Region,
        Self::AccountId,
        Self::Boolean,
        Self::Integer,
        Self::Float,
        Self::Binary,
        Self::Hostname,
        Self::Email,
        Self::Ipv4Address,
        Self::Ipv6Address,
        Self::Url,
        Self::Json,
        Self::Jsonc,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "aws:ec2:image",
            Self::Integration => "aws:ssm:integration",
            Self::Region => "aws:region",
            Self::AccountId => "aws:account:id",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Binary => "binary",
            Self::Hostname => "hostname",
            Self::Email => "email",
            Self::Ipv4Address => "ipv4-address",
            Self::Ipv6Address => "ipv6-address",
            Self::Url => "url",
            Self::Json => "json",
            Self::Jsonc => "jsonc",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ServiceError> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
            ServiceError::validation(format!(
                "The following data type is not supported: {text} (Data type names are all lowercase.)"
            ))
        })
    }

    pub(crate) const fn needs_advanced(self) -> bool {
        matches!(self, Self::Url | Self::Json | Self::Jsonc)
    }

    /// Checks what a parameter of this data type may be called and be, and its value; of a list each item. An error does not repeat
    /// the value, which may be secret.
    pub(super) fn check(
        self,
        name: &ParameterName,
        kind: ParameterKind,
        value: &str,
    ) -> Result<(), ServiceError> {
        integration::check_place(self, name, kind)?;
        match (self, kind) {
            (Self::Image, ParameterKind::StringList | ParameterKind::SecureString) => {
                Err(ServiceError::validation(
                    "The data type aws:ec2:image is supported for parameters of the type String only.",
                ))
            }
            (_, ParameterKind::StringList) => {
                value.split(',').try_for_each(|item| self.check_value(item))
            }
            (_, ParameterKind::String | ParameterKind::SecureString) => self.check_value(value),
        }
    }

    fn check_value(self, value: &str) -> Result<(), ServiceError> {
        let is_valid = match self {
            Self::Text | Self::Image => true,
            Self::Integration => return integration::check_value(value),
            Self::Region => network::is_region(value),
            Self::AccountId => value.len() == 12 && is_digits(value),
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Integer => is_digits(value.strip_prefix(['-', '+']).unwrap_or(value)),
            Self::Float => is_float(value),
            Self::Binary => STANDARD.decode(value).is_ok(),
            Self::Hostname => network::is_hostname(value),
            Self::Email => network::is_email(value),
            Self::Ipv4Address => value.parse::<std::net::Ipv4Addr>().is_ok(),
            Self::Ipv6Address => value.parse::<std::net::Ipv6Addr>().is_ok(),
            Self::Url => url::Url::parse(value).is_ok_and(|url| url.has_host()),
            Self::Json => serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok(),
            Self::Jsonc => jsonc::is_valid(value),
        };
        if is_valid {
            return Ok(());
        }
        Err(ServiceError::validation(format!(
            "The parameter value is not valid for the data type {self}."
        )))
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether a text is a finite number in decimal digits, with a fraction, an exponent, both or neither.
fn is_float(text: &str) -> bool {
    let is_written_so = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    is_written_so && text.parse::<f64>().is_ok_and(f64::is_finite)
}
