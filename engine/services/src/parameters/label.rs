//! Labels of versions.

use std::collections::BTreeSet;

use serde_json::json;
use store::parameters::{self, labels};
use store::{ReadTx, Tx};

use super::get::stored;
use super::name::not_found;
use super::selector::version_not_found;
use super::{
    LabelParameterVersionRequest, LabelParameterVersionResult, ParameterName,
    UnlabelParameterVersionRequest, UnlabelParameterVersionResult, wire_version,
};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::events::ParameterOperation;

/// Labels of one version.
const LABELS_MAX: usize = 10;
/// SSM's text, a space of which is missing there too.
const TOO_MANY: &str = "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again.";
const LABEL_CHARACTERS_MAX: usize = 100;

impl Services {
    /// Gives labels to a version, the latest if none is named. A label that another version has is moved; what can be no label is
    /// listed, not an error.
    pub async fn label_parameter_version(
        &self,
        actor: &Actor,
        request: LabelParameterVersionRequest,
    ) -> Result<LabelParameterVersionResult, ServiceError> {
        let name = ParameterName::for_reading(&request.name)?;
        let Labels { valid, invalid } = Labels::of(&request.labels)?;
        let deed = Deed::new("LabelParameterVersion", name.arn(self.place()))
            .details(json!({ "version": request.parameter_version, "labels": valid }));
        let asked = request.parameter_version;
        let origin = self.origin(actor);
        self.change(actor, deed, move |tx| {
            let name = stored(tx, &name)?;
            let version = version(tx, &name, asked)?;
            give(tx, &name, version, &valid)?;
            origin.tell_of(tx, ParameterOperation::LabelParameterVersion, name.as_str())?;
            Ok(LabelParameterVersionResult {
                invalid_labels: Some(invalid.clone()),
                parameter_version: Some(wire_version(version)),
            })
        })
        .await
    }

    /// Takes labels from a version; what it does not have is listed, not an error.
    pub async fn unlabel_parameter_version(
        &self,
        actor: &Actor,
        request: UnlabelParameterVersionRequest,
    ) -> Result<UnlabelParameterVersionResult, ServiceError> {
        let name = ParameterName::for_reading(&request.name)?;
        let Labels { valid, invalid } = Labels::of(&request.labels)?;
        let asked = request.parameter_version;
        let deed = Deed::new("UnlabelParameterVersion", name.arn(self.place()))
            .details(json!({ "version": asked, "labels": valid }));
        self.change(actor, deed, move |tx| {
            let name = stored(tx, &name)?;
            let version = version(tx, &name, Some(asked))?;
            let (mut removed, mut invalid) = (Vec::new(), invalid.clone());
            for label in &valid {
                let was_there = labels::remove(tx, name.as_str(), label, version)?;
                if was_there { &mut removed } else { &mut invalid }.push(label.clone());
            }
            let (removed_labels, invalid_labels) = (Some(removed), Some(invalid));
            Ok(UnlabelParameterVersionResult { removed_labels, invalid_labels })
        })
        .await
    }
}

/// The labels of a request, each once.
struct Labels {
    valid: Vec<String>,
    invalid: Vec<String>,
}

impl Labels {
    fn of(given: &[String]) -> Result<Self, ServiceError> {
        let is_long =
            |label: &&String| label.is_empty() || label.chars().count() > LABEL_CHARACTERS_MAX;
        if given.is_empty() || given.iter().any(|label| is_long(&label)) {
            return Err(ServiceError::validation(format!(
                "1 validation error detected: Value '[{}]' at 'labels' failed to satisfy constraint: Member must satisfy \
                 constraint: [Member must have length less than or equal to {LABEL_CHARACTERS_MAX}, Member must have length \
                 greater than or equal to 1]",
                given.join(", ")
            )));
        }
        let mut seen = BTreeSet::new();
        let each_once = given.iter().filter(|label| seen.insert(label.as_str())).cloned();
        let (valid, invalid) = each_once.partition(|label| is_label(label));
        Ok(Self { valid, invalid })
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let lower = label.to_ascii_lowercase();
    label.bytes().all(allowed)
        && !label.starts_with(|first: char| first.is_ascii_digit())
        && !lower.starts_with("aws")
        && !lower.starts_with("ssm")
}

/// Returns the version that is asked for, if there is one.
fn version(tx: &ReadTx<'_>, name: &ParameterName, asked: Option<i64>) -> Result<u64, ServiceError> {
    let latest = parameters::latest_version(tx, name.as_str())?;
    if latest == 0 {
        return Err(not_found(name.as_str()));
    }
    let Some(asked) = asked else { return Ok(latest) };
    let exists = |version: &u64| -> Result<bool, ServiceError> {
        let oldest = parameters::oldest_version(tx, name.as_str())?.unwrap_or(latest);
        Ok((oldest..=latest).contains(version))
    };
    match u64::try_from(asked) {
        Ok(version) if exists(&version)? => Ok(version),
        Ok(_) | Err(_) => Err(version_not_found(name, &asked.to_string())),
    }
}

fn give(
    tx: &mut Tx<'_>,
    name: &ParameterName,
    version: u64,
    given: &[String],
) -> Result<(), ServiceError> {
    for label in given {
        labels::set(tx, name.as_str(), label, version)?;
    }
    let all = labels::list(tx, name.as_str())?;
    if all.iter().filter(|(_, labelled)| *labelled == version).count() > LABELS_MAX {
        return Err(too_many());
    }
    Ok(())
}

/// Returns SSM's error for a version that would have more labels than it may.
pub(crate) fn too_many() -> ServiceError {
    ServiceError::request("ParameterVersionLabelLimitExceeded", TOO_MANY)
}
