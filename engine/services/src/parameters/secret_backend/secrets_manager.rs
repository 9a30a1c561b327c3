//! AWS Secrets Manager, or what speaks its protocol: JSON 1.1, signed by Signature Version 4.

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use ssm_model::{Sensitive, Timestamp};
use url::Url;
use uuid::Uuid;

use super::{AskedSecret, Question, Secret, SecretBackend, SecretError, header, malformed};
use crate::outbound::{Outbound, Received};

const SERVICE: &str = "secretsmanager";
const TARGET: &str = "secretsmanager.GetSecretValue";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Where Secrets Manager is, and who asks it.
#[derive(Debug, Clone)]
pub struct SecretsManagerSettings {
    /// Such as `https://secretsmanager.us-east-1.amazonaws.com/`.
    pub endpoint: Url,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: Sensitive,
    pub session_token: Option<Sensitive>,
}

/// AWS Secrets Manager as a [`SecretBackend`].
pub struct SecretsManager {
    settings: SecretsManagerSettings,
}

impl fmt::Debug for SecretsManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManager")
            .field("endpoint", &self.settings.endpoint.as_str())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue<'a> {
    secret_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_stage: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    version_id: String,
    secret_string: Option<Sensitive>,
    #[serde(default)]
    version_stages: Vec<String>,
    created_date: Timestamp,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: String,
}

impl SecretsManager {
    pub fn new(settings: SecretsManagerSettings) -> Self {
        Self { settings }
    }

    fn question(&self, asked: &AskedSecret) -> Result<Question, SecretError> {
        let version = asked.version.as_deref();
        let is_id = version.is_some_and(|version| Uuid::try_parse(version).is_ok());
        let request = GetSecretValue {
            secret_id: &asked.id,
            version_id: version.filter(|_| is_id),
            version_stage: version.filter(|_| !is_id),
        };
        let body = serde_json::to_vec(&request).map_err(|error| malformed(&error))?;
        let mut headers = vec![
            header("content-type", CONTENT_TYPE, false)?,
            header("x-amz-target", TARGET, false)?,
        ];
        headers.extend(self.signature(&headers, &body)?);
        let url = self.settings.endpoint.clone();
        Ok(Question { method: "POST", url, headers, body: Some(body) })
    }

    fn signature(
        &self,
        headers: &[(HeaderName, HeaderValue)],
        body: &[u8],
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SecretError> {
        let SecretsManagerSettings {
            endpoint,
            region,
            access_key_id,
            secret_access_key,
            session_token,
        } = &self.settings;
        let unsigned =
            |error: String| SecretError::Invalid(format!("it cannot be signed: {error}"));
        let token = session_token.as_ref().map(|token| token.expose().to_owned());
        let secret = secret_access_key.expose();
        let identity = Credentials::new(access_key_id, secret, token, None, "runwright").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(error.to_string()))?
            .into();
        let texts =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
        let signable =
            SignableRequest::new("POST", endpoint.as_str(), texts, SignableBody::Bytes(body))
                .map_err(|error| unsigned(error.to_string()))?;
        let signed = sign(signable, &parameters).map_err(|error| unsigned(error.to_string()))?;
        let (instructions, _) = signed.into_parts();
        instructions.headers().map(|(name, value)| header(name, value, true)).collect()
    }
}

#[async_trait]
impl SecretBackend for SecretsManager {
    async fn get(&self, client: &Outbound, asked: &AskedSecret) -> Result<Secret, SecretError> {
        let received = self.question(asked)?.ask(client).await?;
        if received.status != 200 {
            return Err(refusal(&received));
        }
        let found: SecretValue =
            serde_json::from_slice(&received.body).map_err(|error| malformed(&error))?;
        Ok(Secret {
            arn: found.arn,
            name: found.name,
            version_id: found.version_id,
            value: found.secret_string,
            stages: found.version_stages,
            created: found.created_date,
        })
    }
}

fn refusal(received: &Received) -> SecretError {
    let Refusal { kind, message } = serde_json::from_slice(&received.body).unwrap_or_default();
    let name = kind.rsplit_once('#').map_or(kind.as_str(), |(_, name)| name);
    let message = format!("{name}: {message}");
    match name {
        "ResourceNotFoundException" => SecretError::NotFound,
        "InvalidRequestException" | "InvalidParameterException" | "DecryptionFailure" => {
            SecretError::Invalid(message)
        }
        "AccessDeniedException" | "UnrecognizedClientException" | "InvalidSignatureException" => {
            SecretError::Denied(message)
        }
        _ => SecretError::Unavailable(format!("status {}: {message}", received.status)),
    }
}
