//! Parameter Store.
//!
//! A value of a `SecureString` is sealed for its name and version before it reaches the store. It is opened only by
//! [`Services::get_parameter`] and its relatives with decryption, and by [`Services::resolve_secret`] for the edge.

pub mod name;
pub mod selector;

mod data_type;
mod policy;
mod rules;
mod tier;

mod delete;
mod describe;
mod filter;
mod get;
mod history;
mod label;
mod list;
mod put;

mod carry_out;
pub mod keys;
mod notice;
mod origin;
mod page;
mod reference;
pub(crate) mod revealed;
mod rewrap;
mod sealing;
mod secret;
pub mod secret_backend;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::request::ParameterKind;
use serde_json::json;
use store::parameters::{ParameterVersion, StoredValue};

pub(crate) use label::too_many as too_many_labels;
pub use name::{ParameterName, Place};
pub use selector::{Selected, Selector};
pub use ssm_model::types::parameters::*;

use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use ssm_model::Sensitive;

impl Services {
    /// Returns a stored version as SSM shows it.
    pub(crate) fn shown(
        &self,
        found: ParameterVersion,
        decrypt: bool,
    ) -> Result<Parameter, ServiceError> {
        let name = ParameterName::for_reading(&found.parameter.name)?;
        let value = self.shown_value(&name, &found, decrypt)?;
        let ParameterVersion { version, parameter, material: _ } = found;
        Ok(Parameter {
            arn: Some(name.arn(self.place())),
            r#type: Some(parameter.kind),
            name: Some(parameter.name),
            value: Some(value),
            version: Some(wire_version(version)),
            selector: None,
            source_result: None,
            last_modified_date: Some(crate::clock::seconds(parameter.last_modified_ms)),
            data_type: Some(parameter.data_type),
        })
    }

    /// Returns the plain text, or of a `SecureString` that is not to be decrypted the envelope in base64.
    fn shown_value(
        &self,
        name: &ParameterName,
        found: &ParameterVersion,
        decrypt: bool,
    ) -> Result<Sensitive, ServiceError> {
        match &found.parameter.value {
            StoredValue::Plain(text) => Ok(Sensitive::new(text.as_str())),
            StoredValue::Sealed(_) if decrypt => self.reveal(name, found),
            StoredValue::Sealed(sealed) => Ok(Sensitive::new(STANDARD.encode(&sealed.envelope))),
        }
    }

    /// Writes which versions leave in plain text to the audit log.
    async fn record_decryption(
        &self,
        actor: &Actor,
        decrypted: impl IntoIterator<Item = (String, i64)>,
    ) -> Result<(), ServiceError> {
        for (arn, version) in decrypted {
            let deed = Deed::new("DecryptParameter", arn).details(json!({ "version": version }));
            self.record(actor, deed, "allow").await?;
        }
        Ok(())
    }
}

/// Returns those of some shown parameters that are secrets, as the audit log names them.
fn secrets_of(shown: &[Parameter]) -> Vec<(String, i64)> {
    let secure = |parameter: &&Parameter| {
        parameter.r#type.as_deref() == Some(kind_text(ParameterKind::SecureString))
    };
    let named = |parameter: &Parameter| {
        (parameter.arn.clone().unwrap_or_default(), parameter.version.unwrap_or_default())
    };
    shown.iter().filter(secure).map(named).collect()
}

/// Versions count from 1 and are far from the end of either type.
fn wire_version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

pub(crate) fn kind_text(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::String => "String",
        ParameterKind::StringList => "StringList",
        ParameterKind::SecureString => "SecureString",
    }
}

/// Reads a type that is stored.
pub(crate) fn parse_kind(text: &str) -> Result<ParameterKind, ServiceError> {
    kind_named(text).ok_or_else(|| {
        ServiceError::internal(format!("a parameter of the type {text:?} is stored"))
    })
}

fn kind_named(text: &str) -> Option<ParameterKind> {
    [ParameterKind::String, ParameterKind::StringList, ParameterKind::SecureString]
        .into_iter()
        .find(|kind| kind_text(*kind) == text)
}
