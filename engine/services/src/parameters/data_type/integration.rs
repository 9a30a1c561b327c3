//! Webhook integrations, which `aws:invokeWebhook` posts to.

use std::collections::BTreeMap;

use host_api::request::ParameterKind;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::DataType;
use crate::error::ServiceError;
use crate::parameters::ParameterName;
use crate::parameters::name::WEBHOOK_PREFIX;

/// The value of an integration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "reading it is what checks it")]
struct Integration {
    description: Option<String>,
    url: String,
    headers: Option<BTreeMap<String, String>>,
    payload: Option<Value>,
}

/// An integration stands in the reserved place and is secret; what stands there is secret too.
pub(super) fn check_place(
    data_type: DataType,
    name: &ParameterName,
    kind: ParameterKind,
) -> Result<(), ServiceError> {
    let is_there = name.as_str().starts_with(WEBHOOK_PREFIX);
    if data_type == DataType::Integration && !is_there {
        return Err(ServiceError::validation(format!(
            "A parameter of the data type {data_type} must have a name that begins with {WEBHOOK_PREFIX}."
        )));
    }
    if is_there && kind != ParameterKind::SecureString {
        return Err(ServiceError::validation(format!(
            "A parameter whose name begins with {WEBHOOK_PREFIX} must be of the type SecureString."
        )));
    }
    Ok(())
}

/// What the value says is not repeated in an error: it is secret.
pub(super) fn check_value(value: &str) -> Result<(), ServiceError> {
    let integration: Integration = serde_json::from_str(value).map_err(|_| {
        ServiceError::validation(
            "The value of an integration is a JSON object with the members description, url, headers and payload.",
        )
    })?;
    let is_https = Url::parse(&integration.url).is_ok_and(|url| url.scheme() == "https");
    if !is_https {
        return Err(ServiceError::validation("The url of an integration begins with https://."));
    }
    Ok(())
}
