//! Why an action, or a call of the host, failed.

use std::fmt;

use serde_json::Value;

use crate::bindings::runwright::host::types;

/// Why an action, or a call of the host, failed.
///
/// Host calls return it with the codes `Denied`, `Unavailable`, `InvalidRequest` and those of the capability, such as
/// `ParameterNotFound`; with `?` it becomes the failure of the action.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// A stable word in `UpperCamelCase`, for runbooks and programs.
    pub code: String,
    /// A sentence fragment for a person.
    pub message: String,
    /// Whether a new attempt may do better.
    pub retryable: bool,
    /// For a program; `Null` when there is nothing to say. Boxed, as most failures have none.
    pub details: Box<Value>,
}

impl Failure {
    /// Returns a failure that no retry helps.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            retryable: false,
            details: Box::default(),
        }
    }

    /// Returns the failure for inputs that are of the right type and still wrong.
    pub fn invalid_inputs(message: impl Into<String>) -> Self {
        Self::new("InvalidInputs", message)
    }

    /// Says that a new attempt may do better.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// Attaches details for a program to read.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Box::new(details);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        Self {
            details: serde_json::from_str(&failure.details).unwrap_or_default(),
            code: failure.code,
            message: failure.message,
            retryable: failure.retryable,
        }
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            details: failure.details.to_string(),
            code: failure.code,
            message: failure.message,
            retryable: failure.retryable,
        }
    }
}
