//! Moving what older keys wrap to newer ones.

use std::collections::BTreeMap;

use store::named_keys::{self, Material};
use store::parameters::{self, ParameterVersion, StoredValue};
use store::{Sealed, Tx};

use super::ParameterName;
use super::sealing::{binding, bound_resource};
use crate::Services;
use crate::envelope::{self, WrappingKey};
use crate::error::ServiceError;

/// Parameters that are looked at in one read.
const BATCH: u32 = 200;

/// The newest material of each named key, by the key's id.
type Newest = BTreeMap<String, Material>;

impl Services {
    /// Wraps anew every data key of parameters that an older key wraps, under the primary key or its named key's newest material, and
    /// every material that an older key wraps, under the primary key. Returns how many there were.
    ///
    /// The seeds of runs stay under the key they were sealed with; they go when their runs do.
    pub async fn rewrap_parameters(&self) -> Result<u64, ServiceError> {
        let mut count = self.rewrap_materials().await?;
        let materials = self.store().read(named_keys::materials).await?;
        let newest: Newest =
            materials.into_iter().map(|material| (material.key_id.clone(), material)).collect();
        let mut after = None;
        loop {
            let from: Option<String> = after.clone();
            let page =
                self.store().read(move |tx| parameters::list(tx, "", from.as_deref(), BATCH));
            let page = page.await?;
            let Some(last) = page.last() else { return Ok(count) };
            after = Some(last.parameter.name.clone());
            for latest in page {
                count += self.rewrap_versions(&latest.parameter.name, &newest).await?;
            }
        }
    }

    async fn rewrap_materials(&self) -> Result<u64, ServiceError> {
        let primary = self.keyring().primary().to_string();
        let mut count = 0;
        for material in self.store().read(named_keys::materials).await? {
            if material.wrapped.key_id != primary {
                let wrapped = self.rewrapped(&material)?;
                let write = move |tx: &mut Tx<'_>| named_keys::rewrap(tx, &material, &wrapped);
                self.store().write(write).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    async fn rewrap_versions(&self, name: &str, newest: &Newest) -> Result<u64, ServiceError> {
        let checked = ParameterName::for_reading(name)?;
        let looked_up = name.to_owned();
        let history = self.store().read(move |tx| parameters::history(tx, &looked_up)).await?;
        let mut count = 0;
        for stored in history {
            let Some(sealed) = self.moved(&checked, &stored, newest)? else { continue };
            let (name, version) = (name.to_owned(), stored.version);
            let write = move |tx: &mut Tx<'_>| parameters::reseal(tx, &name, version, &sealed);
            self.store().write(write).await?;
            count += 1;
        }
        Ok(count)
    }

    /// Returns what takes the place of a sealed value that an older key wraps.
    fn moved(
        &self,
        name: &ParameterName,
        stored: &ParameterVersion,
        newest: &Newest,
    ) -> Result<Option<Sealed>, ServiceError> {
        let StoredValue::Sealed(old) = &stored.parameter.value else { return Ok(None) };
        let resource = bound_resource(name, self.place(), stored.parameter.last_modified_ms);
        let bound = binding(&resource, stored.version);
        let failed = |error| ServiceError::internal(format!("{name}: {error}"));
        let Some(wrapped) = &stored.material else {
            let key_id = self.keyring().primary().to_string();
            if old.key_id == key_id {
                return Ok(None);
            }
            let envelope =
                envelope::rewrap(self.keyring(), bound, &old.envelope).map_err(failed)?;
            return Ok(Some(Sealed { key_id, envelope }));
        };
        let key = old.key_id.rsplit_once('/').and_then(|(key, _)| newest.get(key));
        let Some(newest) = key.filter(|newest| newest.id() != old.key_id) else { return Ok(None) };
        let old_material = self.unwrapped(&old.key_id, wrapped)?;
        let new_material = self.unwrapped(&newest.id(), &newest.wrapped)?;
        let envelope = envelope::rewrap_under(
            &WrappingKey::named(&old_material),
            &WrappingKey::named(&new_material),
            bound,
            &old.envelope,
        );
        Ok(Some(Sealed { key_id: newest.id(), envelope: envelope.map_err(failed)? }))
    }
}
