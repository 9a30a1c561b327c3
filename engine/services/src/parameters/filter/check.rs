//! What a filter may say. The texts of errors are SSM's.

use std::collections::BTreeSet;

use super::{Comparison, Filter, Subject, is_path, rooted};
use crate::error::ServiceError;
use crate::parameters::{ParameterStringFilter, ParametersFilter};

const VALUES_MAX: usize = 50;
const VALUE_CHARACTERS_MAX: usize = 1_024;
const TYPES: [&str; 3] = ["String", "StringList", "SecureString"];
const TIERS: [&str; 3] = ["Standard", "Advanced", "Intelligent-Tiering"];

/// Which list is filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::parameters) enum Listing {
    Describe,
    ByPath,
}

pub(super) fn each_key_once<'k>(
    keys: impl IntoIterator<Item = &'k str>,
) -> Result<(), ServiceError> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(invalid_key(format!(
                "The following filter is duplicated in the request: {key}. A request can contain only one occurrence of a \
                 specific filter."
            )));
        }
    }
    Ok(())
}

pub(super) fn filter(
    listing: Listing,
    filter: &ParameterStringFilter,
) -> Result<Filter, ServiceError> {
    let (mut subject, values) =
        (subject(listing, &filter.key)?, filter.values.clone().unwrap_or_default());
    if values.is_empty() && !matches!(subject, Subject::Tag(_)) {
        return Err(invalid_value(format!(
            "The following filter values are missing : null for filter key {}",
            filter.key
        )));
    }
    let option = filter.option.as_deref();
    if let Subject::Path { is_recursive } = &mut subject {
        *is_recursive = match option {
            None | Some("OneLevel") => false,
            Some("Recursive") => true,
            Some(other) => return Err(invalid_option(other, "[Recursive, OneLevel]")),
        };
    }
    let comparison = match (&subject, option) {
        (Subject::Path { .. }, _) | (_, None | Some("Equals")) => Comparison::Equals,
        (Subject::Name, Some("Contains")) => Comparison::Contains,
        (Subject::Label, Some(other)) => return Err(invalid_option(other, "[Equals].")),
        (_, Some("BeginsWith")) => Comparison::BeginsWith,
        (_, Some(other)) => return Err(invalid_option(other, "[BeginsWith, Equals].")),
    };
    check_values(&subject, comparison, &values)?;
    Ok(Filter { comparison, values: normalised(&subject, comparison, values), subject })
}

pub(super) fn legacy(filter: &ParametersFilter) -> Result<Filter, ServiceError> {
    let (subject, comparison) = match filter.key.as_str() {
        "Name" => (Subject::Name, Comparison::BeginsWith),
        "Type" => (Subject::Type, Comparison::Equals),
        "KeyId" => (Subject::KeyId, Comparison::Equals),
        other => return Err(unknown_key(other, "[Name, Type, KeyId]")),
    };
    if filter.values.is_empty() {
        return Err(invalid_value(format!(
            "The following filter values are missing : null for filter key {}",
            filter.key
        )));
    }
    let values = filter.values.clone();
    check_values(&subject, comparison, &values)?;
    Ok(Filter { comparison, values: normalised(&subject, comparison, values), subject })
}

fn subject(listing: Listing, key: &str) -> Result<Subject, ServiceError> {
    let is_description = listing == Listing::Describe;
    Ok(match key {
        "Type" => Subject::Type,
        "KeyId" => Subject::KeyId,
        "Label" if !is_description => Subject::Label,
        "Name" if is_description => Subject::Name,
        "Tier" if is_description => Subject::Tier,
        "DataType" if is_description => Subject::DataType,
        "Path" if is_description => Subject::Path { is_recursive: false },
        other => match other.strip_prefix("tag:") {
            Some(tag) if is_description && !tag.is_empty() => Subject::Tag(tag.to_owned()),
            _ if is_description => {
                return Err(unknown_key(other, "[Path, Name, Type, KeyId, Tier]"));
            }
            _ => return Err(unknown_key(other, "[Type, KeyId].")),
        },
    })
}

fn check_values(
    subject: &Subject,
    comparison: Comparison,
    values: &[String],
) -> Result<(), ServiceError> {
    let is_long = |value: &String| value.is_empty() || value.chars().count() > VALUE_CHARACTERS_MAX;
    if values.len() > VALUES_MAX || values.iter().any(is_long) {
        return Err(ServiceError::validation(format!(
            "a filter has up to {VALUES_MAX} values, each of 1 to {VALUE_CHARACTERS_MAX} characters"
        )));
    }
    let known: &[&str] = match subject {
        Subject::Type => &TYPES,
        Subject::Tier => &TIERS,
        Subject::Path { .. } => return values.iter().try_for_each(|value| check_path(value)),
        Subject::Name | Subject::KeyId | Subject::DataType | Subject::Tag(_) | Subject::Label => {
            return Ok(());
        }
    };
    match values.iter().find(|value| !known.contains(&value.as_str())) {
        Some(other) if comparison == Comparison::Equals => Err(invalid_value(format!(
            "The following filter value is not valid: {other}. Valid values include: [{}]",
            known.join(", ")
        ))),
        Some(_) | None => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    let lower = path.to_ascii_lowercase();
    if lower.starts_with("/aws") || lower.starts_with("/ssm") {
        return Err(ServiceError::validation(
            "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    if is_path(path) {
        return Ok(());
    }
    Err(ServiceError::validation(
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". \
         It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following \
         symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must \
         use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
    ))
}

/// Names are compared with one slash before them.
fn normalised(subject: &Subject, comparison: Comparison, values: Vec<String>) -> Vec<String> {
    if *subject == Subject::Name && comparison != Comparison::Contains {
        return values.iter().map(|value| rooted(value)).collect();
    }
    values
}

fn unknown_key(key: &str, valid: &str) -> ServiceError {
    invalid_key(format!(
        "The following filter key is not valid: {key}. Valid filter keys include: {valid}"
    ))
}

fn invalid_key(message: String) -> ServiceError {
    ServiceError::request("InvalidFilterKey", message)
}

fn invalid_value(message: String) -> ServiceError {
    ServiceError::request("InvalidFilterValue", message)
}

fn invalid_option(option: &str, valid: &str) -> ServiceError {
    let message = format!(
        "The following filter option is not valid: {option}. Valid options include: {valid}"
    );
    ServiceError::request("InvalidFilterOption", message)
}
