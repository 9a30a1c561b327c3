//! What is told of one version.

use ssm_model::types::documents::{DescribeDocumentRequest, DescribeDocumentResult};
use store::documents;

use super::select::Owner;
use crate::Services;
use crate::error::ServiceError;

impl Services {
    /// Returns all about a version except its content.
    pub async fn describe_document(
        &self,
        request: DescribeDocumentRequest,
    ) -> Result<DescribeDocumentResult, ServiceError> {
        let DescribeDocumentRequest { document_version, name, version_name } = request;
        let held =
            self.held_document(&name, document_version.as_deref(), version_name.as_deref()).await?;
        let review = match held.owner {
            Owner::Shipped => None,
            Owner::Account => {
                let (name, version) = (held.version.name.clone(), held.version.version);
                let last =
                    move |tx: &store::ReadTx<'_>| documents::reviews(tx, &name, version, None, 1);
                self.store().read(last).await?.pop()
            }
        };
        Ok(DescribeDocumentResult { document: Some(self.description(held, review)?) })
    }
}
