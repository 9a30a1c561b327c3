//! Plain texts of secrets, for the edge and for scrubbing.

use std::collections::BTreeSet;

use host_api::request::ParameterKind;
use store::parameters::{ParameterVersion, StoredValue};
use store::{Sealed, Tx, parameters};

use super::{ParameterName, Selected, binding, bound_resource, parse_kind};
use crate::Services;
use crate::envelope;
use crate::error::ServiceError;
use crate::keyring::KeyId;
use crate::scrub::Scrubber;
use ssm_model::Sensitive;

/// Versions that are sealed anew in one transaction.
const REWRAP_BATCH: u32 = 200;

impl Services {
    /// Returns the plain text behind a reference, `name` or `name:version`, to be put in at the edge. It is remembered, so that it can
    /// be scrubbed when the parameter has changed.
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
        self.reveal(&selected.name, &found)
    }

    /// Opens a sealed version for somebody to use, and remembers its text.
    pub(super) fn reveal(
        &self,
        name: &ParameterName,
        found: &ParameterVersion,
    ) -> Result<Sensitive, ServiceError> {
        let text = self
            .open_version(name, found)?
            .ok_or_else(|| ServiceError::internal(format!("{name} is stored unsealed")))?;
        self.revealed().remember(name, found.version, &text);
        Ok(text)
    }

    /// Prepares a scrubber for the secrets that are referenced: for each, the texts that left the store in this process, and those that
    /// the store has, of the named version or else of all of them.
    ///
    /// A secret of which nothing is known any more is an error: its text could stand unmasked in what is scrubbed.
    pub async fn scrubber(&self, references: &BTreeSet<String>) -> Result<Scrubber, ServiceError> {
        let mut texts = Vec::with_capacity(references.len());
        for reference in references {
            texts.extend(self.texts_of(reference).await?);
        }
        self.revealed().scrubber(texts)
    }

    async fn texts_of(&self, reference: &str) -> Result<Vec<Sensitive>, ServiceError> {
        let Selected { name, version } = Selected::parse(reference, self.place())?;
        let remembered = self.revealed().of(&name);
        let mut is_known =
            remembered.iter().any(|(known, _)| version.is_none_or(|version| version == *known));
        let mut texts: Vec<Sensitive> = remembered.into_iter().map(|(_, text)| text).collect();
        let looked_up = name.clone();
        let history =
            self.store().read(move |tx| parameters::history(tx, looked_up.as_str())).await?;
        for found in history {
            if version.is_some_and(|version| version != found.version) {
                continue;
            }
            if let Some(text) = self.open_version(&name, &found)? {
                is_known = true;
                texts.push(text);
            }
        }
        if is_known { Ok(texts) } else { Err(unmaskable(reference)) }
    }

    /// Opens a version; `None` if it is no secret.
    fn open_version(
        &self,
        name: &ParameterName,
        found: &ParameterVersion,
    ) -> Result<Option<Sensitive>, ServiceError> {
        let StoredValue::Sealed(sealed) = &found.parameter.value else { return Ok(None) };
        let version = found.version;
        let resource = bound_resource(name, self.place(), found.parameter.last_modified_ms);
        let text = envelope::open(self.keyring(), binding(&resource, version), &sealed.envelope)
            .map_err(|error| {
                ServiceError::internal(format!("{name}:{version} cannot be opened: {error}"))
            })?;
        let text = std::str::from_utf8(&text)
            .map_err(|_| ServiceError::internal(format!("{name}:{version} is not text")))?;
        Ok(Some(Sensitive::new(text)))
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
        let looked_up = name.to_owned();
        let history = self.store().read(move |tx| parameters::history(tx, &looked_up)).await?;
        let mut count = 0;
        for stored in history {
            let StoredValue::Sealed(old) = stored.parameter.value else { continue };
            if old.key_id.parse::<KeyId>().is_ok_and(|id| id == primary) {
                continue;
            }
            let modified_ms = stored.parameter.last_modified_ms;
            let resource = bound_resource(&checked, self.place(), modified_ms);
            let bound = binding(&resource, stored.version);
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

fn unmaskable(reference: &str) -> ServiceError {
    ServiceError::request(
        "SecretNotFound",
        format!(
            "there is no secret {reference}, or not any more: nothing that may hold its text is kept, because it cannot be masked"
        ),
    )
}
