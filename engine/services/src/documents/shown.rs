//! Documents as SSM shows them.

use serde::de::DeserializeOwned;
use ssm_model::types::documents::{
    AttachmentContent, AttachmentInformation, DocumentDescription, DocumentIdentifier,
    DocumentVersionInfo, ReviewInformation,
};
use ssm_model::types::tags::Tag;
use store::documents::{DocumentVersion, Review};

use super::select::{Held, Owner};
use crate::Services;
use crate::error::ServiceError;

/// The status of every version: what is stored is whole.
pub(super) const ACTIVE: &str = "Active";
pub(super) const HASH_TYPE: &str = "Sha256";
/// The owner of what is shipped.
pub(super) const AMAZON: &str = "Amazon";

impl Services {
    pub(super) fn owner_name(&self, owner: Owner) -> String {
        match owner {
            Owner::Account => self.place().account_id.clone(),
            Owner::Shipped => AMAZON.to_owned(),
        }
    }

    /// Returns all that is told of a version. `review` is the last thing that was said in its review.
    pub(super) fn description(
        &self,
        held: Held,
        review: Option<Review>,
    ) -> Result<DocumentDescription, ServiceError> {
        let Held { owner, version, facts, tags, attachments, approved_version, pending_version } =
            held;
        let about = version.about.clone();
        Ok(DocumentDescription {
            approved_version: approved_version.map(|number| number.to_string()),
            attachments_information: some(
                attachments
                    .into_iter()
                    .map(|attachment| AttachmentInformation { name: Some(attachment.file) })
                    .collect(),
            ),
            author: about.author,
            created_date: created(owner, &version),
            default_version: Some(version.default_version.to_string()),
            description: facts.description,
            display_name: about.display_name,
            document_format: Some(version.format),
            document_type: Some(version.kind),
            document_version: Some(version.version.to_string()),
            hash: Some(version.digest.to_string()),
            hash_type: Some(HASH_TYPE.to_owned()),
            latest_version: Some(version.latest_version.to_string()),
            name: Some(version.name),
            owner: Some(self.owner_name(owner)),
            parameters: Some(facts.parameters),
            pending_review_version: pending_version.map(|number| number.to_string()),
            platform_types: Some(facts.platform_types),
            requires: decoded(about.requires.as_deref())?,
            review_information: review.map(|review| vec![review_information(review)]),
            review_status: version.review_status.map(|status| status.name().to_owned()),
            schema_version: facts.schema_version,
            status: Some(ACTIVE.to_owned()),
            tags: some(tag_list(tags)),
            target_type: about.target_type,
            version_name: about.version_name,
            ..DocumentDescription::default()
        })
    }

    /// Returns what a list tells of a document.
    pub(super) fn identifier(&self, held: Held) -> Result<DocumentIdentifier, ServiceError> {
        let Held { owner, version, facts, tags, .. } = held;
        let about = version.about.clone();
        Ok(DocumentIdentifier {
            author: about.author,
            created_date: created(owner, &version),
            display_name: about.display_name,
            document_format: Some(version.format),
            document_type: Some(version.kind),
            document_version: Some(version.version.to_string()),
            name: Some(version.name),
            owner: Some(self.owner_name(owner)),
            platform_types: Some(facts.platform_types),
            requires: decoded(about.requires.as_deref())?,
            review_status: version.review_status.map(|status| status.name().to_owned()),
            schema_version: facts.schema_version,
            tags: Some(tag_list(tags)),
            target_type: about.target_type,
            version_name: about.version_name,
        })
    }
}

/// Returns what a list of versions tells of one.
pub(super) fn version_info(owner: Owner, version: DocumentVersion) -> DocumentVersionInfo {
    DocumentVersionInfo {
        created_date: created(owner, &version),
        display_name: version.about.display_name,
        document_format: Some(version.format),
        document_version: Some(version.version.to_string()),
        is_default_version: Some(version.version == version.default_version),
        name: Some(version.name),
        review_status: version.review_status.map(|status| status.name().to_owned()),
        status: Some(ACTIVE.to_owned()),
        status_information: None,
        version_name: version.about.version_name,
    }
}

pub(super) fn attachments_content(held: &Held) -> Option<Vec<AttachmentContent>> {
    let shown = held.attachments.iter().map(|attachment| AttachmentContent {
        hash: Some(attachment.digest.to_string()),
        hash_type: Some(HASH_TYPE.to_owned()),
        name: Some(attachment.file.clone()),
        size: i64::try_from(attachment.bytes).ok(),
        url: None,
    });
    some(shown.collect())
}

fn review_information(review: Review) -> ReviewInformation {
    ReviewInformation {
        reviewed_time: Some(seconds(review.created_ms)),
        reviewer: Some(review.reviewer),
        status: Some(review.status.name().to_owned()),
    }
}

fn tag_list(tags: std::collections::BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

pub(super) fn decoded<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, ServiceError> {
    text.map(serde_json::from_str).transpose().map_err(|error| {
        ServiceError::internal(format!("what is kept of a document cannot be read: {error}"))
    })
}

/// Nobody knows when a shipped document was made.
pub(super) fn created(owner: Owner, version: &DocumentVersion) -> Option<f64> {
    (owner == Owner::Account).then(|| seconds(version.created_ms))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in a double")]
pub(super) fn seconds(time_ms: u64) -> f64 {
    time_ms as f64 / 1_000.0
}
