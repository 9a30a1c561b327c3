//! What selects a version of a parameter.

use super::name::{ParameterName, Place, not_found};
use crate::error::ServiceError;

/// Which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    Latest,
    Version(u64),
    /// The version that has this label when it is looked up.
    Label(String),
}

/// A name and which of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    pub name: ParameterName,
    pub selector: Selector,
    /// What was asked for, for errors.
    pub(crate) text: String,
    /// Whether an ARN was given, which is the same for `x` and `/x`.
    pub(crate) is_arn: bool,
}

impl Selected {
    /// Reads `name`, `name:3`, `name:label`, or an ARN with or without a selector.
    ///
    /// More than one colon is `ParameterNotFound`, as in SSM.
    pub fn parse(text: &str, place: &Place) -> Result<Self, ServiceError> {
        let text = text.trim();
        let is_arn = text.starts_with("arn:");
        let plain = if is_arn { from_arn(text, place)? } else { text.to_owned() };
        let (name, selector) = match plain.split_once(':') {
            Some((_, selector)) if selector.contains(':') => return Err(not_found(text)),
            Some((name, selector)) => (name, Selector::parse(selector, text)?),
            None => (plain.as_str(), Selector::Latest),
        };
        let name = ParameterName::for_reading(name)?;
        Ok(Self { name, selector, text: text.to_owned(), is_arn })
    }

    /// Returns the error for a parameter that has not the version or label that is asked for.
    pub(crate) fn version_not_found(&self) -> ServiceError {
        match &self.selector {
            Selector::Latest => not_found(&self.text),
            Selector::Version(version) => version_not_found(&self.name, &version.to_string()),
            Selector::Label(label) => ServiceError::request(
                "ParameterVersionNotFound",
                format!(
                    "Systems Manager could not find the label {label} of {}. Verify the label and try again.",
                    self.name
                ),
            ),
        }
    }
}

impl Selector {
    fn parse(selector: &str, text: &str) -> Result<Self, ServiceError> {
        if selector.is_empty() {
            return Err(not_found(text));
        }
        if !selector.bytes().all(|digit| digit.is_ascii_digit()) {
            return Ok(Self::Label(selector.to_owned()));
        }
        // Labels do not begin with a digit, and no version is as great as what does not fit.
        Ok(Self::Version(selector.parse().unwrap_or(u64::MAX >> 1)))
    }

    /// Returns the selector as an answer repeats it.
    pub(crate) fn shown(&self) -> Option<String> {
        match self {
            Self::Latest => None,
            Self::Version(version) => Some(format!(":{version}")),
            Self::Label(label) => Some(format!(":{label}")),
        }
    }
}

/// Returns name and selector of an ARN of this place.
fn from_arn(arn: &str, place: &Place) -> Result<String, ServiceError> {
    let Place { region, account_id } = place;
    let prefix = format!("arn:aws:ssm:{region}:{account_id}:parameter/");
    let Some(rest) = arn.strip_prefix(&prefix) else {
        return Err(not_found(arn));
    };
    // An ARN does not show whether a flat name began with a slash; it is read as the flat one.
    let flat = !rest.split(':').next().unwrap_or_default().contains('/');
    Ok(if flat { rest.to_owned() } else { format!("/{rest}") })
}

pub(crate) fn version_not_found(name: &ParameterName, version: &str) -> ServiceError {
    ServiceError::request(
        "ParameterVersionNotFound",
        format!(
            "Systems Manager could not find version {version} of {name}. Verify the version and try again."
        ),
    )
}
