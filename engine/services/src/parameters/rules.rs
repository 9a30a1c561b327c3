//! What a parameter may hold, whatever it was before.

use host_api::request::ParameterKind;
use runbook::value::pattern::Pattern;

use super::PutParameterRequest;
use super::data_type::DataType;
use super::kind_named;
use super::tier::{AskedTier, Tier};
use crate::error::ServiceError;

/// The key id that SSM shows when the account's own key is used.
pub(super) const DEFAULT_KEY_ID: &str = "alias/aws/ssm";
/// Names in one request.
pub(super) const NAMES_MAX: usize = 10;

const DESCRIPTION_CHARACTERS_MAX: usize = 1_024;
const PATTERN_CHARACTERS_MAX: usize = 1_024;

/// A request in narrow types.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) kind: Option<ParameterKind>,
    pub(super) data_type: Option<DataType>,
    pub(super) tier: Option<AskedTier>,
    pub(super) is_overwrite: bool,
}

/// Refuses what no parameter may be, before anything is looked up.
pub(super) fn check_request(request: &PutParameterRequest) -> Result<Asked, ServiceError> {
    check_value(request.value.expose())?;
    let too_long = |text: &Option<String>, max: usize| {
        text.as_ref().is_some_and(|text| text.chars().count() > max)
    };
    if too_long(&request.description, DESCRIPTION_CHARACTERS_MAX) {
        return Err(ServiceError::validation(format!(
            "a description has at most {DESCRIPTION_CHARACTERS_MAX} characters"
        )));
    }
    if too_long(&request.allowed_pattern, PATTERN_CHARACTERS_MAX) {
        return Err(ServiceError::validation(format!(
            "an allowed pattern has at most {PATTERN_CHARACTERS_MAX} characters"
        )));
    }
    let is_overwrite = request.overwrite == Some(true);
    if is_overwrite && request.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        return Err(ServiceError::validation(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
             overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    Ok(Asked {
        kind: request.r#type.as_deref().map(asked_kind).transpose()?,
        data_type: request.data_type.as_deref().map(DataType::parse).transpose()?,
        tier: request.tier.as_deref().map(AskedTier::parse).transpose()?,
        is_overwrite,
    })
}

fn check_value(value: &str) -> Result<(), ServiceError> {
    if value.is_empty() {
        return Err(ServiceError::validation(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater \
             than or equal to 1.",
        ));
    }
    let max = Tier::Advanced.value_bytes_max();
    if value.len() > max {
        return Err(ServiceError::validation(format!(
            "Advanced tier parameters support a maximum parameter value of {max} characters."
        )));
    }
    if value.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
        return Err(ServiceError::validation(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    Ok(())
}

fn asked_kind(text: &str) -> Result<ParameterKind, ServiceError> {
    kind_named(text).ok_or_else(|| {
        ServiceError::validation(format!(
            "1 validation error detected: Value '{text}' at 'type' failed to satisfy constraint: Member must satisfy enum \
             value set: [SecureString, StringList, String]"
        ))
    })
}

/// Checks a value against the pattern in force; the whole value must match, as Java's `matches` has it. The value is not repeated.
pub(super) fn check_pattern(pattern: Option<&str>, value: &str) -> Result<(), ServiceError> {
    let Some(text) = pattern.filter(|pattern| !pattern.is_empty()) else { return Ok(()) };
    let pattern = Pattern::parse(text).map_err(|reason| {
        ServiceError::request(
            "InvalidAllowedPatternException",
            format!("The allowed pattern {text} is not a valid regular expression: {reason}"),
        )
    })?;
    let mismatch = |reason: &str| {
        ServiceError::request(
            "ParameterPatternMismatchException",
            format!("Parameter value, cannot be validated against allowedPattern: {text}{reason}"),
        )
    };
    match pattern.matches(value) {
        Ok(true) => Ok(()),
        Ok(false) => Err(mismatch("")),
        Err(error) => Err(mismatch(&format!(": the value {error}"))),
    }
}
