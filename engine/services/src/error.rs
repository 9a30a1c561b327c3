//! Why a capability refused or failed, in SSM's names.

use std::borrow::Cow;

use host_api::failure::{Failure, FailureKind};
use serde_json::Value;
use store::{ReadError, WriteError};

const STORE_CLOSED: &str = "StoreClosed";
/// How the store begins to say that a read was not carried out because the program ends.
const READS_END: [&str; 2] = ["a read was cut off", "the pool of readers is closed"];

/// Whose fault an error is; decides the exit code, the HTTP status and the failure kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be granted as it stands.
    Request,
    /// The caller may not do this.
    Denied,
    /// This release, or this installation, does not have what was asked for.
    Unavailable,
    /// The world was not ready; asking again later may do better. Nothing happened.
    Transient,
    /// Something outside was begun and its outcome cannot be known.
    Unknown,
    /// A step did something else than before at the same place.
    Nondeterminism,
    /// Our bug, or the store failed.
    Internal,
}

/// An error of a capability.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// SSM's name of the exception, such as `ParameterNotFound`.
    pub code: Cow<'static, str>,
    pub message: String,
    pub kind: ErrorKind,
    /// For a program to read; null when there is nothing to say.
    pub details: Value,
}

impl ServiceError {
    /// Returns an error about the request, under one of SSM's exception names.
    pub fn request(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Request, code, message)
    }

    /// Returns SSM's `ValidationException`.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::request("ValidationException", message)
    }

    /// Returns an error for what this release does not do yet.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, "Unavailable", message)
    }

    /// Returns SSM's `AccessDeniedException`.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, "AccessDeniedException", message)
    }

    /// Returns an error of ours or of the store.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "InternalServerError", message)
    }

    /// Returns whether the store is closing or closed, as when the program ends.
    pub(crate) fn is_store_closed(&self) -> bool {
        self.code == STORE_CLOSED
    }

    fn store_closed() -> Self {
        Self::new(ErrorKind::Internal, STORE_CLOSED, "the store is closed")
    }

    pub(crate) fn new(
        kind: ErrorKind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { code: code.into(), message: message.into(), kind, details: Value::Null }
    }

    #[must_use]
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let kind = match error.kind {
            ErrorKind::Request | ErrorKind::Unavailable | ErrorKind::Transient => {
                FailureKind::Action
            }
            ErrorKind::Denied => FailureKind::Denied,
            ErrorKind::Unknown => FailureKind::Unknown,
            ErrorKind::Nondeterminism => FailureKind::Nondeterminism,
            ErrorKind::Internal => FailureKind::Internal,
        };
        Self {
            kind,
            code: error.code.into_owned(),
            message: error.message,
            retryable: error.kind == ErrorKind::Transient,
            details: error.details,
        }
    }
}

impl From<ReadError> for ServiceError {
    fn from(error: ReadError) -> Self {
        if let ReadError::Internal(message) = &error
            && READS_END.iter().any(|beginning| message.starts_with(beginning))
        {
            return Self::store_closed();
        }
        Self::internal(format!("the store could not be read: {error}"))
    }
}

impl From<WriteError> for ServiceError {
    fn from(error: WriteError) -> Self {
        if error == WriteError::Closed {
            return Self::store_closed();
        }
        Self::internal(format!("the store could not be written: {error}"))
    }
}

/// Reads an SSM request from JSON. An unknown or ill-typed member is a `ValidationException` that names it.
pub(crate) fn decode<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, ServiceError> {
    serde_json::from_value(request)
        .map_err(|error| ServiceError::validation(format!("the request is malformed: {error}")))
}

/// Turns an answer into JSON.
pub(crate) fn encode<T: serde::Serialize>(answer: &T) -> Result<Value, ServiceError> {
    serde_json::to_value(answer)
        .map_err(|error| ServiceError::internal(format!("an answer cannot be encoded: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_closes_is_told_from_one_that_failed() {
        let closing = [
            ServiceError::from(WriteError::Closed),
            ServiceError::from(ReadError::Internal("a read was cut off: task 1".to_owned())),
            ServiceError::from(ReadError::Internal("the pool of readers is closed".to_owned())),
        ];
        assert!(closing.iter().all(ServiceError::is_store_closed));
        let failed = [
            ServiceError::from(WriteError::DiskFull),
            ServiceError::from(ReadError::Internal("a read panicked: x".to_owned())),
        ];
        assert!(!failed.iter().any(ServiceError::is_store_closed));
    }
}
