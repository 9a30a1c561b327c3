//! What reviewers said of versions.

use rusqlite::params;

use super::rows::review_status;
use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// How far the review of a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewStatus {
    NotReviewed,
    Pending,
    Approved,
    Rejected,
}

impl ReviewStatus {
    /// Returns SSM's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotReviewed => "NOT_REVIEWED",
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::NotReviewed, Self::Pending, Self::Approved, Self::Rejected];
        all.into_iter().find(|status| status.name() == text)
    }
}

/// One step of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Grows with each review.
    pub id: i64,
    pub status: ReviewStatus,
    pub reviewer: String,
    pub comment: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// Adds a step to the review of a version, whose status becomes that of the step. The id of `review` is not used.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such version.
pub fn add_review(
    tx: &mut Tx<'_>,
    name: &str,
    version: u64,
    review: &Review,
) -> Result<(), WriteError> {
    let changed = tx.execute(
        "UPDATE document_versions SET review_status = $1 WHERE name = $2 AND version = $3",
        params![review.status.name(), name, version],
    )?;
    if changed == 0 {
        return Err(WriteError::not_found("document version", &format!("{name}:{version}")));
    }
    tx.execute(
        "INSERT INTO document_reviews (name, version, status, reviewer, comment, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            name,
            version,
            review.status.name(),
            review.reviewer,
            review.comment,
            review.created_ms
        ],
    )?;
    Ok(())
}

/// Returns up to `limit` steps of the review of a version, newest first, before the step `before`.
pub fn reviews(
    tx: &ReadTx<'_>,
    name: &str,
    version: u64,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Review>, ReadError> {
    tx.rows(
        "SELECT id, status, reviewer, comment, created_ms FROM document_reviews
         WHERE name = $1 AND version = $2 AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        params![name, version, before, limit],
        |row| {
            Ok(Review {
                id: row.get(0)?,
                status: review_status(&row.get::<_, String>(1)?)?,
                reviewer: row.get(2)?,
                comment: row.get(3)?,
                created_ms: row.get(4)?,
            })
        },
    )
}

/// Returns the highest number among the versions of a document whose review has this status, if there is one.
pub fn latest_with_review(
    tx: &ReadTx<'_>,
    name: &str,
    status: ReviewStatus,
) -> Result<Option<u64>, ReadError> {
    let sql = "SELECT max(version) FROM document_versions WHERE name = $1 AND review_status = $2";
    Ok(tx.row(sql, [name, status.name()], |row| row.get(0))?.flatten())
}
