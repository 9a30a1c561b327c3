//! Parameters that stand for secrets kept elsewhere: `/aws/reference/secretsmanager/<secret>`.

use serde::Serialize;
use serde_json::json;
use ssm_model::Timestamp;

use super::secret_backend::{AskedSecret, Secret, SecretError};
use super::{Parameter, ParameterName, kind_text};
use crate::Services;
use crate::error::{ErrorKind, ServiceError};
use host_api::request::ParameterKind;
use ssm_model::Sensitive;

const PREFIX: &str = "/aws/reference/secretsmanager/";

/// A name that stands for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecretReference {
    asked: AskedSecret,
}

/// What is told of a secret beside its value, in SSM's spelling and order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceResult<'a> {
    #[serde(rename = "ARN")]
    arn: &'a str,
    name: &'a str,
    version_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_string: Option<&'a Sensitive>,
    version_stages: &'a [String],
    created_date: String,
}

impl SecretReference {
    /// Reads a name; nothing if it stands for no secret.
    ///
    /// # Errors
    /// `ValidationException` for more than one version or an empty one. An ARN of a secret has too many colons.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, ServiceError> {
        let Some(rest) = text.trim().strip_prefix(PREFIX) else { return Ok(None) };
        let (id, version) = match rest.split_once(':') {
            Some((id, version)) => (id, Some(version)),
            None => (rest, None),
        };
        let is_bad = version.is_some_and(|version| version.is_empty() || version.contains(':'));
        if id.is_empty() || is_bad {
            return Err(ServiceError::validation(
                "Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>",
            ));
        }
        let asked = AskedSecret { id: id.to_owned(), version: version.map(str::to_owned) };
        Ok(Some(Self { asked }))
    }

    /// Whether a name is one that stands for a secret.
    pub(super) fn is_one(text: &str) -> bool {
        text.trim().starts_with(PREFIX)
    }

    fn name(&self) -> String {
        format!("{PREFIX}{}", self.asked.id)
    }

    fn selector(&self) -> Option<String> {
        self.asked.version.as_ref().map(|version| format!(":{version}"))
    }

    fn error(&self, error: SecretError) -> ServiceError {
        match error {
            SecretError::NotFound => self.not_found(),
            SecretError::Invalid(reason) => {
                ServiceError::validation(format!("Invalid Request to Secrets Manager: {reason}"))
            }
            SecretError::Denied(reason) => ServiceError::denied(format!(
                "The secret {} may not be read by this installation: {reason}",
                self.asked.id
            )),
            SecretError::Unavailable(reason) => ServiceError::new(
                ErrorKind::Transient,
                "InternalServerError",
                format!("the secret {} could not be read: {reason}", self.asked.id),
            ),
        }
    }

    fn not_found(&self) -> ServiceError {
        ServiceError::request(
            "ParameterNotFound",
            format!(
                "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret {}{} not found.",
                self.name(),
                self.selector().unwrap_or_default()
            ),
        )
    }

    fn shown(&self, secret: Secret) -> Result<Parameter, ServiceError> {
        let source = SourceResult {
            arn: &secret.arn,
            name: &secret.name,
            version_id: &secret.version_id,
            secret_string: secret.value.as_ref(),
            version_stages: &secret.stages,
            created_date: written(secret.created)?,
        };
        let source_result = serde_json::to_string(&source)
            .map_err(|error| ServiceError::internal(error.to_string()))?;
        Ok(Parameter {
            arn: Some(secret.arn),
            data_type: None,
            last_modified_date: Some(secret.created),
            name: Some(self.name()),
            selector: self.selector(),
            source_result: Some(source_result),
            r#type: Some(kind_text(ParameterKind::SecureString).to_owned()),
            value: secret.value,
            version: Some(0),
        })
    }
}

impl Services {
    /// Returns the secret behind a reference as a parameter, from the backend that the installation is set up with.
    ///
    /// Its text is remembered, so that it can be masked where a step says it.
    pub(super) async fn referenced_secret(
        &self,
        reference: &SecretReference,
        decrypt: bool,
    ) -> Result<Parameter, ServiceError> {
        if !decrypt {
            return Err(ServiceError::validation(
                "WithDecryption flag must be True for retrieving a Secret Manager secret.",
            ));
        }
        let Some(backend) = self.secret_backend() else {
            let why = json!({ "reason": "this installation has no secret backend" });
            return Err(reference.not_found().with_details(why));
        };
        let found = backend.get(self.outbound(), &reference.asked).await;
        let secret = found.map_err(|error| reference.error(error))?;
        if let Some(text) = &secret.value {
            self.revealed().remember(&ParameterName::of_reference(reference.name()), 0, text);
        }
        reference.shown(secret)
    }
}

/// Writes a time as SSM does there: `Jul 5, 2018 2:55:45 PM`.
#[expect(clippy::cast_possible_truncation, reason = "seconds of this age of the world fit")]
fn written(seconds: Timestamp) -> Result<String, ServiceError> {
    let time = jiff::Timestamp::from_second(seconds as i64)
        .map_err(|error| ServiceError::internal(format!("a secret's time is none: {error}")))?;
    Ok(time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string())
}
