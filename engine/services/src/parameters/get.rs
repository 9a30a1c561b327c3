//! Getting parameters by their names.

use std::collections::BTreeSet;

use store::parameters::{self, ParameterVersion, labels};
use store::{ReadError, ReadTx};

use super::name::not_found;
use super::reference::SecretReference;
use super::rules::NAMES_MAX;
use super::{
    GetParameterRequest, GetParameterResult, GetParametersRequest, GetParametersResult, Parameter,
    ParameterName, Selected, Selector, secrets_of,
};
use crate::Services;
use crate::actor::Actor;
use crate::error::{ErrorKind, ServiceError};

impl Services {
    /// Returns a parameter by `name`, `name:version`, `name:label` or ARN. Decrypting one is written to the audit log.
    ///
    /// A name at the root is found with and without its slash, as the two have one ARN; the exact one comes first. A name below
    /// `/aws/reference/secretsmanager/` is answered by the installation's secret backend.
    pub async fn get_parameter(
        &self,
        actor: &Actor,
        request: GetParameterRequest,
    ) -> Result<GetParameterResult, ServiceError> {
        let decrypt = request.with_decryption == Some(true);
        let parameter = match self.named(&request.name, decrypt).await? {
            Named::Secret(secret) => *secret,
            Named::Stored(selected) => {
                let found = self.store().read_blocking(|tx| find_alike(tx, &selected))?;
                self.shown_as(&selected, found, decrypt)?
            }
        };
        if decrypt {
            self.record_decryption(actor, secrets_of(std::slice::from_ref(&parameter))).await?;
        }
        Ok(GetParameterResult { parameter: Some(parameter) })
    }

    /// Returns up to 10 parameters, sorted by name; what does not exist is listed, not an error.
    pub async fn get_parameters(
        &self,
        actor: &Actor,
        request: GetParametersRequest,
    ) -> Result<GetParametersResult, ServiceError> {
        check_count(&request.names)?;
        let decrypt = request.with_decryption == Some(true);
        let names: BTreeSet<String> = request.names.into_iter().collect();
        let (mut invalid, mut asked) = (Vec::new(), Vec::new());
        let mut parameters = Vec::with_capacity(names.len());
        for name in names {
            match self.named(&name, decrypt).await {
                Ok(Named::Secret(secret)) => parameters.push(*secret),
                Ok(Named::Stored(selected)) => asked.push((name, selected)),
                Err(error) if is_miss(&name, &error) => invalid.push(name),
                Err(error) => return Err(error),
            }
        }
        let found = self.store().read_blocking(|tx| -> Result<Vec<_>, ServiceError> {
            Ok(asked.iter().map(|(_, selected)| find_alike(tx, selected)).collect())
        })?;
        for ((name, selected), found) in asked.iter().zip(found) {
            match found {
                Ok(found) => parameters.push(self.shown_as(selected, found, decrypt)?),
                Err(error) if error.kind == ErrorKind::Request => invalid.push(name.clone()),
                Err(error) => return Err(error),
            }
        }
        parameters.sort_by(|one, other| one.name.cmp(&other.name));
        invalid.sort();
        if decrypt {
            self.record_decryption(actor, secrets_of(&parameters)).await?;
        }
        let (parameters, invalid_parameters) = (Some(parameters), Some(invalid));
        Ok(GetParametersResult { parameters, invalid_parameters })
    }

    async fn named(&self, name: &str, decrypt: bool) -> Result<Named, ServiceError> {
        match SecretReference::parse(name)? {
            Some(reference) => {
                let secret = self.referenced_secret(&reference, decrypt).await?;
                Ok(Named::Secret(Box::new(secret)))
            }
            None => Ok(Named::Stored(Selected::parse(name, self.place())?)),
        }
    }

