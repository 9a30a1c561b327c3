//! Parameter Store, first cut: String, `StringList` and `SecureString`, without labels, policies and the Advanced tier.
//!
//! A value of a `SecureString` is sealed for its name and version before it reaches the store. It is opened only by
//! [`Services::get_parameter`] and its relatives with decryption, and by [`Services::resolve_secret`] for the edge.

mod list;
pub mod name;
mod origin;
pub mod request;
pub(crate) mod revealed;
mod rules;
mod secret;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::request::ParameterKind;
use serde_json::json;
use store::parameters::{NewParameter, ParameterVersion, StoredValue};
use store::{Sealed, Tx, WriteError, parameters};

pub use name::{ParameterName, Place, Selected};
pub use request::*;
pub use rules::VALUE_BYTES_MAX;

use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::envelope::{self, Binding};
use crate::error::{ErrorKind, ServiceError};
use crate::tags;
use ssm_model::Sensitive;

/// Versions of one parameter that are kept.
const VERSIONS_MAX: u64 = 100;
/// Writers of one name that may get in between before a writer gives up.
const CONFLICTS_MAX: usize = 20;
/// The names asked for at once.
const NAMES_MAX: usize = 10;

impl Services {
    /// Creates a parameter, or with `Overwrite` a new version of it.
    ///
    /// What an overwriting request omits stays as it is: description, pattern, type. The type cannot change.
    pub async fn put_parameter(
        &self,
        actor: &Actor,
        request: PutParameterRequest,
    ) -> Result<PutParameterResult, ServiceError> {
        match self.put_parameter_now(actor, &request).await {
            Err(error) if error.kind == ErrorKind::Request => {
                self.answered_before(actor, error).await
            }
            result => result,
        }
    }

    async fn put_parameter_now(
        &self,
        actor: &Actor,
        request: &PutParameterRequest,
    ) -> Result<PutParameterResult, ServiceError> {
        let name = ParameterName::for_writing(&request.name, self.place())?;
        rules::check_request(request)?;
        let tags = tags::checked(&request.tags)?;
        for _ in 0..CONFLICTS_MAX {
            let looked_up = name.clone();
            let latest =
                self.store().read(move |tx| parameters::get(tx, looked_up.as_str(), None)).await?;
            let expected = latest.as_ref().map_or(0, |latest| latest.version);
            let new = self.next_version(actor, &name, request, latest)?;
            let deed = Deed::new("PutParameter", name.arn(self.place()))
                .details(json!({ "version": expected + 1, "type": new.kind }));
            let tags = tags.clone();
            let put = move |tx: &mut Tx<'_>| put(tx, &new, expected, &tags);
            match self.change(actor, deed, put).await {
                Err(error) if error.kind == ErrorKind::Transient => {}
                result => return result,
            }
        }
        Err(ServiceError::request(
            "TooManyUpdates",
            format!("others change the parameter {name} all the time"),
        ))
    }

