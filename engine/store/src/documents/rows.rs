//! Reading rows.

use host_api::identifier::Digest;
use rusqlite::Row;
use rusqlite::types::Type;

use super::reviews::ReviewStatus;
use super::{About, Document, DocumentVersion};

/// What [`read_version`] reads, in its order.
pub(super) const VERSION_COLUMNS: &str = "version, format, content, digest, created_ms, version_name, display_name, \
     target_type, author, requires, lock, description, review_status";

pub(super) fn read_document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        name: row.get(0)?,
        kind: row.get(1)?,
        default_version: row.get(2)?,
        latest_version: row.get(3)?,
    })
}

pub(super) fn read_version(
    document: &Document,
    row: &Row<'_>,
) -> rusqlite::Result<DocumentVersion> {
    Ok(DocumentVersion {
        name: document.name.clone(),
        kind: document.kind.clone(),
        version: row.get("version")?,
        default_version: document.default_version,
        latest_version: document.latest_version,
        format: row.get("format")?,
        content: row.get("content")?,
        digest: Digest::new(row.get::<_, String>("digest")?),
        created_ms: row.get("created_ms")?,
        about: About {
            version_name: row.get("version_name")?,
            display_name: row.get("display_name")?,
            target_type: row.get("target_type")?,
            author: row.get("author")?,
            requires: row.get("requires")?,
            lock: row.get("lock")?,
            description: row.get("description")?,
        },
        review_status: row
            .get::<_, Option<String>>("review_status")?
            .map(|text| review_status(&text))
            .transpose()?,
    })
}

pub(super) fn review_status(text: &str) -> rusqlite::Result<ReviewStatus> {
    ReviewStatus::parse(text).ok_or_else(|| {
        let message = format!("{text:?} is not the status of a review");
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, message.into())
    })
}