    /// Returns the plain text of a secret by its exact name, for a step that may see it. It is written to the audit log.
    pub(crate) async fn reveal_parameter(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<Parameter, ServiceError> {
        let selected = Selected::parse(name, self.place())?;
        let parameter = self.shown(self.find_version(&selected).await?, true)?;
        self.record_decryption(actor, secrets_of(std::slice::from_ref(&parameter))).await?;
        Ok(parameter)
    }

    /// Returns the version that is selected, of the parameter of exactly this name.
    pub(crate) async fn find_version(
        &self,
        selected: &Selected,
    ) -> Result<ParameterVersion, ServiceError> {
        let selected = selected.clone();
        let find = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            match find(tx, &selected.name, &selected.selector)? {
                Some(found) => Ok(found),
                None => Err(missing(tx, &selected.name, &selected)?),
            }
        };
        self.store().read(find).await
    }

    /// Returns the name under which a parameter is stored: the one asked for, or the other at the root that has its ARN.
    pub(super) fn stored_name(&self, asked: &ParameterName) -> Result<ParameterName, ServiceError> {
        Ok(self.store().read_blocking(|tx| stored(tx, asked))?)
    }

    /// Returns a version as it was asked for. Only an ARN leaves open which of two names at the root is meant, and is answered by the
    /// one that is stored.
    fn shown_as(
        &self,
        selected: &Selected,
        found: ParameterVersion,
        decrypt: bool,
    ) -> Result<Parameter, ServiceError> {
        let mut parameter = self.shown(found, decrypt)?;
        parameter.selector = selected.selector.shown();
        if !selected.is_arn {
            parameter.name = Some(selected.name.as_str().to_owned());
        }
        Ok(parameter)
    }
}

/// One of several names.
enum Named {
    Stored(Selected),
    Secret(Box<Parameter>),
}

/// Whether an error is about one of several names alone. What can be no name spoils the whole request, unless it refers to a secret.
fn is_miss(name: &str, error: &ServiceError) -> bool {
    error.kind == ErrorKind::Request
        && (SecretReference::is_one(name) || error.code != "ValidationException")
}

/// Refuses a list of names that is empty or too long.
pub(super) fn check_count(names: &[String]) -> Result<(), ServiceError> {
    let bound = match names.len() {
        0 => "greater than or equal to 1",
        count if count > NAMES_MAX => "less than or equal to 10",
        _ => return Ok(()),
    };
    Err(ServiceError::validation(format!(
        "1 validation error detected: Value '[{}]' at 'names' failed to satisfy constraint: Member must have length {bound}.",
        names.join(", ")
    )))
}

/// Returns the name under which a parameter is stored, as [`Services::stored_name`] does.
pub(super) fn stored(tx: &ReadTx<'_>, asked: &ParameterName) -> Result<ParameterName, ReadError> {
    let is_there = |name: &ParameterName| {
        Ok::<_, ReadError>(parameters::latest_version(tx, name.as_str())? > 0)
    };
    match asked.twin() {
        Some(twin) if !is_there(asked)? && is_there(&twin)? => Ok(twin),
        Some(_) | None => Ok(asked.clone()),
    }
}

fn find_alike(tx: &ReadTx<'_>, selected: &Selected) -> Result<ParameterVersion, ServiceError> {
    if let Some(found) = find(tx, &selected.name, &selected.selector)? {
        return Ok(found);
    }
    let Some(twin) = selected.name.twin() else {
        return Err(missing(tx, &selected.name, selected)?);
    };
    if parameters::latest_version(tx, selected.name.as_str())? > 0 {
        return Err(selected.version_not_found());
    }
    match find(tx, &twin, &selected.selector)? {
        Some(found) => Ok(found),
        None => Err(missing(tx, &twin, selected)?),
    }
}

fn find(
    tx: &ReadTx<'_>,
    name: &ParameterName,
    selector: &Selector,
) -> Result<Option<ParameterVersion>, ReadError> {
    let version = match selector {
        Selector::Latest => None,
        Selector::Version(version) => Some(*version),
        Selector::Label(label) => match labels::version(tx, name.as_str(), label)? {
            Some(version) => Some(version),
            None => return Ok(None),
        },
    };
    parameters::get(tx, name.as_str(), version)
}

fn missing(
    tx: &ReadTx<'_>,
    name: &ParameterName,
    selected: &Selected,
) -> Result<ServiceError, ReadError> {
    if parameters::latest_version(tx, name.as_str())? > 0 {
        return Ok(selected.version_not_found());
    }
    Ok(not_found(&selected.text))
}
