//! What a rule's target gets.

use serde_json::Value;

use crate::path::{JsonPath, PathError};
use crate::template::{RenderError, RuleContext, Template};

/// How many characters a constant input may have.
pub const INPUT_CHARACTERS_MAX: usize = 8192;

/// The input of a target: one of the four forms that EventBridge has.
#[derive(Debug, Clone, Default)]
pub enum Target {
    /// The whole event.
    #[default]
    Event,
    /// The same for each event.
    Constant(Value),
    /// A part of the event.
    Path(JsonPath),
    /// Made of parts of the event.
    Template(Template),
}

/// Why an input is refused. It displays as the service's message for a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A constant that is no JSON.
    #[error("JSON syntax error in input: {0}")]
    Json(String),
    /// A constant of more than [`INPUT_CHARACTERS_MAX`].
    #[error("the input has {0} characters; it must have at most {INPUT_CHARACTERS_MAX}")]
    TooLong(usize),
    /// A path is refused.
    #[error("invalid InputPath: {0}")]
    Path(#[from] PathError),
}

impl Target {
    /// A constant, from its JSON text.
    pub fn constant(input: &str) -> Result<Self, TargetError> {
        let characters = input.chars().count();
        if characters > INPUT_CHARACTERS_MAX {
            return Err(TargetError::TooLong(characters));
        }
        match serde_json::from_str(input) {
            Ok(value) => Ok(Self::Constant(value)),
            Err(error) => Err(TargetError::Json(error.to_string())),
        }
    }

    /// A part of the event, from the text of its path.
    pub fn path(path: &str) -> Result<Self, TargetError> {
        Ok(Self::Path(JsonPath::parse(path)?))
    }

    /// What the target gets for an event, as JSON text.
    pub fn input(&self, event: &Value, context: &RuleContext<'_>) -> Result<String, RenderError> {
        match self {
            Self::Event => Ok(event.to_string()),
            Self::Constant(value) => Ok(value.to_string()),
            Self::Path(path) => match path.find(event) {
                Some(value) => Ok(value.to_string()),
                None => Err(RenderError::NothingAtPath(path.source().to_owned())),
            },
            Self::Template(template) => template.render(event, context),
        }
    }
}
