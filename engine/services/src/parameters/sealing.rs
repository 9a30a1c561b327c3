//! Sealing and opening values.

use store::Sealed;
use store::parameters::{ParameterVersion, StoredValue};

use super::keys::SealingKey;
use super::{ParameterName, Place};
use crate::Services;
use crate::envelope::{self, Binding, WrappingKey};
use crate::error::ServiceError;
use ssm_model::Sensitive;

impl Services {
    pub(super) fn seal_value(
        &self,
        name: &ParameterName,
        version: u64,
        last_modified_ms: u64,
        value: &Sensitive,
        key: &SealingKey,
    ) -> Result<Sealed, ServiceError> {
        let resource = bound_resource(name, self.place(), last_modified_ms);
        let bound = binding(&resource, version);
        let text = value.expose().as_bytes();
        let failed = |error| ServiceError::internal(format!("{name} cannot be sealed: {error}"));
        match key {
            SealingKey::Account => {
                let envelope = envelope::seal(self.keyring(), bound, text).map_err(failed)?;
                Ok(Sealed { key_id: self.keyring().primary().to_string(), envelope })
            }
            SealingKey::Named { material, .. } => {
                let material = self.unwrapped(&material.id(), &material.wrapped)?;
                let key = WrappingKey::named(&material);
                let envelope = envelope::seal_under(&key, bound, text).map_err(failed)?;
                Ok(Sealed { key_id: material.id, envelope })
            }
        }
    }

    /// Opens a version; `None` if it is no secret.
    pub(super) fn open_version(
        &self,
        name: &ParameterName,
        found: &ParameterVersion,
    ) -> Result<Option<Sensitive>, ServiceError> {
        let StoredValue::Sealed(sealed) = &found.parameter.value else { return Ok(None) };
        let version = found.version;
        let resource = bound_resource(name, self.place(), found.parameter.last_modified_ms);
        let bound = binding(&resource, version);
        let opened = match &found.material {
            None => envelope::open(self.keyring(), bound, &sealed.envelope),
            Some(wrapped) => {
                let material = self.unwrapped(&sealed.key_id, wrapped)?;
                envelope::open_under(&WrappingKey::named(&material), bound, &sealed.envelope)
            }
        };
        let text = opened.map_err(|error| {
            ServiceError::internal(format!("{name}:{version} cannot be opened: {error}"))
        })?;
        let text = std::str::from_utf8(&text)
            .map_err(|_| ServiceError::internal(format!("{name}:{version} is not text")))?;
        Ok(Some(Sensitive::new(text)))
    }
}

pub(super) fn binding(resource: &str, version: u64) -> Binding<'_> {
    Binding { purpose: "PARAMETER_ARN", resource, version }
}

/// Returns what an envelope is bound to: the exact name, for `/x` and `x` share their ARN, and when the version was written, so that
/// an envelope of a parameter that was deleted does not open as the same version of a new one.
pub(super) fn bound_resource(name: &ParameterName, place: &Place, last_modified_ms: u64) -> String {
    let Place { region, account_id } = place;
    format!("arn:aws:ssm:{region}:{account_id}:parameter/{name}@{last_modified_ms}")
}
