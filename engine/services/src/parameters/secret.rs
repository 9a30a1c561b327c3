//! Plain texts of secrets, for the edge and for scrubbing.

use std::collections::BTreeSet;

use host_api::request::ParameterKind;
use store::parameters;
use store::parameters::ParameterVersion;

use super::{ParameterName, Selected, Selector, parse_kind};
use crate::Services;
use crate::error::ServiceError;
use crate::scrub::Scrubber;
use ssm_model::Sensitive;

impl Services {
    /// Returns the plain text behind a reference, `name`, `name:version` or `name:label`, to be put in at the edge. It is remembered,
    /// so that it can be scrubbed when the parameter has changed.
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
    /// the store has, of the named version or else of all of them (a label is no name of one).
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
        let Selected { name, selector, .. } = Selected::parse(reference, self.place())?;
        // A label moves: whichever version it named may be what is to be masked.
        let version = match selector {
            Selector::Version(version) => Some(version),
            Selector::Latest | Selector::Label(_) => None,
        };
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
}

fn unmaskable(reference: &str) -> ServiceError {
    ServiceError::request(
        "SecretNotFound",
        format!(
            "there is no secret {reference}, or not any more: nothing that may hold its text is kept, because it cannot be masked"
        ),
    )
}
