//! Values that an event fills in.

use serde_json::{Map, Value};

use crate::JsonPath;
use crate::path::PathError;

/// How deep lists and maps of an input may be nested.
pub const INPUT_DEPTH_MAX: usize = 16;

const OPENING: &str = "{{";
const CLOSING: &str = "}}";

/// A value of a rule file that an event fills in.
///
/// A text that is a path (`$`, or beginning with `$.` or `$[`) is what the path leads to, with its type. In any other text
/// `{{ $.path }}` is replaced by what the path leads to, as text. Lists and maps are filled in within.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    Constant(Value),
    Path(JsonPath),
    Text(Vec<Part>),
    List(Vec<Input>),
    Map(Vec<(String, Input)>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Literal(String),
    Path(JsonPath),
}

/// Why a value is no input, or cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("`{{{{` is not followed by `}}}}`")]
    Unclosed,
    #[error("`{{{{ {0} }}}}` is not a path of the event: it begins with `$`")]
    NotAPath(String),
    #[error("values nest deeper than {INPUT_DEPTH_MAX}")]
    TooDeep,
    #[error("the event has nothing at {0}")]
    Nothing(String),
}

impl Input {
    /// Reads an input as a rule file has it.
    ///
    /// # Errors
    /// A path or a text that cannot be read, and what nests too deep.
    pub fn parse(value: &Value) -> Result<Self, InputError> {
        Self::parse_within(value, INPUT_DEPTH_MAX)
    }

    fn parse_within(value: &Value, depth: usize) -> Result<Self, InputError> {
        let deeper = depth.checked_sub(1).ok_or(InputError::TooDeep)?;
        match value {
            Value::String(text) => Self::parse_text(text),
            Value::Array(values) => {
                let inputs = values.iter().map(|value| Self::parse_within(value, deeper));
                Ok(Self::List(inputs.collect::<Result<_, _>>()?))
            }
            Value::Object(members) => {
                let inputs = members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), Self::parse_within(value, deeper)?)));
                Ok(Self::Map(inputs.collect::<Result<_, InputError>>()?))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Self::Constant(value.clone())),
        }
    }

    fn parse_text(text: &str) -> Result<Self, InputError> {
        if is_path(text) {
            return Ok(Self::Path(JsonPath::parse(text)?));
        }
        if !text.contains(OPENING) {
            return Ok(Self::Constant(Value::from(text)));
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once(OPENING) {
            let (inner, after) = after.split_once(CLOSING).ok_or(InputError::Unclosed)?;
            let path = inner.trim();
            if !is_path(path) {
                return Err(InputError::NotAPath(path.to_owned()));
            }
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            parts.push(Part::Path(JsonPath::parse(path)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self::Text(parts))
    }

    /// Returns the value for an event.
    ///
    /// # Errors
    /// [`InputError::Nothing`] where a path leads nowhere: to leave a value out in silence could start something else than was meant.
    pub fn of(&self, event: &Value) -> Result<Value, InputError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Path(path) => found(path, event),
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Literal(literal) => text.push_str(literal),
                        Part::Path(path) => match found(path, event)? {
                            Value::String(found) => text.push_str(&found),
                            found @ (Value::Null
                            | Value::Bool(_)
                            | Value::Number(_)
                            | Value::Array(_)
                            | Value::Object(_)) => text.push_str(&found.to_string()),
                        },
                    }
                }
                Ok(Value::from(text))
            }
            Self::List(inputs) => Ok(Value::Array(
                inputs.iter().map(|input| input.of(event)).collect::<Result<_, _>>()?,
            )),
            Self::Map(inputs) => {
                let members =
                    inputs.iter().map(|(name, input)| Ok((name.clone(), input.of(event)?)));
                Ok(Value::Object(members.collect::<Result<Map<_, _>, InputError>>()?))
            }
        }
    }

    /// Returns whether it is the same for every event.
    pub fn is_constant(&self) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Path(_) | Self::Text(_) => false,
            Self::List(inputs) => inputs.iter().all(Self::is_constant),
            Self::Map(inputs) => inputs.iter().all(|(_, input)| input.is_constant()),
        }
    }
}

fn is_path(text: &str) -> bool {
    text == "$" || text.starts_with("$.") || text.starts_with("$[")
}

fn found(path: &JsonPath, event: &Value) -> Result<Value, InputError> {
    let found = path.find(event).ok_or_else(|| InputError::Nothing(path.source().to_owned()))?;
    Ok(found.into_owned())
}
