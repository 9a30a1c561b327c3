//! Tags of rules.

use std::collections::BTreeSet;

use serde_json::json;
use store::{ReadTx, event_rules};

use super::{
    ListTagsRequest, ListTagsResponse, Nothing, Tag, TagResourceRequest, UntagResourceRequest,
    not_found, rule_not_found,
};
use crate::Services;
use crate::access::Resource;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::parameters::Place;
use crate::tags::{EVENT_RULE, TAGS_MAX};

impl Services {
    /// Adds tags to a rule; a tag with a key that is there takes its place.
    ///
    /// # Errors
    /// `ManagedRuleException`, `ResourceNotFoundException`, and `ValidationException`, also if it would have more than [`TAGS_MAX`].
    pub async fn tag_event_resource(
        &self,
        actor: &Actor,
        request: TagResourceRequest,
    ) -> Result<Nothing, ServiceError> {
        let name = self.tagged_rule(&request.resource_arn)?;
        let tags = checked(&request.tags)?;
        let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
        let deed = Deed::new("events:TagResource", request.resource_arn.as_str())
            .details(json!({ "keys": keys }));
        self.change(actor, deed, move |tx| {
            check_exists(tx, &name)?;
            for (key, value) in &tags {
                store::tags::set(tx, EVENT_RULE, &name, key, value)?;
            }
            if store::tags::list(tx, EVENT_RULE, &name)?.len() > TAGS_MAX {
                return Err(too_many());
            }
            Ok(Nothing {})
        })
        .await
    }

    /// Removes the tags with these keys from a rule. A key that it does not have is no error.
    ///
    /// # Errors
    /// `ManagedRuleException`, `ResourceNotFoundException`.
    pub async fn untag_event_resource(
        &self,
        actor: &Actor,
        request: UntagResourceRequest,
    ) -> Result<Nothing, ServiceError> {
        let name = self.tagged_rule(&request.resource_arn)?;
        let keys = request.tag_keys;
        let deed = Deed::new("events:UntagResource", request.resource_arn.as_str())
            .details(json!({ "keys": keys }));
        self.change(actor, deed, move |tx| {
            check_exists(tx, &name)?;
            for key in &keys {
                store::tags::remove(tx, EVENT_RULE, &name, key)?;
            }
            Ok(Nothing {})
        })
        .await
    }

    /// Returns the tags of a rule, in the order of their keys.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub async fn list_event_tags(
        &self,
        request: ListTagsRequest,
    ) -> Result<ListTagsResponse, ServiceError> {
        let name = rule_of(&request.resource_arn, self.place())?;
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            check_exists(tx, &name)?;
            Ok(store::tags::list(tx, EVENT_RULE, &name)?)
        };
        let tags = self.store().read(read).await?.into_iter();
        Ok(ListTagsResponse { tags: tags.map(|(key, value)| Tag { key, value }).collect() })
    }

    fn tagged_rule(&self, arn: &str) -> Result<String, ServiceError> {
        let name = rule_of(arn, self.place())?;
        self.check_unmanaged(&name)?;
        Ok(name)
    }
}

/// Returns what policies are asked about when the tags of a resource are read or changed.
pub(crate) fn tagged(arn: &str, place: &Place) -> Result<Resource, ServiceError> {
    Ok(Resource::EventRule(rule_of(arn, place)?))
}

fn rule_of(arn: &str, place: &Place) -> Result<String, ServiceError> {
    let Place { region, account_id } = place;
    let here = format!("arn:aws:events:{region}:{account_id}:");
    match arn.strip_prefix(&here).and_then(|rest| rest.split_once('/')) {
        Some(("rule", name)) if !name.is_empty() && !name.contains('/') => Ok(name.to_owned()),
        Some(("event-bus", _)) => {
            Err(ServiceError::unavailable("an event bus has no tags in this release"))
        }
        _ => Err(not_found(format!("{arn} is no rule of this account and region."))),
    }
}

fn check_exists(tx: &ReadTx<'_>, name: &str) -> Result<(), ServiceError> {
    event_rules::find(tx, name)?.map(drop).ok_or_else(|| rule_not_found(name))
}

fn too_many() -> ServiceError {
    ServiceError::validation(format!("a rule has at most {TAGS_MAX} tags"))
}

/// Checks tags as those of other resources, with the errors of `EventBridge`.
pub(super) fn checked(tags: &[Tag]) -> Result<Vec<(String, String)>, ServiceError> {
    let keys: BTreeSet<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    if keys.len() < tags.len() {
        return Err(ServiceError::validation(
            "Invalid parameter: Duplicated keys are not allowed.",
        ));
    }
    if tags.len() > TAGS_MAX {
        return Err(too_many());
    }
    crate::tags::checked(tags)
}
