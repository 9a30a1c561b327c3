//! Parameter Store. A `SecureString` comes as a [`Secret`]: the host puts its value in where it is used.

use crate::bindings::runwright::host::parameters as host;
use crate::failure::Failure;
use crate::secret::{Secret, TextOrSecret};

/// SSM's types of a parameter.
#[runwright_sdk::value]
#[derive(Copy, Eq)]
pub enum Kind {
    String,
    StringList,
    SecureString,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    /// A list is text with commas, as in SSM.
    pub value: TextOrSecret,
    pub version: u64,
    /// Milliseconds since the Unix epoch.
    pub last_modified_ms: u64,
}

/// A parameter to write.
#[derive(Debug, Clone)]
#[must_use = "nothing is written before `send`"]
pub struct PutParameter {
    name: String,
    value: TextOrSecret,
    kind: Option<Kind>,
    overwrite: bool,
    description: Option<String>,
}

/// Reads a parameter: `name`, or `name:3` for a version. Needs `parameters:read`.
///
/// # Errors
/// `ParameterNotFound`, `ParameterVersionNotFound`, `Denied`.
pub fn get(name: &str) -> Result<Parameter, Failure> {
    Ok(host::get(name)?.into())
}

/// Reads the parameters under a path, at most 1,000. Needs `parameters:read` on the path.
pub fn get_by_path(path: &str, recursive: bool) -> Result<Vec<Parameter>, Failure> {
    Ok(host::get_by_path(path, recursive)?.into_iter().map(Parameter::from).collect())
}

/// Begins to write a parameter. Needs `parameters:write`.
pub fn put(name: impl Into<String>, value: impl Into<TextOrSecret>) -> PutParameter {
    PutParameter {
        name: name.into(),
        value: value.into(),
        kind: None,
        overwrite: false,
        description: None,
    }
}

/// Deletes a parameter. Needs `parameters:delete`.
pub fn delete(name: &str) -> Result<(), Failure> {
    Ok(host::delete(name)?)
}

/// Returns the plain text of a secret. Needs `parameters:reveal`. What an action then logs or returns is scrubbed of
/// it by the host; what it sends is not.
pub fn reveal(secret: &Secret) -> Result<String, Failure> {
    Ok(host::reveal(secret.handle())?)
}

impl PutParameter {
    /// Sets the type, which a parameter that does not exist yet must have.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Allows a value that is there to be replaced.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Writes it and returns the new version.
    ///
    /// # Errors
    /// `ParameterAlreadyExists` without [`PutParameter::overwrite`], `Denied`.
    pub fn send(self) -> Result<u64, Failure> {
        Ok(host::put(&host::PutRequest {
            name: self.name,
            kind: self.kind.map(host::Kind::from),
            content: match self.value {
                TextOrSecret::Text(text) => host::Content::Plain(text),
                TextOrSecret::Secret(secret) => host::Content::Handle(secret.handle().to_owned()),
            },
            overwrite: self.overwrite,
            description: self.description,
        })?)
    }
}

impl From<host::Parameter> for Parameter {
    fn from(parameter: host::Parameter) -> Self {
        Self {
            name: parameter.name,
            kind: parameter.kind.into(),
            value: match parameter.content {
                host::Content::Plain(text) => TextOrSecret::Text(text),
                host::Content::Handle(handle) => TextOrSecret::Secret(Secret::of(handle)),
            },
            version: parameter.version,
            last_modified_ms: parameter.last_modified,
        }
    }
}

impl From<host::Kind> for Kind {
    fn from(kind: host::Kind) -> Self {
        match kind {
            host::Kind::Text => Self::String,
            host::Kind::TextList => Self::StringList,
            host::Kind::Secure => Self::SecureString,
        }
    }
}

impl From<Kind> for host::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::String => Self::Text,
            Kind::StringList => Self::TextList,
            Kind::SecureString => Self::Secure,
        }
    }
}
