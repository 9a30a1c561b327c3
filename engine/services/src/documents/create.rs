//! Making documents.

use serde_json::json;
use ssm_model::types::documents::{CreateDocumentRequest, CreateDocumentResult};
use store::Tx;
use store::documents::{self, About, NewAttachment, NewVersion};

use super::kinds::Format;
use super::name::check_name;
use super::select::{held, version_of};
use super::{COMMAND, DOCUMENTS_MAX};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::{ServiceError, encode};
use crate::tags;

impl Services {
    /// Makes a document; its content becomes version 1 and the default.
    ///
    /// It can be used when this returns: no document is ever `Creating`.
    pub async fn create_document(
        &self,
        actor: &Actor,
        request: CreateDocumentRequest,
    ) -> Result<CreateDocumentResult, ServiceError> {
        let name = request.name;
        check_name(&name)?;
        let kind = request.document_type.as_deref().unwrap_or(COMMAND);
        let format = Format::parse(request.document_format.as_deref())?;
        let tags = checked_tags(request.tags.unwrap_or_default())?;
        let content = self.check_content(&name, kind, format, &request.content).await?;
        let files = self
            .gather_attachments(actor, &content, request.attachments.unwrap_or_default())
            .await?;
        let requires = request.requires.filter(|requires| !requires.is_empty());
        let about = About {
            version_name: request.version_name,
            display_name: request.display_name,
            target_type: request.target_type,
            author: Some(actor.principal.to_string()),
            requires: requires
                .map(|requires| Ok::<_, ServiceError>(encode(&requires)?.to_string()))
                .transpose()?,
            ..About::default()
        };
        let new = content.version(&name, about)?;
        let deed = Deed::new("CreateDocument", format!("document/{name}")).details(json!({
            "type": new.kind, "digest": new.digest.as_str(), "tags": tags.iter().map(|(key, _)| key).collect::<Vec<_>>(),
        }));
        let services = self.clone();
        let create = move |tx: &mut Tx<'_>| {
            create(tx, &new, &files)?;
            for (key, value) in &tags {
                store::tags::set(tx, tags::DOCUMENT, &new.name, key, value)?;
            }
            services.description(held(tx, version_of(tx, &new.name, None, None)?)?, None)
        };
        let description = self.change(actor, deed, create).await?;
        Ok(CreateDocumentResult { document_description: Some(description) })
    }
}

/// Stores the first version of a name that is free.
pub(super) fn create(
    tx: &mut Tx<'_>,
    new: &NewVersion,
    files: &[NewAttachment],
) -> Result<(), ServiceError> {
    if documents::find(tx, &new.name)?.is_some() {
        return Err(ServiceError::request(
            "DocumentAlreadyExists",
            "The specified document already exists.",
        ));
    }
    if documents::count(tx)? >= DOCUMENTS_MAX {
        return Err(ServiceError::request(
            "DocumentLimitExceeded",
            format!("there are {DOCUMENTS_MAX} documents already, which is the limit"),
        ));
    }
    // Tags of a resource that is gone are nobody's.
    store::tags::remove_all(tx, tags::DOCUMENT, &new.name)?;
    let version = documents::add_version(tx, new)?;
    documents::attach(tx, &new.name, version, files)?;
    Ok(())
}

fn checked_tags(
    given: Vec<ssm_model::types::tags::Tag>,
) -> Result<Vec<(String, String)>, ServiceError> {
    let given: Vec<tags::Tag> =
        given.into_iter().map(|tag| tags::Tag { key: tag.key, value: tag.value }).collect();
    tags::checked(&given)
}
