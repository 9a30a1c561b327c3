//! Content of documents.

use serde_json::Value;
use ssm_model::types::documents::{GetDocumentRequest, GetDocumentResult};
use store::ReadTx;
use store::documents::{self, Attachment};

use super::check::value_of;
use super::kinds::Format;
use super::select::{Held, no_document, version_of};
use super::shown::{ACTIVE, attachments_content, created, decoded};
use crate::Services;
use crate::error::ServiceError;

impl Services {
    /// Returns the content of a version in the format that is asked for: JSON if none is, and iCalendar text as it is.
    ///
    /// Content that is stored in that format is returned byte for byte, comments and all.
    pub async fn get_document(
        &self,
        request: GetDocumentRequest,
    ) -> Result<GetDocumentResult, ServiceError> {
        let GetDocumentRequest { document_format, document_version, name, version_name } = request;
        let held =
            self.held_document(&name, document_version.as_deref(), version_name.as_deref()).await?;
        let format = match document_format.as_deref() {
            None if held.version.format == Format::Text.name() => held.version.format.clone(),
            asked => Format::parse(asked)?.name().to_owned(),
        };
        let content = converted(&held, &format)?;
        let attachments_content = attachments_content(&held);
        let Held { owner, version, .. } = held;
        Ok(GetDocumentResult {
            attachments_content,
            content: Some(content),
            created_date: created(owner, &version),
            display_name: version.about.display_name,
            document_format: Some(format),
            document_type: Some(version.kind),
            document_version: Some(version.version.to_string()),
            name: Some(version.name),
            requires: decoded(version.about.requires.as_deref())?,
            review_status: version.review_status.map(|status| status.name().to_owned()),
            status: Some(ACTIVE.to_owned()),
            status_information: None,
            version_name: version.about.version_name,
        })
    }

    /// Returns type and content of the default version of a document.
    pub(crate) async fn document_content(
        &self,
        name: &str,
    ) -> Result<(String, String), ServiceError> {
        let version = self.held_document(name, None, None).await?.version;
        Ok((version.kind, version.content))
    }

    /// Returns what a file of a version holds, and its digest.
    pub async fn document_attachment(
        &self,
        name: &str,
        version: Option<&str>,
        file: &str,
    ) -> Result<(Attachment, Vec<u8>), ServiceError> {
        let name = self.document_name(name)?.to_owned();
        let (version, file) = (version.map(str::to_owned), file.to_owned());
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            let found = version_of(tx, &name, version.as_deref(), None)?;
            let attachments = documents::attachments(tx, &name, found.version)?;
            let attachment = attachments.into_iter().find(|attachment| attachment.file == file);
            let content = documents::attachment(tx, &name, found.version, &file)?;
            attachment.zip(content).ok_or_else(no_document)
        };
        self.store().read(read).await
    }
}

fn converted(held: &Held, format: &str) -> Result<String, ServiceError> {
    let version = &held.version;
    if format == version.format {
        return Ok(version.content.clone());
    }
    let value = value_of(&version.name, &version.format, &version.content)?;
    match Format::parse(Some(format))? {
        Format::Text => Err(cannot(version.format.as_str(), format)),
        Format::Json | Format::Yaml if value == Value::Null => {
            Err(cannot(version.format.as_str(), format))
        }
        Format::Json => serde_json::to_string_pretty(&value)
            .map_err(|error| ServiceError::internal(error.to_string())),
        Format::Yaml => Ok(runbook::document::to_yaml(&value)),
    }
}

fn cannot(stored: &str, wanted: &str) -> ServiceError {
    ServiceError::validation(format!(
        "a document in the format {stored} cannot be turned into the format {wanted}"
    ))
}
