//! `tags`.

use host_api::request::{HostRequest, TagsRequest};

use crate::activation::Activation;
use crate::bindings::runwright::host::tags::{Host, Tag};
use crate::host::CallError;

impl Host for Activation {
    async fn add(
        &mut self,
        resource_type: String,
        resource_id: String,
        tags: Vec<Tag>,
    ) -> Result<(), CallError> {
        let tag_bytes: usize = tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
        self.charge(resource_type.len() + resource_id.len() + tag_bytes)?;
        let tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        let request = TagsRequest::Add { resource_type, resource_id, tags };
        self.perform_unit(HostRequest::Tags(request)).await
    }
}
