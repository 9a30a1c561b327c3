//! The versions of a document.

use ssm_model::types::documents::{ListDocumentVersionsRequest, ListDocumentVersionsResult};
use store::ReadTx;
use store::documents;

use super::page::Page;
use super::select::{self, Owner, no_document};
use super::shown::version_info;
use crate::Services;
use crate::error::ServiceError;

const PAGE_MAX: u32 = 50;

impl Services {
    /// Returns the versions of a document, newest first.
    pub async fn list_document_versions(
        &self,
        request: ListDocumentVersionsRequest,
    ) -> Result<ListDocumentVersionsResult, ServiceError> {
        let name = self.document_name(&request.name)?.to_owned();
        let page =
            Page::new(format!("ListDocumentVersions {name}"), request.max_results, PAGE_MAX)?;
        let before = page.after_number(request.next_token.as_deref())?;
        let shipped = self.shipped().get(&name).cloned();
        let limit = page.limit + 1;
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            if documents::find(tx, &name)?.is_some() {
                let found = documents::versions_before(tx, &name, before, limit)?;
                return Ok((Owner::Account, found));
            }
            let shipped = shipped.as_ref().ok_or_else(no_document)?;
            Ok((Owner::Shipped, vec![select::shipped(shipped)?.version]))
        };
        let (owner, mut found) = self.store().read(read).await?;
        let next_token = page.cut(&mut found, |version| version.version.to_string());
        let versions = found.into_iter().map(|version| version_info(owner, version)).collect();
        Ok(ListDocumentVersionsResult { document_versions: Some(versions), next_token })
    }
}
