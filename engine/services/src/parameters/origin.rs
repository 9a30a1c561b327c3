//! Where the text of a copied secret came from. A step that may copy a secret by its handle, and reveal the copy, must not thereby see
//! a text that it may not reveal where it stands.

use std::collections::BTreeSet;

use host_api::grant::{Access, Grants};
use store::{ReadTx, Tx, state};

use super::Selected;
use crate::Services;
use crate::error::ServiceError;

/// The scope in the store; no plugin's vendor can be called so. Keys are the copies' names, values JSON lists of names.
const SCOPE: &str = "\u{1}copied";

impl Services {
    /// Notes, before it is made, that `target` becomes a copy of the secret that `reference` names. What is noted stays: a copy that was
    /// not made, or was changed since, is only held more narrowly.
    pub(crate) async fn note_copy(
        &self,
        target: &str,
        reference: &str,
    ) -> Result<(), ServiceError> {
        let target = Selected::parse(target, self.place())?.name.as_str().to_owned();
        let source = Selected::parse(reference, self.place())?.name.as_str().to_owned();
        if target == source {
            return Ok(());
        }
        let note = move |tx: &mut Tx<'_>| -> Result<(), ServiceError> {
            let mut origins = origins(tx, &target)?;
            origins.extend(self::origins(tx, &source)?);
            origins.insert(source.clone());
            origins.remove(&target);
            let text = serde_json::to_string(&origins).map_err(|error| {
                ServiceError::internal(format!("the origins of {target} cannot be kept: {error}"))
            })?;
            Ok(state::put(tx, SCOPE, &target, &text)?)
        };
        self.store().try_write(note).await
    }

    /// Denies to reveal a copy to a step that may not reveal what it was copied from.
    pub(crate) async fn check_origins(
        &self,
        reference: &str,
        grants: &Grants,
    ) -> Result<(), ServiceError> {
        let name = Selected::parse(reference, self.place())?.name.as_str().to_owned();
        let asked = name.clone();
        let read = move |tx: &ReadTx<'_>| origins(tx, &asked);
        for origin in self.store().read(read).await? {
            let access = Access {
                area: "parameters".to_owned(),
                verb: "reveal".to_owned(),
                resource: origin.clone(),
                target: None,
            };
            if let Err(ceiling) = grants.allows(&access) {
                return Err(ServiceError::denied(format!(
                    "{name} is a copy of {origin}, and {access} is not granted: {} does not allow it",
                    ceiling.origin
                )));
            }
        }
        Ok(())
    }
}

fn origins(tx: &ReadTx<'_>, name: &str) -> Result<BTreeSet<String>, ServiceError> {
    let Some(text) = state::get(tx, SCOPE, name)? else { return Ok(BTreeSet::new()) };
    serde_json::from_str(&text).map_err(|error| {
        ServiceError::internal(format!("the origins of {name} cannot be read: {error}"))
    })
}
