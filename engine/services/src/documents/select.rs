//! Which document and version a request means.

use std::collections::BTreeMap;

use host_api::identifier::Digest;
use store::ReadTx;
use store::documents::{self, About, Attachment, DocumentVersion, ReviewStatus, Version};

use super::check;
use super::check::{format_of, kind_of};
use super::facts::Facts;
use super::name::name_of;
use crate::error::ServiceError;
use crate::services::ShippedDocument;
use crate::{Resource, Services};

/// Whose a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The account's.
    Account,
    /// It came with the program, and cannot be changed.
    Shipped,
}

/// One version of a document with all that is told about it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) owner: Owner,
    pub(super) version: DocumentVersion,
    pub(super) facts: Facts,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) approved_version: Option<u64>,
    pub(super) pending_version: Option<u64>,
}

impl Services {
    /// Returns the name behind a name or an ARN.
    pub(super) fn document_name<'n>(&self, text: &'n str) -> Result<&'n str, ServiceError> {
        name_of(text, &self.place().account_id)
    }

    /// Returns the document behind a name or an ARN, for the policies. What can be no document is left for the operation to refuse.
    pub(crate) fn document_resource(&self, text: &str) -> Resource {
        Resource::Document(self.document_name(text).unwrap_or(text).to_owned())
    }

    /// Returns the name of a document of the account's own, which may be changed.
    ///
    /// # Errors
    /// `refusal` for a document that is shipped.
    pub(super) fn own_document(
        &self,
        text: &str,
        refusal: &'static str,
    ) -> Result<String, ServiceError> {
        let name = self.document_name(text)?;
        if self.shipped().contains_key(name) {
            return Err(ServiceError::request(
                refusal,
                format!("the document {name} came with this release: it cannot be changed"),
            ));
        }
        Ok(name.to_owned())
    }

    /// Returns the version of a document that a request means, of the store or shipped.
    pub(super) async fn held_document(
        &self,
        text: &str,
        version: Option<&str>,
        version_name: Option<&str>,
    ) -> Result<Held, ServiceError> {
        let name = self.document_name(text)?.to_owned();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (wanted, wanted_name) = (owned(version), owned(version_name));
        let stored = {
            let name = name.clone();
            let read = move |tx: &ReadTx<'_>| -> Result<Option<Held>, ServiceError> {
                if documents::find(tx, &name)?.is_none() {
                    return Ok(None);
                }
                let found = version_of(tx, &name, wanted.as_deref(), wanted_name.as_deref())?;
                held(tx, found).map(Some)
            };
            self.store().read(read).await?
        };
        if let Some(held) = stored {
            return Ok(held);
        }
        let Some(document) = self.shipped().get(&name) else { return Err(no_document()) };
        let is_known = matches!(version, None | Some("$DEFAULT" | "$LATEST" | "1"));
        if !is_known || version_name.is_some() {
            return Err(unknown_version());
        }
        shipped(document)
    }
}

/// Returns the version that a number or alias, a version name, or both mean; the default if neither is given.
///
/// # Errors
/// `InvalidDocument` if there is no such document, `InvalidDocumentVersion` if it has no such version or the two disagree.
pub(super) fn version_of(
    tx: &ReadTx<'_>,
    name: &str,
    version: Option<&str>,
    version_name: Option<&str>,
) -> Result<DocumentVersion, ServiceError> {
    if documents::find(tx, name)?.is_none() {
        return Err(no_document());
    }
    let named = version_name.map(|text| documents::named(tx, name, text)).transpose()?;
    let version = match (version, named) {
        (_, Some(None)) => return Err(unknown_version()),
        (None, Some(Some(number))) => Version::Number(number),
        (version, _) => {
            Version::parse(version.unwrap_or("$DEFAULT")).ok_or_else(unknown_version)?
        }
    };
    let found = documents::get(tx, name, version)?.ok_or_else(unknown_version)?;
    match named.flatten() {
        Some(number) if number != found.version => Err(unknown_version()),
        Some(_) | None => Ok(found),
    }
}

/// Adds to a version of the store what else is told about it.
pub(super) fn held(tx: &ReadTx<'_>, version: DocumentVersion) -> Result<Held, ServiceError> {
    let name = &version.name;
    let facts = match &version.about.description {
        Some(text) => Facts::decode(text)?,
        // A version of an earlier release says nothing of its content.
        None => match check::value_of(name, &version.format, &version.content) {
            Ok(value) => Facts::of(&version.kind, &value),
            Err(_) => Facts::default(),
        },
    };
    let latest = |status| documents::latest_with_review(tx, name, status);
    Ok(Held {
        owner: Owner::Account,
        facts,
        tags: store::tags::list(tx, crate::tags::DOCUMENT, name)?,
        attachments: documents::attachments(tx, name, version.version)?,
        approved_version: latest(ReviewStatus::Approved)?,
        pending_version: latest(ReviewStatus::Pending)?,
        version,
    })
}

/// Shows a shipped document as the only version of its name.
pub(super) fn shipped(document: &ShippedDocument) -> Result<Held, ServiceError> {
    let ShippedDocument { name, content, .. } = document;
    let kind = kind_of(name, content)?;
    let format = format_of(content).name();
    Ok(Held {
        owner: Owner::Shipped,
        facts: Facts::of(kind, &check::value_of(name, format, content)?),
        tags: BTreeMap::new(),
        attachments: Vec::new(),
        approved_version: None,
        pending_version: None,
        version: DocumentVersion {
            name: name.clone(),
            kind: kind.to_owned(),
            version: 1,
            default_version: 1,
            latest_version: 1,
            format: format.to_owned(),
            content: content.clone(),
            digest: Digest::of(content.as_bytes()),
            created_ms: 0,
            about: About::default(),
            review_status: None,
        },
    })
}

pub(super) fn no_document() -> ServiceError {
    ServiceError::request("InvalidDocument", "The specified document does not exist.")
}

pub(super) fn unknown_version() -> ServiceError {
    ServiceError::request(
        "InvalidDocumentVersion",
        "The document version is not valid or does not exist.",
    )
}

pub(super) fn no_version(name: &str, version: &str) -> ServiceError {
    ServiceError::request(
        "InvalidDocumentVersion",
        format!("the document {name} has no version {version}"),
    )
}
