//! Reviews of versions.

use serde_json::json;
use ssm_model::types::document_reviews::{
    DocumentMetadataResponseInfo, DocumentReviewCommentSource, DocumentReviewerResponseSource,
    DocumentReviews, ListDocumentMetadataHistoryRequest, ListDocumentMetadataHistoryResponse,
    UpdateDocumentMetadataRequest, UpdateDocumentMetadataResponse,
};
use store::documents::{self, Review, ReviewStatus};
use store::{ReadTx, Tx};

use super::page::Page;
use super::select::version_of;
use super::shown::seconds;
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

const PAGE_MAX: u32 = 50;
const COMMENT: &str = "Comment";

/// What a reviewer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    SendForReview,
    UpdateReview,
    Approve,
    Reject,
}

impl Action {
    fn parse(text: &str) -> Result<Self, ServiceError> {
        match text {
            "SendForReview" => Ok(Self::SendForReview),
            "UpdateReview" => Ok(Self::UpdateReview),
            "Approve" => Ok(Self::Approve),
            "Reject" => Ok(Self::Reject),
            other => Err(ServiceError::validation(format!(
                "{other:?} is not an action of a review: SendForReview, UpdateReview, Approve and Reject are"
            ))),
        }
    }

    /// Returns the status that a review comes to, if the action may be taken in the status that it is in.
    fn from(self, status: Option<ReviewStatus>) -> Option<ReviewStatus> {
        let is_pending = status == Some(ReviewStatus::Pending);
        match self {
            Self::SendForReview => (!is_pending).then_some(ReviewStatus::Pending),
            Self::UpdateReview => status,
            Self::Approve => is_pending.then_some(ReviewStatus::Approved),
            Self::Reject => is_pending.then_some(ReviewStatus::Rejected),
        }
    }
}

impl Services {
    /// Takes a step in the review of a version, the latest unless one is named.
    ///
    /// A review is asked for, then approved or rejected; a comment can be added to one that was asked for.
    pub async fn update_document_metadata(
        &self,
        actor: &Actor,
        request: UpdateDocumentMetadataRequest,
    ) -> Result<UpdateDocumentMetadataResponse, ServiceError> {
        let UpdateDocumentMetadataRequest { document_reviews, document_version, name } = request;
        let name = self.own_document(&name, "InvalidDocumentOperation")?;
        let DocumentReviews { action: text, comment } = document_reviews;
        let action = Action::parse(&text)?;
        let comment = comment_text(comment.unwrap_or_default())?;
        let version = document_version.unwrap_or_else(|| "$LATEST".to_owned());
        let deed = Deed::new("UpdateDocumentMetadata", format!("document/{name}"))
            .details(json!({ "version": version, "action": text }));
        let (reviewer, created_ms) = (actor.principal.to_string(), now_ms());
        self.change(actor, deed, move |tx: &mut Tx<'_>| {
            let found = version_of(tx, &name, Some(&version), None)?;
            let Some(status) = action.from(found.review_status) else {
                let status = found.review_status.map_or("NOT_REVIEWED", ReviewStatus::name);
                return Err(ServiceError::request(
                    "InvalidDocumentOperation",
                    format!(
                        "the review of version {} is {status}: {text} is not possible",
                        found.version
                    ),
                ));
            };
            let review = Review {
                id: 0,
                status,
                reviewer: reviewer.clone(),
                comment: comment.clone(),
                created_ms,
            };
            documents::add_review(tx, &name, found.version, &review)?;
            Ok(UpdateDocumentMetadataResponse {})
        })
        .await
    }

    /// Returns the steps of the review of a version, newest first.
    pub async fn list_document_metadata_history(
        &self,
        request: ListDocumentMetadataHistoryRequest,
    ) -> Result<ListDocumentMetadataHistoryResponse, ServiceError> {
        if request.metadata != "DocumentReviews" {
            return Err(ServiceError::validation(format!(
                "{:?} is not kept of documents: DocumentReviews are",
                request.metadata
            )));
        }
        let name = self.own_document(&request.name, "InvalidDocument")?;
        let version = request.document_version;
        let list = format!("ListDocumentMetadataHistory {name} {version:?}");
        let page = Page::new(list, request.max_results, PAGE_MAX)?;
        let before = page.after_number(request.next_token.as_deref())?;
        let limit = page.limit + 1;
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            let found = version_of(tx, &name, version.as_deref(), None)?;
            let reviews = documents::reviews(tx, &name, found.version, before, limit)?;
            Ok((found, reviews))
        };
        let (found, mut reviews) = self.store().read(read).await?;
        let next_token = page.cut(&mut reviews, |review| review.id.to_string());
        Ok(ListDocumentMetadataHistoryResponse {
            author: found.about.author,
            document_version: Some(found.version.to_string()),
            metadata: Some(DocumentMetadataResponseInfo {
                reviewer_response: Some(reviews.into_iter().map(response).collect()),
            }),
            name: Some(found.name),
            next_token,
        })
    }
}

fn comment_text(
    comments: Vec<DocumentReviewCommentSource>,
) -> Result<Option<String>, ServiceError> {
    let mut comments = comments.into_iter();
    let first = comments.next();
    if comments.next().is_some() {
        return Err(ServiceError::validation("a step of a review has at most one comment"));
    }
    match first {
        Some(DocumentReviewCommentSource { r#type: Some(kind), .. }) if kind != COMMENT => Err(
            ServiceError::validation(format!("the comment has the type {kind:?}, not {COMMENT}")),
        ),
        Some(comment) => Ok(comment.content),
        None => Ok(None),
    }
}

fn response(review: Review) -> DocumentReviewerResponseSource {
    let comment = review.comment.map(|content| {
        vec![DocumentReviewCommentSource {
            content: Some(content),
            r#type: Some(COMMENT.to_owned()),
        }]
    });
    DocumentReviewerResponseSource {
        comment,
        create_time: Some(seconds(review.created_ms)),
        review_status: Some(review.status.name().to_owned()),
        reviewer: Some(review.reviewer),
        updated_time: Some(seconds(review.created_ms)),
    }
}
