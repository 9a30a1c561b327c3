//! Files that come with a version.

use std::collections::BTreeSet;

use host_api::grant::{GrantSet, Grants, Origin};
use host_api::identifier::Digest;
use host_api::limits::HTTP_BODY_BYTES_MAX;
use ssm_model::types::documents::AttachmentsSource;
use store::ReadTx;
use store::documents::{self, Attachment, NewAttachment};

use super::AUTOMATION;
use super::check::{Content, content_error};
use super::select::version_of;
use crate::access::{Access, Question};
use crate::actor::Actor;
use crate::error::ServiceError;
use crate::outbound::Outgoing;
use crate::{Resource, Services};

/// Files of a version.
pub const ATTACHMENTS_MAX: usize = 20;
/// Files of a version of a runbook.
pub const AUTOMATION_ATTACHMENTS_MAX: usize = 5;
/// A file in bytes: what the outbound client takes in.
pub const ATTACHMENT_BYTES_MAX: usize = HTTP_BODY_BYTES_MAX;
/// Where files may be fetched from, redirects too.
const FETCHED_FROM: [&str; 2] = ["http:GET:https://*/*", "http:GET:https://*:*/*"];
/// For fetching one file.
const FETCH_TIMEOUT_MS: u32 = 60_000;

/// Where a file comes from.
enum From {
    Url(String),
    Reference { document: String, version: String, file: String },
}

impl Services {
    /// Fetches the files that a version is to have.
    ///
    /// Those that the content gives a checksum for must have it.
    pub(super) async fn gather_attachments(
        &self,
        actor: &Actor,
        content: &Content,
        sources: Vec<AttachmentsSource>,
    ) -> Result<Vec<NewAttachment>, ServiceError> {
        let max =
            if content.kind == AUTOMATION { AUTOMATION_ATTACHMENTS_MAX } else { ATTACHMENTS_MAX };
        if sources.len() > max {
            return Err(ServiceError::validation(format!(
                "a document of the type {} has at most {max} attachments",
                content.kind
            )));
        }
        let mut named = Vec::with_capacity(sources.len());
        let mut seen = BTreeSet::new();
        for source in sources {
            let (name, from) = parse(source)?;
            if !seen.insert(name.clone()) {
                return Err(ServiceError::validation(format!(
                    "the attachment {name} is given twice"
                )));
            }
            named.push((name, from));
        }
        let mut gathered = Vec::with_capacity(named.len());
        for (name, from) in named {
            let new = match from {
                From::Url(url) => fetched(name, self.fetch(&url).await?),
                From::Reference { document, version, file } => {
                    self.referenced(actor, name, document, version, file).await?
                }
            };
            gathered.push(new);
        }
        check_sums(content, &gathered)?;
        Ok(gathered)
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, ServiceError> {
        let failed = |why: String| {
            ServiceError::validation(format!("the attachment could not be fetched: {why}"))
        };
        let parsed = Outgoing::parse_url(url).map_err(|error| failed(error.to_string()))?;
        let request = Outgoing {
            method: "GET".to_owned(),
            url: parsed,
            headers: Vec::new(),
            body: None,
            timeout_ms: FETCH_TIMEOUT_MS,
            repeatable: true,
            secret_body: false,
        };
        let needed = GrantSet::parse(FETCHED_FROM)
            .map_err(|error| ServiceError::internal(error.to_string()))?;
        // As for the need of an action: only what an operator names opens an address that is not public.
        let grants =
            Grants::new(Origin::Manifest, needed).under(Origin::Operator, self.ceiling().clone());
        let mut holds_secret = |_: &[&[u8]]| false;
        let received = self
            .outbound()
            .send(request, &grants, &mut holds_secret)
            .await
            .map_err(|error| failed(error.to_string()))?;
        if received.truncated {
            return Err(failed(format!(
                "it has more than {ATTACHMENT_BYTES_MAX} bytes, or broke off"
            )));
        }
        if received.status != 200 {
            return Err(failed(format!("the status of the answer is {}", received.status)));
        }
        Ok(received.body)
    }

    /// Takes over a file of another version, which the caller must be allowed to read.
    async fn referenced(
        &self,
        actor: &Actor,
        name: String,
        document: String,
        version: String,
        file: String,
    ) -> Result<NewAttachment, ServiceError> {
        let resources = [Resource::Document(document.clone())];
        let question = Question {
            operation: "GetDocument",
            access: Access::Read,
            resources: &resources,
            conditions: &[],
        };
        self.authorise(actor, question).await?;
        let read = move |tx: &ReadTx<'_>| -> Result<NewAttachment, ServiceError> {
            let none = || no_file(&document, &version, &file);
            let number =
                version_of(tx, &document, Some(&version), None).map_err(|_| none())?.version;
            let attachments = documents::attachments(tx, &document, number)?;
            let found = attachments.into_iter().find(|attachment| attachment.file == file);
            let attachment = Attachment { file: name.clone(), ..found.ok_or_else(none)? };
            let content = documents::attachment(tx, &document, number, &file)?;
            Ok(NewAttachment { attachment, content })
        };
        self.store().read(read).await
    }
}

