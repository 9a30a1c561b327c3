//! New versions, and which one is the default.

use serde_json::json;
use ssm_model::types::documents::{
    DocumentDefaultVersionDescription, UpdateDocumentDefaultVersionRequest,
    UpdateDocumentDefaultVersionResult, UpdateDocumentRequest, UpdateDocumentResult,
};
use store::documents::{self, About, Document, NewAttachment, NewVersion, Version};
use store::{Tx, WriteError};

use super::VERSIONS_MAX;
use super::kinds::Format;
use super::select::{held, no_document, unknown_version, version_of};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

impl Services {
    /// Adds a version to a document. It does not become the default.
    ///
    /// `DocumentVersion` says what is updated: the latest version, by its number or as `$LATEST`. Display name and target type stay as
    /// they are unless they are given, and what the document requires stays too.
    pub async fn update_document(
        &self,
        actor: &Actor,
        request: UpdateDocumentRequest,
    ) -> Result<UpdateDocumentResult, ServiceError> {
        let name = self.own_document(&request.name, "InvalidDocumentOperation")?;
        let format = Format::parse(request.document_format.as_deref())?;
        let kind = {
            let name = name.clone();
            self.store()
                .read(move |tx| documents::find(tx, &name))
                .await?
                .ok_or_else(no_document)?
                .kind
        };
        let content = self.check_content(&name, &kind, format, &request.content).await?;
        let files = self
            .gather_attachments(actor, &content, request.attachments.unwrap_or_default())
            .await?;
        let about = About {
            version_name: request.version_name,
            display_name: request.display_name,
            target_type: request.target_type,
            author: Some(actor.principal.to_string()),
            ..About::default()
        };
        let new = content.version(&name, about)?;
        let deed = Deed::new("UpdateDocument", format!("document/{name}"))
            .details(json!({ "digest": new.digest.as_str() }));
        let updated = request.document_version;
        let services = self.clone();
        let update = move |tx: &mut Tx<'_>| {
            let document = documents::find(tx, &new.name)?.ok_or_else(no_document)?;
            check_latest(&document, updated.as_deref())?;
            let version = add_version(tx, &new, &files)?.to_string();
            let found = version_of(tx, &new.name, Some(&version), None)?;
            services.description(held(tx, found)?, None)
        };
        let description = self.change(actor, deed, update).await?;
        Ok(UpdateDocumentResult { document_description: Some(description) })
    }

    /// Makes a version the default.
    pub async fn update_document_default_version(
        &self,
        actor: &Actor,
        request: UpdateDocumentDefaultVersionRequest,
    ) -> Result<UpdateDocumentDefaultVersionResult, ServiceError> {
        let UpdateDocumentDefaultVersionRequest { document_version, name } = request;
        let name = self.own_document(&name, "InvalidDocument")?;
        let deed = Deed::new("UpdateDocumentDefaultVersion", format!("document/{name}"))
            .details(json!({ "version": document_version }));
        let update = move |tx: &mut Tx<'_>| {
            let found = version_of(tx, &name, Some(&document_version), None)?;
            documents::set_default(tx, &name, found.version)?;
            Ok(DocumentDefaultVersionDescription {
                default_version: Some(found.version.to_string()),
                default_version_name: found.about.version_name,
                name: Some(name.clone()),
            })
        };
        let description = self.change(actor, deed, update).await?;
        Ok(UpdateDocumentDefaultVersionResult { description: Some(description) })
    }
}

/// Checks that the version that is updated is the latest.
fn check_latest(document: &Document, version: Option<&str>) -> Result<(), ServiceError> {
    match version.and_then(Version::parse) {
        Some(Version::Latest) => Ok(()),
        Some(Version::Number(number)) if number == document.latest_version => Ok(()),
        Some(Version::Number(number)) if number > document.latest_version => Err(unknown_version()),
        Some(Version::Number(_) | Version::Default) | None => {
            let name = &document.name;
            Err(ServiceError::request(
                "InvalidDocumentVersion",
                format!(
                    "Version provided for document {name} is not latest. Please provide the latest version to update document {name}"
                ),
            ))
        }
    }
}

/// Stores a version of a document that exists, and returns its number.
///
/// Content that a version of the same target type holds already makes no new one.
pub(super) fn add_version(
    tx: &mut Tx<'_>,
    new: &NewVersion,
    files: &[NewAttachment],
) -> Result<u64, ServiceError> {
    let latest = documents::get(tx, &new.name, Version::Latest)?.ok_or_else(no_document)?;
    let mut new = new.clone();
    new.about.display_name = new.about.display_name.or(latest.about.display_name);
    new.about.target_type = new.about.target_type.or(latest.about.target_type);
    new.about.requires = latest.about.requires;
    let same = documents::with_content(tx, &new.name, &new.digest)?;
    if same
        .iter()
        .any(|same| same.target_type == new.about.target_type && same.lock == new.about.lock)
    {
        return Err(ServiceError::request(
            "DuplicateDocumentContent",
            "The content of the association document matches another document. Change the content of the document and try again.",
        ));
    }
    if documents::count_versions(tx, &new.name)? >= VERSIONS_MAX {
        return Err(ServiceError::request(
            "DocumentVersionLimitExceeded",
            format!(
                "the document {} has {VERSIONS_MAX} versions, which is the limit: delete one first",
                new.name
            ),
        ));
    }
    let version = match documents::add_version(tx, &new) {
        Err(WriteError::Exists { .. }) => {
            return Err(ServiceError::request(
                "DuplicateDocumentVersionName",
                "The specified version name is a duplicate.",
            ));
        }
        result => result?,
    };
    documents::attach(tx, &new.name, version, files)?;
    Ok(version)
}
