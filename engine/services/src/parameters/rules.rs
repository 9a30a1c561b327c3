//! What a parameter may hold.

use regex::Regex;

use super::request::PutParameterRequest;
use crate::error::ServiceError;

/// Bytes of a value of the Standard tier, the only one of this release.
pub const VALUE_BYTES_MAX: usize = 4_096;
/// The key id that SSM shows when the account's own key is used.
pub(super) const DEFAULT_KEY_ID: &str = "alias/aws/ssm";
pub(super) const TIER: &str = "Standard";
pub(super) const DATA_TYPE: &str = "text";

const DESCRIPTION_CHARACTERS_MAX: usize = 1_024;
const PATTERN_CHARACTERS_MAX: usize = 1_024;

/// Refuses what this release does not have, and what no parameter may be, before anything is looked up.
pub(super) fn check_request(request: &PutParameterRequest) -> Result<(), ServiceError> {
    check_available(request)?;
    let value = request.value.expose();
    if value.is_empty() {
        return Err(ServiceError::validation("the value of a parameter is not empty"));
    }
    if value.len() > VALUE_BYTES_MAX {
        return Err(ServiceError::validation(format!(
            "the value has {} bytes: a parameter of the Standard tier holds {VALUE_BYTES_MAX}, and the Advanced tier \
             is not available yet",
            value.len()
        )));
    }
    if value.contains("{{") {
        return Err(ServiceError::validation(
            "the value holds {{: a parameter cannot refer to another one",
        ));
    }
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
    if request.overwrite == Some(true) && !request.tags.is_empty() {
        return Err(ServiceError::validation(
            "tags and overwrite cannot be used together: add tags to the existing parameter with AddTagsToResource",
        ));
    }
    Ok(())
}

fn check_available(request: &PutParameterRequest) -> Result<(), ServiceError> {
    match request.tier.as_deref() {
        None | Some(TIER) => {}
        Some("Advanced" | "Intelligent-Tiering") => {
            return Err(ServiceError::unavailable(
                "only the tier Standard is available in this release",
            ));
        }
        Some(other) => {
            return Err(ServiceError::validation(format!("there is no tier {other:?}")));
        }
    }
    match request.data_type.as_deref() {
        None | Some(DATA_TYPE) => {}
        Some(other) => {
            return Err(ServiceError::unavailable(format!(
                "the data type {other:?} is not available yet: only \"{DATA_TYPE}\" is"
            )));
        }
    }
    if request.policies.as_ref().is_some_and(|policies| !policies.trim().is_empty()) {
        return Err(ServiceError::unavailable("parameter policies are not available yet"));
    }
    match request.key_id.as_deref() {
        None | Some(DEFAULT_KEY_ID) => Ok(()),
        Some(other) => Err(ServiceError::request(
            "InvalidKeyId",
            format!("the key {other:?} does not exist: only {DEFAULT_KEY_ID} does"),
        )),
    }
}

/// Checks a value against the pattern in force; the whole value must match, as Java's `matches` has it.
pub(super) fn check_pattern(pattern: Option<&str>, value: &str) -> Result<(), ServiceError> {
    let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else { return Ok(()) };
    let whole = Regex::new(pattern).and_then(|_| Regex::new(&format!(r"\A(?:{pattern})\z")));
    let whole = whole.map_err(|error| {
        ServiceError::request(
            "InvalidAllowedPatternException",
            format!("the allowed pattern cannot be used: {error}"),
        )
    })?;
    if whole.is_match(value) {
        return Ok(());
    }
    Err(ServiceError::request(
        "ParameterPatternMismatchException",
        format!("the value does not match the allowed pattern {pattern}"),
    ))
}
