//! The next version of a document, whether or not there is one.

use serde_json::json;
use store::Tx;
use store::documents::{self, About};

use super::check::format_of;
use super::create::create;
use super::name::check_name;
use super::update::add_version;
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

impl Services {
    /// Stores a new version of a document and returns its number. It is checked first. Content that a version holds already makes no
    /// new one.
    pub async fn put_document(
        &self,
        actor: &Actor,
        name: &str,
        kind: &str,
        content: &str,
    ) -> Result<u64, ServiceError> {
        check_name(name)?;
        let content = self.check_content(name, kind, format_of(content), content).await?;
        let about = About { author: Some(actor.principal.to_string()), ..About::default() };
        let new = content.version(name, about)?;
        let deed = Deed::new("PutDocument", format!("document/{name}"))
            .details(json!({ "digest": new.digest.as_str() }));
        self.change(actor, deed, move |tx: &mut Tx<'_>| {
            let Some(document) = documents::find(tx, &new.name)? else {
                create(tx, &new, &[])?;
                return Ok(1);
            };
            same_kind(&document, &new.kind)?;
            match documents::with_content(tx, &new.name, &new.digest)?.first() {
                Some(same) => Ok(same.version),
                None => add_version(tx, &new, &[]),
            }
        })
        .await
    }
}

/// Refuses content of another type than the document's.
pub(super) fn same_kind(document: &documents::Document, kind: &str) -> Result<(), ServiceError> {
    if document.kind == kind {
        return Ok(());
    }
    Err(ServiceError::request(
        "InvalidDocument",
        format!("the document {} is of the type {}, not {kind}", document.name, document.kind),
    ))
}