fn no_file(document: &str, version: &str, file: &str) -> ServiceError {
    ServiceError::validation(format!("there is no attachment {document}/{version}/{file}"))
}

fn fetched(file: String, content: Vec<u8>) -> NewAttachment {
    let digest = Digest::of(&content);
    let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
    NewAttachment { attachment: Attachment { file, digest, bytes }, content: Some(content) }
}

/// Returns name and origin of a file.
fn parse(source: AttachmentsSource) -> Result<(String, From), ServiceError> {
    let AttachmentsSource { key, name, values } = source;
    let values = values.unwrap_or_default();
    let [value] = values.as_slice() else {
        return Err(ServiceError::validation(
            "an attachment has exactly one value: where it comes from",
        ));
    };
    let from = match key.as_deref() {
        Some("SourceUrl" | "S3FileUrl") => url(value)?,
        Some("AttachmentReference") => reference(value)?,
        Some(other) => {
            return Err(ServiceError::validation(format!(
                "{other:?} is not a source of attachments: SourceUrl, S3FileUrl and AttachmentReference are"
            )));
        }
        None => return Err(ServiceError::validation("an attachment has a Key")),
    };
    let last = match &from {
        From::Url(url) => url.split(['?', '#']).next().unwrap_or_default().rsplit('/').next(),
        From::Reference { file, .. } => Some(file.as_str()),
    };
    let name = name.unwrap_or_else(|| last.unwrap_or_default().to_owned());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if !(3..=128).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(ServiceError::validation(format!(
            "{name:?} is not the name of an attachment: 3 to 128 letters, digits and _ - . are allowed"
        )));
    }
    Ok((name, from))
}

fn url(value: &str) -> Result<From, ServiceError> {
    let lower = value.to_ascii_lowercase();
    if lower.starts_with("s3://") {
        return Err(ServiceError::unavailable(format!(
            "the attachment {value} is in a bucket: attachments are fetched from https:// only"
        )));
    }
    if !lower.starts_with("https://") {
        return Err(ServiceError::validation(format!(
            "the attachment {value} cannot be fetched: attachments are fetched from https:// only"
        )));
    }
    Ok(From::Url(value.to_owned()))
}

fn reference(value: &str) -> Result<From, ServiceError> {
    let path = value.rsplit_once(":document/").map_or(value, |(_, path)| path);
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [document, version, file]
            if [document, version, file].iter().all(|part| !part.is_empty()) =>
        {
            Ok(From::Reference {
                document: (*document).to_owned(),
                version: (*version).to_owned(),
                file: (*file).to_owned(),
            })
        }
        _ => Err(ServiceError::validation(format!(
            "{value:?} is not the reference of an attachment: document/version/file"
        ))),
    }
}

fn check_sums(content: &Content, gathered: &[NewAttachment]) -> Result<(), ServiceError> {
    for (file, wanted) in &content.checksums {
        let attachment = gathered.iter().find(|new| new.attachment.file == *file);
        if let Some(NewAttachment { attachment, .. }) = attachment
            && attachment.digest.as_str() != wanted
        {
            return Err(content_error(format!(
                "the attachment {file} has the digest {}, the content says {wanted}",
                attachment.digest
            )));
        }
    }
    Ok(())
}
