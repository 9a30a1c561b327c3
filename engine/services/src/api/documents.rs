//! Operations on documents.

use ssm_model::types::document_reviews::{
    ListDocumentMetadataHistoryRequest, UpdateDocumentMetadataRequest,
};
use ssm_model::types::documents::{
    CreateDocumentRequest, DeleteDocumentRequest, DescribeDocumentPermissionRequest,
    DescribeDocumentRequest, GetDocumentRequest, ListDocumentVersionsRequest,
    ModifyDocumentPermissionRequest, UpdateDocumentDefaultVersionRequest, UpdateDocumentRequest,
};

use super::{Operation, account};
use crate::Services;
use crate::access::{Access, Resource};

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = writes();
    operations.extend(reads());
    operations
}

fn writes() -> Vec<Operation> {
    vec![
        Operation::new(
            "CreateDocument",
            Access::Write,
            |services, request: &CreateDocumentRequest| Ok(one(services, &request.name)),
            |services, actor, request| async move { services.create_document(&actor, request).await },
        ),
        Operation::new(
            "UpdateDocument",
            Access::Write,
            |services, request: &UpdateDocumentRequest| Ok(one(services, &request.name)),
            |services, actor, request| async move { services.update_document(&actor, request).await },
        ),
        Operation::new(
            "UpdateDocumentDefaultVersion",
            Access::Write,
            |services, request: &UpdateDocumentDefaultVersionRequest| {
                Ok(one(services, &request.name))
            },
            |services, actor, request| async move {
                services.update_document_default_version(&actor, request).await
            },
        ),
        Operation::new(
            "UpdateDocumentMetadata",
            Access::Write,
            |services, request: &UpdateDocumentMetadataRequest| Ok(one(services, &request.name)),
            |services, actor, request| async move {
                services.update_document_metadata(&actor, request).await
            },
        ),
        Operation::new(
            "DeleteDocument",
            Access::Write,
            |services, request: &DeleteDocumentRequest| Ok(one(services, &request.name)),
            |services, actor, request| async move { services.delete_document(&actor, request).await },
        ),
        Operation::new(
            "ModifyDocumentPermission",
            Access::Write,
            |services, request: &ModifyDocumentPermissionRequest| Ok(one(services, &request.name)),
            |services, actor, request| async move {
                services.modify_document_permission(&actor, request).await
            },
        ),
    ]
}

fn reads() -> Vec<Operation> {
    vec![
        Operation::new(
            "GetDocument",
            Access::Read,
            |services, request: &GetDocumentRequest| Ok(one(services, &request.name)),
            |services, _, request| async move { services.get_document(request).await },
        ),
        Operation::new(
            "DescribeDocument",
            Access::Read,
            |services, request: &DescribeDocumentRequest| Ok(one(services, &request.name)),
            |services, _, request| async move { services.describe_document(request).await },
        ),
        Operation::new("ListDocuments", Access::Read, account, |services, _, request| async move {
            services.list_documents(request).await
        }),
        Operation::new(
            "ListDocumentVersions",
            Access::Read,
            |services, request: &ListDocumentVersionsRequest| Ok(one(services, &request.name)),
            |services, _, request| async move { services.list_document_versions(request).await },
        ),
        Operation::new(
            "ListDocumentMetadataHistory",
            Access::Read,
            |services, request: &ListDocumentMetadataHistoryRequest| {
                Ok(one(services, &request.name))
            },
            |services, _, request| async move { services.list_document_metadata_history(request).await },
        ),
        Operation::new(
            "DescribeDocumentPermission",
            Access::Read,
            |services, request: &DescribeDocumentPermissionRequest| {
                Ok(one(services, &request.name))
            },
            |services, _, request| async move { services.describe_document_permission(request).await },
        ),
    ]
}

fn one(services: &Services, name: &str) -> Vec<Resource> {
    vec![services.document_resource(name)]
}
