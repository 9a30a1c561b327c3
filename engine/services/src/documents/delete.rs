//! Deleting documents and versions.

use serde_json::json;
use ssm_model::types::documents::{DeleteDocumentRequest, DeleteDocumentResult};
use store::{Tx, WriteError, documents, resource_policies};

use super::select::{no_document, version_of};
use crate::Services;
use crate::access::Resource;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::tags;

/// A type whose documents others rely on.
const NEEDS_FORCE: &str = "ApplicationConfigurationSchema";

impl Services {
    /// Deletes a document with all its versions, or one version that is not the default.
    pub async fn delete_document(
        &self,
        actor: &Actor,
        request: DeleteDocumentRequest,
    ) -> Result<DeleteDocumentResult, ServiceError> {
        let DeleteDocumentRequest { document_version, force, name, version_name } = request;
        let name = self.own_document(&name, "InvalidDocumentOperation")?;
        let arn = Resource::Document(name.clone()).arn(self.place());
        let deed = Deed::new("DeleteDocument", arn.as_str())
            .details(json!({ "version": document_version, "versionName": version_name }));
        self.change(actor, deed, move |tx: &mut Tx<'_>| {
            let document = documents::find(tx, &name)?.ok_or_else(no_document)?;
            if documents::is_shared(tx, &name)? {
                return Err(refused("Must unshare document first before delete"));
            }
            if document.kind == NEEDS_FORCE && force != Some(true) {
                return Err(refused(format!(
                    "a document of the type {NEEDS_FORCE} is deleted only with Force: others may be checked against it"
                )));
            }
            if document_version.is_none() && version_name.is_none() {
                documents::delete(tx, &name)?;
                store::tags::remove_all(tx, tags::DOCUMENT, &name)?;
                resource_policies::remove_all(tx, &arn)?;
                return Ok(DeleteDocumentResult {});
            }
            let found =
                version_of(tx, &name, document_version.as_deref(), version_name.as_deref());
            // SSM does not declare InvalidDocumentVersion here.
            let found = found.map_err(|error| match error.code.as_ref() {
                "InvalidDocumentVersion" => ServiceError::request("InvalidDocument", error.message),
                _ => error,
            })?;
            match documents::delete_version(tx, &name, found.version) {
                Err(WriteError::InUse { .. }) => {
                    Err(refused("Default version of the document can't be deleted."))
                }
                result => Ok(result.map(|()| DeleteDocumentResult {})?),
            }
        })
        .await
    }
}

fn refused(message: impl Into<String>) -> ServiceError {
    ServiceError::request("InvalidDocumentOperation", message)
}
