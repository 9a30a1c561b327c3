//! Plain texts of secrets, for the edge and for scrubbing.

use std::collections::BTreeSet;

use host_api::request::ParameterKind;
use store::parameters::StoredValue;
use store::{Sealed, Tx, parameters};

use super::{ParameterName, Selected, binding, parse_kind};
use crate::Services;
use crate::envelope;
use crate::error::ServiceError;
use crate::keyring::KeyId;
use crate::scrub::Scrubber;
use crate::sensitive::Sensitive;

/// Versions that are sealed anew in one transaction.
const REWRAP_BATCH: u32 = 200;

impl Services {
    /// Returns the plain text behind a reference, `name` or `name:version`, to be put in at the edge.
    ///
    /// A parameter of another type than `SecureString` has no secret behind it and is refused.
    pub(crate) async fn resolve_secret(&self, reference: &str) -> Result<Sensitive, ServiceError> {
        let selected = Selected::parse(reference, self.place())?;
        let found = self.find_version(&selected).await?;
        if parse_kind(&found.parameter.kind)? != ParameterKind::SecureString {
            return Err(ServiceError::validation(format!(
                "{} is no SecureString, and only such a parameter can be used as a secret",
                selected.name
            )));
        }
        match &found.parameter.value {
            StoredValue::Sealed(sealed) => self.open_value(&selected.name, found.version, sealed),
            StoredValue::Plain(_) => {
                Err(ServiceError::internal(format!("{} is stored unsealed", selected.name)))
            }
        }
    }

    /// Prepares a scrubber for the secrets that are referenced. One that does not exist any more is left out.
    pub async fn scrubber(&self, references: &BTreeSet<String>) -> Result<Scrubber, ServiceError> {
        let mut texts = Vec::with_capacity(references.len());
        for reference in references {
            match self.resolve_secret(reference).await {
                Ok(text) => texts.push(text),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Scrubber::new(texts.iter().map(Sensitive::expose))
            .map_err(|error| ServiceError::internal(error.to_string()))
    }

    pub(super) fn open_value(
        &self,
        name: &ParameterName,
        version: u64,
        sealed: &Sealed,
    ) -> Result<Sensitive, ServiceError> {
        let arn = name.arn(self.place());
        let text = envelope::open(self.keyring(), binding(&arn, version), &sealed.envelope)
            .map_err(|error| {
                ServiceError::internal(format!("{name}:{version} cannot be opened: {error}"))
            })?;
        let text = std::str::from_utf8(&text)
            .map_err(|_| ServiceError::internal(format!("{name}:{version} is not text")))?;
        Ok(Sensitive::new(text))
    }

    /// Wraps every data key of parameters that an older key wraps anew, under the primary key; returns how many there were.
    ///
    /// The seeds of runs stay under the key they were sealed with; they go when their runs do.
    pub async fn rewrap_parameters(&self) -> Result<u64, ServiceError> {
        let mut after = None;
        let mut count = 0;
        loop {
            let from: Option<String> = after.clone();
            let page = self
                .store()
                .read(move |tx| parameters::list(tx, "", from.as_deref(), REWRAP_BATCH))
                .await?;
            let Some(last) = page.last() else { return Ok(count) };
            after = Some(last.parameter.name.clone());
            for latest in page {
                count += self.rewrap_versions(&latest.parameter.name).await?;
            }
        }
    }

    async fn rewrap_versions(&self, name: &str) -> Result<u64, ServiceError> {
        let primary = self.keyring().primary();
        let checked = ParameterName::for_reading(name)?;
        let arn = checked.arn(self.place());
        let looked_up = name.to_owned();
        let history = self.store().read(move |tx| parameters::history(tx, &looked_up)).await?;
        let mut count = 0;
        for stored in history {
            let StoredValue::Sealed(old) = stored.parameter.value else { continue };
            if old.key_id.parse::<KeyId>().is_ok_and(|id| id == primary) {
                continue;
            }
            let bound = binding(&arn, stored.version);
            let envelope = envelope::rewrap(self.keyring(), bound, &old.envelope)
                .map_err(|error| ServiceError::internal(format!("{name}: {error}")))?;
            let sealed = Sealed { key_id: primary.to_string(), envelope };
            let (name, version) = (name.to_owned(), stored.version);
            let write = move |tx: &mut Tx<'_>| parameters::reseal(tx, &name, version, &sealed);
            self.store().write(write).await?;
            count += 1;
        }
        Ok(count)
    }
}

fn is_gone(error: &ServiceError) -> bool {
    matches!(error.code.as_ref(), "ParameterNotFound" | "ParameterVersionNotFound")
}
