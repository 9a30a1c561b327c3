//! Names of parameters.

use crate::error::ServiceError;

/// Characters of a name together with the ARN before it.
const ARN_CHARACTERS_MAX: usize = 1_011;
const CHARACTERS_MAX: usize = 2_048;
const LEVELS_MAX: usize = 15;
/// Where webhook integrations of automations are kept.
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
        let name = Self::path(text)?;
        if name.0.contains("//") || (name.0.contains('/') && !name.0.starts_with('/')) {
            return Err(ServiceError::validation(format!("{SUB_PATHS}: {name}")));
        }
        if name.0.ends_with('/') {
            return Err(ServiceError::validation(format!(
                "{SUB_PATHS}, none of them empty: {name}"
            )));
        }
        Ok(name)
    }

    /// Reads what may be a name or a path that ends with a slash, by its characters alone.
    pub(crate) fn path(text: &str) -> Result<Self, ServiceError> {
        let name = text.trim();
        if name.is_empty() {
            return Err(ServiceError::validation("a parameter name has at least one character"));
        }
        if name.len() > CHARACTERS_MAX {
            return Err(ServiceError::validation(format!(
                "a parameter name has at most {CHARACTERS_MAX} characters"
            )));
        }
        let allowed = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-' | '/')
        };
        if let Some(character) = name.chars().find(|character| !allowed(*character)) {
            return Err(ServiceError::validation(format!(
                "{SUB_PATHS}: {name:?} has the character {character:?}"
            )));
        }
        Ok(Self(name.to_owned()))
    }

    /// Returns the name of a reference to a secret elsewhere, which has rules of its own.
    pub(super) fn of_reference(name: String) -> Self {
        Self(name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the ARN: exactly one slash stands before the name, whether or not it begins with one.
    pub fn arn(&self, place: &Place) -> String {
        let Place { region, account_id } = place;
        format!("arn:aws:ssm:{region}:{account_id}:parameter/{}", self.0.trim_start_matches('/'))
    }

    /// Returns the other name at the root that has the same ARN: `/x` of `x`, `x` of `/x`.
    pub(crate) fn twin(&self) -> Option<Self> {
        let flat = self.0.trim_start_matches('/');
        if flat.contains('/') || flat.is_empty() {
            return None;
        }
        let is_flat = flat.len() == self.0.len();
        Some(Self(if is_flat { format!("/{flat}") } else { flat.to_owned() }))
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
        let levels = self.0.matches('/').count();
        if levels > LEVELS_MAX {
            return Err(ServiceError::request(
                "HierarchyLevelLimitExceededException",
                format!(
                    "Hierarchy level limit exceeded: a hierarchy has at most {LEVELS_MAX} levels, this name has {levels}. \
                     Reduce the levels of the name and try again."
                ),
            ));
        }
        Ok(())
    }

    fn check_reserved(&self) -> Result<(), ServiceError> {
        let first = self.0.trim_start_matches('/').to_ascii_lowercase();
        let is_path = self.0.starts_with('/') && first.contains('/');
        if is_path && first.starts_with("aws") {
            return Err(ServiceError::denied(format!(
                "No access to reserved parameter name: {}.",
                self.0
            )));
        }
        if is_path && first.starts_with("ssm") {
            return Err(ServiceError::validation(SUB_PATHS));
        }
        if first.starts_with("aws") || first.starts_with("ssm") {
            return Err(ServiceError::validation(
                "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
            ));
        }
        Ok(())
    }
}

/// SSM's text for a name that is no path.
const SUB_PATHS: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
                         sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the \
                         following 3 symbols .-_";

impl std::fmt::Display for ParameterName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn not_found(name: &str) -> ServiceError {
    ServiceError::request("ParameterNotFound", format!("Parameter {name} not found."))
}
