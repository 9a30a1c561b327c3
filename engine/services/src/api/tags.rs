//! Operations on tags.

use ssm_model::types::tags::{
    AddTagsToResourceRequest, ListTagsForResourceRequest, RemoveTagsFromResourceRequest,
};

use super::Operation;
use crate::access::Access;
use crate::tags::tagged;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            "AddTagsToResource",
            Access::Write,
            |_, request: &AddTagsToResourceRequest| {
                Ok(vec![tagged(&request.resource_type, &request.resource_id)])
            },
            |services, actor, request| async move {
                services.add_tags_to_resource(&actor, request).await
            },
        ),
        Operation::new(
            "RemoveTagsFromResource",
            Access::Write,
            |_, request: &RemoveTagsFromResourceRequest| {
                Ok(vec![tagged(&request.resource_type, &request.resource_id)])
            },
            |services, actor, request| async move {
                services.remove_tags_from_resource(&actor, request).await
            },
        ),
        Operation::new(
            "ListTagsForResource",
            Access::Read,
            |_, request: &ListTagsForResourceRequest| {
                Ok(vec![tagged(&request.resource_type, &request.resource_id)])
            },
            |services, _, request| async move { services.list_tags_for_resource(request).await },
        ),
    ]
}
