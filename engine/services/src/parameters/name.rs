//! Names of parameters, and what selects a version.

use crate::error::ServiceError;

/// Characters of a name together with the ARN before it.
const ARN_CHARACTERS_MAX: usize = 1_011;
const LEVELS_MAX: usize = 15;
/// Where webhook integrations of automations are kept; the only reserved place that may be written.
pub const WEBHOOK_PREFIX: &str = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/";

/// Where names live: account and region of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub account_id: String,
    pub region: String,
}

/// A checked name. `x` and `/x` are different names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParameterName(String);

/// A name and which of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    pub name: ParameterName,
    /// The latest when absent.
    pub version: Option<u64>,
}

impl ParameterName {
    /// Reads the name of a parameter that is to be written. Spaces around it are trimmed.
    ///
    /// Rules and error texts follow SSM: length with the ARN, characters, reserved prefixes, at most 15 levels.
    pub fn for_writing(text: &str, place: &Place) -> Result<Self, ServiceError> {
        let name = Self::for_reading(text)?;
        name.check_length(place)?;
        name.check_levels()?;
        name.check_reserved()?;
        Ok(name)
    }

    /// Reads the name of a parameter that should exist. What can be no name is a `ValidationException`.
    pub fn for_reading(text: &str) -> Result<Self, ServiceError> {
        let name = text.trim();
        if name.is_empty() {
            return Err(ServiceError::validation("a parameter name has at least one character"));
        }
        if name.len() > 2_048 {
            return Err(ServiceError::validation("a parameter name has at most 2048 characters"));
        }
        let allowed = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-' | '/')
        };
        if let Some(character) = name.chars().find(|character| !allowed(*character)) {
            return Err(ServiceError::validation(format!(
                "the parameter name {name:?} has the character {character:?}: only a-z, A-Z, 0-9, _ . - and / are allowed"
            )));
        }
        Ok(Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the ARN: exactly one slash stands before the name, whether or not it begins with one.
    pub fn arn(&self, place: &Place) -> String {
        let Place { region, account_id } = place;
        format!("arn:aws:ssm:{region}:{account_id}:parameter/{}", self.0.trim_start_matches('/'))
    }

    fn check_length(&self, place: &Place) -> Result<(), ServiceError> {
        let characters = self.arn(place).len();
        if characters > ARN_CHARACTERS_MAX {
            return Err(ServiceError::validation(format!(
                "the ARN of the parameter has {characters} characters, at most {ARN_CHARACTERS_MAX} are allowed"
            )));
        }
        Ok(())
    }

    fn check_levels(&self) -> Result<(), ServiceError> {
        if self.0.contains("//") || self.0.ends_with('/') {
            return Err(ServiceError::validation(format!(
                "the parameter name {:?} is not a path: sub-paths are divided by one slash each and are not empty",
                self.0
            )));
        }
        if self.0.contains('/') && !self.0.starts_with('/') {
            return Err(ServiceError::validation(format!(
                "the parameter name {:?} has levels and does not begin with a slash: sub-paths are divided by slash \
                 from a leading one on",
                self.0
            )));
        }
        let levels = self.0.matches('/').count();
        if levels > LEVELS_MAX {
            return Err(ServiceError::request(
                "HierarchyLevelLimitExceededException",
                format!("a hierarchy has at most {LEVELS_MAX} levels, this name has {levels}"),
            ));
        }
        Ok(())
    }

    fn check_reserved(&self) -> Result<(), ServiceError> {
        let is_path = self.0.starts_with('/');
        let first = self.0.trim_start_matches('/').to_ascii_lowercase();
        if is_path && first.starts_with("aws") && first.contains('/') {
            return Err(ServiceError::denied(format!(
                "No access to reserved parameter name: {}.",
                self.0
            )));
        }
        if first.starts_with("aws") || first.starts_with("ssm") {
            let what = if is_path { "path" } else { "name" };
            return Err(ServiceError::validation(format!(
                "the parameter {what} {:?} begins with a reserved word: \"aws\" and \"ssm\" in any case",
                self.0
            )));
        }
        Ok(())
    }
}

impl std::fmt::Display for ParameterName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Selected {
    /// Reads `name`, `name:3`, or an ARN with or without a selector.
    ///
    /// A label is a typed refusal: this release has none. More than one colon is `ParameterNotFound`, as in SSM.
    pub fn parse(text: &str, place: &Place) -> Result<Self, ServiceError> {
        let text = text.trim();
        let text = match text.strip_prefix("arn:") {
            Some(_) => from_arn(text, place)?,
            None => text.to_owned(),
        };
        let Some((name, selector)) = text.split_once(':') else {
            return Ok(Self { name: ParameterName::for_reading(&text)?, version: None });
        };
        if selector.contains(':') {
            return Err(not_found(&text));
        }
        let name = ParameterName::for_reading(name)?;
        match selector.parse() {
            Ok(version) if version > 0 && !selector.starts_with(['+', '0']) => {
                Ok(Self { name, version: Some(version) })
            }
            _ if selector.bytes().all(|digit| digit.is_ascii_digit()) => {
                Err(version_not_found(&name, selector))
            }
            _ => Err(ServiceError::unavailable(format!(
                "the label {selector:?} selects nothing: labels of parameters are not available yet"
            ))),
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
    // An ARN does not show whether a flat name began with a slash; SSM reads it as the flat one.
    let flat = !rest.split(':').next().unwrap_or_default().contains('/');
    Ok(if flat { rest.to_owned() } else { format!("/{rest}") })
}

pub(crate) fn not_found(name: &str) -> ServiceError {
    ServiceError::request("ParameterNotFound", format!("there is no parameter {name}"))
}

pub(crate) fn version_not_found(name: &ParameterName, version: &str) -> ServiceError {
    ServiceError::request(
        "ParameterVersionNotFound",
        format!("the parameter {name} has no version {version}"),
    )
}