    fn next_version(
        &self,
        actor: &Actor,
        name: &ParameterName,
        request: &PutParameterRequest,
        latest: Option<ParameterVersion>,
    ) -> Result<NewParameter, ServiceError> {
        let version = latest.as_ref().map_or(1, |latest| latest.version + 1);
        let latest = latest.map(|latest| latest.parameter);
        if latest.is_some() && request.overwrite != Some(true) {
            return Err(ServiceError::request(
                "ParameterAlreadyExists",
                format!("the parameter {name} exists: set Overwrite to give it a new version"),
            ));
        }
        let kind = kind_for(name, request.r#type, latest.as_ref())?;
        let kept = |field: fn(&NewParameter) -> Option<String>| latest.as_ref().and_then(field);
        let allowed_pattern =
            request.allowed_pattern.clone().or_else(|| kept(|old| old.allowed_pattern.clone()));
        rules::check_pattern(allowed_pattern.as_deref(), request.value.expose())?;
        let last_modified_ms = now_ms();
        let value = match kind {
            ParameterKind::SecureString => StoredValue::Sealed(self.seal_value(
                name,
                version,
                last_modified_ms,
                &request.value,
            )?),
            ParameterKind::String | ParameterKind::StringList => {
                StoredValue::Plain(request.value.expose().to_owned())
            }
        };
        Ok(NewParameter {
            name: name.as_str().to_owned(),
            kind: kind_text(kind).to_owned(),
            value,
            description: request
                .description
                .clone()
                .or_else(|| kept(|old| old.description.clone())),
            last_modified_ms,
            last_modified_by: actor.principal.to_string(),
            data_type: rules::DATA_TYPE.to_owned(),
            allowed_pattern,
            tier: rules::TIER.to_owned(),
        })
    }

    fn seal_value(
        &self,
        name: &ParameterName,
        version: u64,
        last_modified_ms: u64,
        value: &Sensitive,
    ) -> Result<Sealed, ServiceError> {
        let resource = bound_resource(name, self.place(), last_modified_ms);
        let bound = binding(&resource, version);
        let envelope = envelope::seal(self.keyring(), bound, value.expose().as_bytes())
            .map_err(|error| ServiceError::internal(format!("{name} cannot be sealed: {error}")))?;
        Ok(Sealed { key_id: self.keyring().primary().to_string(), envelope })
    }

    /// Returns a parameter by `name`, `name:version` or ARN. Decrypting one is written to the audit log.
    pub async fn get_parameter(
        &self,
        actor: &Actor,
        request: GetParameterRequest,
    ) -> Result<GetParameterResult, ServiceError> {
        let selected = Selected::parse(&request.name, self.place())?;
        let found = self.find_version(&selected).await?;
        let decrypt = request.with_decryption == Some(true);
        let mut parameter = self.shown(found, decrypt)?;
        parameter.selector = selected.version.map(|version| format!(":{version}"));
        self.record_decryption(actor, std::slice::from_ref(&parameter), decrypt).await?;
        Ok(GetParameterResult { parameter })
    }

    /// Returns up to 10 parameters, sorted by name; what does not exist is listed, not an error.
    pub async fn get_parameters(
        &self,
        actor: &Actor,
        request: GetParametersRequest,
    ) -> Result<GetParametersResult, ServiceError> {
        let count = request.names.len();
        if count == 0 || count > NAMES_MAX {
            return Err(ServiceError::validation(format!(
                "1 to {NAMES_MAX} names are asked for at once, not {count}"
            )));
        }
        let decrypt = request.with_decryption == Some(true);
        let mut result =
            GetParametersResult { parameters: Vec::new(), invalid_parameters: Vec::new() };
        let names: std::collections::BTreeSet<String> = request.names.into_iter().collect();
        for name in names {
            let selected = match Selected::parse(&name, self.place()) {
                Ok(selected) => selected,
                Err(error) if error.code == "ValidationException" => return Err(error),
                Err(_) => {
                    result.invalid_parameters.push(name);
                    continue;
                }
            };
            match self.find_version(&selected).await {
                Ok(found) => {
                    let mut parameter = self.shown(found, decrypt)?;
                    parameter.selector = selected.version.map(|version| format!(":{version}"));
                    result.parameters.push(parameter);
                }
                Err(error) if error.kind == ErrorKind::Request => {
                    result.invalid_parameters.push(name);
                }
                Err(error) => return Err(error),
            }
        }
        self.record_decryption(actor, &result.parameters, decrypt).await?;
        Ok(result)
    }

    /// Deletes a parameter with all its versions and tags.
    pub async fn delete_parameter(
        &self,
        actor: &Actor,
        request: DeleteParameterRequest,
    ) -> Result<(), ServiceError> {
        let name = ParameterName::for_reading(&request.name)?;
        let deed = Deed::new("DeleteParameter", name.arn(self.place()));
        self.change(actor, deed, move |tx| {
            if !parameters::delete(tx, name.as_str())? {
                return Err(name::not_found(name.as_str()));
            }
            store::tags::remove_all(tx, tags::PARAMETER, name.as_str())?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn find_version(
        &self,
        selected: &Selected,
    ) -> Result<ParameterVersion, ServiceError> {
        let Selected { name, version } = selected.clone();
        let find = move |tx: &store::ReadTx<'_>| -> Result<_, ServiceError> {
            if let Some(found) = parameters::get(tx, name.as_str(), version)? {
                return Ok(found);
            }
            match version {
                Some(version) if parameters::latest_version(tx, name.as_str())? > 0 => {
                    Err(name::version_not_found(&name, &version.to_string()))
                }
                _ => Err(name::not_found(name.as_str())),
            }
        };
        self.store().read(find).await
    }

    /// Returns a stored version as SSM shows it.
    pub(crate) fn shown(
        &self,
        found: ParameterVersion,
        decrypt: bool,
    ) -> Result<Parameter, ServiceError> {
        let name = ParameterName::for_reading(&found.parameter.name)?;
        let value = match &found.parameter.value {
            StoredValue::Plain(text) => Sensitive::new(text.as_str()),
            StoredValue::Sealed(_) if decrypt => self.reveal(&name, &found)?,
            StoredValue::Sealed(sealed) => Sensitive::new(STANDARD.encode(&sealed.envelope)),
        };
        let ParameterVersion { version, parameter } = found;
        Ok(Parameter {
            arn: name.arn(self.place()),
            r#type: parse_kind(&parameter.kind)?,
            name: parameter.name,
            value,
            version,
            selector: None,
            last_modified_date: crate::clock::seconds(parameter.last_modified_ms),
            data_type: parameter.data_type,
        })
    }

    async fn record_decryption(
        &self,
        actor: &Actor,
        shown: &[Parameter],
        decrypt: bool,
    ) -> Result<(), ServiceError> {
        for parameter in shown {
            if decrypt && parameter.r#type == ParameterKind::SecureString {
                let deed = Deed::new("DecryptParameter", parameter.arn.as_str())
                    .details(json!({ "version": parameter.version }));
                self.record(actor, deed, "allow").await?;
            }
        }
        Ok(())
    }
}

fn put(
    tx: &mut Tx<'_>,
    new: &NewParameter,
    expected: u64,
    tags: &[(String, String)],
) -> Result<PutParameterResult, ServiceError> {
    let version = match parameters::put(tx, new, expected) {
        Ok(version) => version,
        Err(WriteError::Conflict { .. }) => {
            return Err(ServiceError::new(ErrorKind::Transient, "Conflict", "changed meanwhile"));
        }
        Err(error) => return Err(error.into()),
    };
    if version > VERSIONS_MAX {
        parameters::delete_version(tx, &new.name, version - VERSIONS_MAX)?;
    }
    for (key, value) in tags {
        store::tags::set(tx, tags::PARAMETER, &new.name, key, value)?;
    }
    Ok(PutParameterResult { version, tier: rules::TIER.to_owned() })
}

fn kind_for(
    name: &ParameterName,
    asked: Option<ParameterKind>,
    latest: Option<&NewParameter>,
) -> Result<ParameterKind, ServiceError> {
    let Some(latest) = latest else {
        return asked.ok_or_else(|| {
            ServiceError::validation(format!(
                "a type must be given for {name}, which does not exist yet: String, StringList or SecureString"
            ))
        });
    };
    let kind = parse_kind(&latest.kind)?;
    match asked {
        Some(asked) if asked != kind => Err(ServiceError::request(
            "HierarchyTypeMismatchException",
            format!("{name} is a {}: the type of a parameter cannot change", latest.kind),
        )),
        _ => Ok(kind),
    }
}

fn binding(resource: &str, version: u64) -> Binding<'_> {
    Binding { purpose: "PARAMETER_ARN", resource, version }
}

/// Returns what an envelope is bound to: the exact name, for `/x` and `x` share their ARN, and when the version was written, so that
/// an envelope of a parameter that was deleted does not open as the same version of a new one.
fn bound_resource(name: &ParameterName, place: &Place, last_modified_ms: u64) -> String {
    let Place { region, account_id } = place;
    format!("arn:aws:ssm:{region}:{account_id}:parameter/{name}@{last_modified_ms}")
}

fn kind_text(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::String => "String",
        ParameterKind::StringList => "StringList",
        ParameterKind::SecureString => "SecureString",
    }
}

pub(crate) fn parse_kind(text: &str) -> Result<ParameterKind, ServiceError> {
    match text {
        "String" => Ok(ParameterKind::String),
        "StringList" => Ok(ParameterKind::StringList),
        "SecureString" => Ok(ParameterKind::SecureString),
        other => {
            Err(ServiceError::internal(format!("a parameter of the type {other:?} is stored")))
        }
    }
}
