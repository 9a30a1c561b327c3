//! Resource policies: documents that say with which other accounts a resource is shared.
//!
//! They are kept and shown, so that what manages SSM elsewhere manages us alike. An installation is one account, so there is nobody
//! to share with, and no policy here gives anybody in the account more, or takes anything away: that is for the policies of principals.
//! Parameters of the tier Advanced and documents of the store can have them.

mod document;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host_api::identifier::Digest;
use serde_json::json;
use ssm_model::types::resource_policies::{
    DeleteResourcePolicyRequest, DeleteResourcePolicyResponse, GetResourcePoliciesRequest,
    GetResourcePoliciesResponse, GetResourcePoliciesResponseEntry, PutResourcePolicyRequest,
    PutResourcePolicyResponse,
};
use store::resource_policies::{self, ResourcePolicy};
use store::{ReadTx, documents, parameters};
use uuid::Uuid;

use crate::Services;
use crate::access::Resource;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::parameters::Place;

/// Policies of one resource.
pub const POLICIES_MAX: u32 = 10;
/// The length of a policy in bytes.
pub const POLICY_BYTES_MAX: usize = 10_240;
const PAGE_MAX: u32 = 50;
/// The tier whose parameters can be shared.
const SHARED_TIER: &str = "Advanced";

/// A resource that can have policies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shared {
    /// The end of its ARN, which does not show whether the name begins with a slash.
    Parameter(String),
    Document(String),
}

impl Shared {
    fn resource(&self) -> Resource {
        match self {
            Self::Parameter(name) => Resource::Parameter(name.clone()),
            Self::Document(name) => Resource::Document(name.clone()),
        }
    }

    /// Reads an ARN.
    fn parse(arn: &str, place: &Place) -> Result<Self, ServiceError> {
        let Place { region, account_id } = place;
        let named =
            |kind: &str| arn.strip_prefix(&format!("arn:aws:ssm:{region}:{account_id}:{kind}/"));
        if named("opsitemgroup").is_some() {
            return Err(ServiceError::unavailable(
                "OpsCenter is not available in this release, so neither are policies of an OpsItemGroup",
            ));
        }
        let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let parameter = named("parameter").and_then(name).map(Self::Parameter);
        let document = || named("document").and_then(name).map(Self::Document);
        parameter.or_else(document).ok_or_else(|| {
            invalid(
                "ResourceArn",
                format!(
                    "{arn:?} is not the ARN of a parameter or a document of this account and region"
                ),
            )
        })
    }

    /// Refuses what does not exist.
    fn check_exists(&self, tx: &ReadTx<'_>) -> Result<(), ServiceError> {
        match self {
            Self::Parameter(name) => parameter_tier(tx, name)?.map(drop),
            Self::Document(name) => documents::find(tx, name)?.map(drop),
        }
        .ok_or_else(|| self.not_found())
    }

    /// Refuses what does not exist or cannot be shared.
    fn check_shareable(&self, tx: &ReadTx<'_>) -> Result<(), ServiceError> {
        let Self::Parameter(name) = self else { return self.check_exists(tx) };
        let tier = parameter_tier(tx, name)?.ok_or_else(|| self.not_found())?;
        if tier == SHARED_TIER {
            return Ok(());
        }
        Err(invalid(
            "ResourceArn",
            format!(
                "the parameter {name} is of the tier {tier}: only those of the tier {SHARED_TIER} can be shared"
            ),
        ))
    }

    fn not_found(&self) -> ServiceError {
        let (Self::Parameter(name) | Self::Document(name)) = self;
        ServiceError::request("ResourceNotFoundException", format!("there is no resource {name}"))
    }
}

fn parameter_tier(tx: &ReadTx<'_>, name: &str) -> Result<Option<String>, store::ReadError> {
    let path = format!("/{name}");
    let found = match parameters::get(tx, &path, None)? {
        None if !name.contains('/') => parameters::get(tx, name, None)?,
        found => found,
    };
    Ok(found.map(|found| found.parameter.tier))
}

impl Services {
    /// Attaches a policy to a resource; with `PolicyId` and `PolicyHash`, in the place of one that it has.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `ResourcePolicyInvalidParameterException`; `MalformedResourcePolicyDocumentException`;
    /// `ResourcePolicyNotFoundException`; `ResourcePolicyConflictException` if the hash is not that of the policy as it is now;
    /// `ResourcePolicyLimitExceededException` beyond [`POLICIES_MAX`] policies or [`POLICY_BYTES_MAX`].
    pub async fn put_resource_policy(
        &self,
        actor: &Actor,
        request: PutResourcePolicyRequest,
    ) -> Result<PutResourcePolicyResponse, ServiceError> {
        let PutResourcePolicyRequest { policy, policy_hash, policy_id, resource_arn } = request;
        let shared = Shared::parse(&resource_arn, self.place())?;
        document::check(&policy)?;
        let replaced = match (policy_id, policy_hash) {
            (None, None) => None,
            (Some(id), Some(hash)) => Some((id, hash)),
            (None, Some(_)) => {
                return Err(invalid("PolicyId", "a PolicyHash needs a PolicyId".to_owned()));
            }
            (Some(_), None) => {
                return Err(invalid(
                    "PolicyHash",
                    "a PolicyId needs the hash of the policy as it is".to_owned(),
                ));
            }
        };
        let id = replaced.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |(id, _)| id.clone());
        let new = ResourcePolicy { id, hash: Digest::of(policy.as_bytes()).to_string(), policy };
        let arn = shared.resource().arn(self.place());
        let deed = Deed::new("PutResourcePolicy", arn.as_str())
            .details(json!({ "policyId": new.id, "policyHash": new.hash }));
        self.change(actor, deed, move |tx| {
            shared.check_shareable(tx)?;
            match &replaced {
                Some((id, hash)) => check_current(tx, &arn, id, hash)?,
                None => check_room(tx, &arn)?,
            }
            resource_policies::put(tx, &arn, &new)?;
            Ok(PutResourcePolicyResponse {
                policy_hash: Some(new.hash.clone()),
                policy_id: Some(new.id.clone()),
            })
        })
        .await
    }

    /// Returns the policies of a resource, a page of at most 50, in the order of their ids.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `ResourcePolicyInvalidParameterException`, also for a token that no page returned.
    pub async fn get_resource_policies(
        &self,
        request: GetResourcePoliciesRequest,
    ) -> Result<GetResourcePoliciesResponse, ServiceError> {
        let GetResourcePoliciesRequest { max_results, next_token, resource_arn } = request;
        let shared = Shared::parse(&resource_arn, self.place())?;
        let limit = max_results.map_or(Some(PAGE_MAX), |asked| u32::try_from(asked).ok());
        let Some(limit) = limit.filter(|limit| (1..=PAGE_MAX).contains(limit)) else {
            return Err(invalid("MaxResults", format!("MaxResults is from 1 to {PAGE_MAX}")));
        };
        let after = next_token.as_deref().map(read_token).transpose()?.unwrap_or_default();
        let arn = shared.resource().arn(self.place());
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            shared.check_exists(tx)?;
            Ok(resource_policies::list(tx, &arn, &after, limit + 1)?)
        };
        let mut found = self.store().read(read).await?;
        let has_more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next_token = found.last().filter(|_| has_more).map(|last| token(&last.id));
        let entry = |policy: ResourcePolicy| GetResourcePoliciesResponseEntry {
            policy: Some(policy.policy),
            policy_hash: Some(policy.hash),
            policy_id: Some(policy.id),
        };
        Ok(GetResourcePoliciesResponse {
            next_token,
            policies: Some(found.into_iter().map(entry).collect()),
        })
    }

    /// Detaches a policy from a resource.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `ResourcePolicyInvalidParameterException`, `ResourcePolicyNotFoundException`,
    /// `ResourcePolicyConflictException` if the hash is not that of the policy as it is now.
    pub async fn delete_resource_policy(
        &self,
        actor: &Actor,
        request: DeleteResourcePolicyRequest,
    ) -> Result<DeleteResourcePolicyResponse, ServiceError> {
        let DeleteResourcePolicyRequest { deletion_mode, policy_hash, policy_id, resource_arn } =
            request;
        match deletion_mode.as_deref() {
            None | Some("RemoveSharing") => {}
            Some("RollbackMigration") => {
                return Err(ServiceError::unavailable(
                    "there is no migration of sharing that the deletion mode RollbackMigration could take back",
                ));
            }
            Some(other) => {
                return Err(invalid(
                    "DeletionMode",
                    format!("there is no deletion mode {other:?}"),
                ));
            }
        }
        let shared = Shared::parse(&resource_arn, self.place())?;
        let arn = shared.resource().arn(self.place());
        let deed = Deed::new("DeleteResourcePolicy", arn.as_str())
            .details(json!({ "policyId": policy_id, "policyHash": policy_hash }));
        self.change(actor, deed, move |tx| {
            shared.check_exists(tx)?;
            check_current(tx, &arn, &policy_id, &policy_hash)?;
            resource_policies::remove(tx, &arn, &policy_id)?;
            Ok(DeleteResourcePolicyResponse {})
        })
        .await
    }
}

/// Returns what policies of principals are asked about.
pub(crate) fn asked(resource_arn: &str, place: &Place) -> Result<Resource, ServiceError> {
    Ok(Shared::parse(resource_arn, place)?.resource())
}

/// Refuses to touch a policy that is not as its caller knows it.
fn check_current(tx: &ReadTx<'_>, arn: &str, id: &str, hash: &str) -> Result<(), ServiceError> {
    let Some(found) = resource_policies::find(tx, arn, id)? else {
        return Err(ServiceError::request(
            "ResourcePolicyNotFoundException",
            format!("{arn} has no policy {id}"),
        ));
    };
    if found.hash == hash {
        return Ok(());
    }
    Err(ServiceError::request(
        "ResourcePolicyConflictException",
        format!("the hash is not that of the policy {id} as it is now: read it again"),
    ))
}

fn check_room(tx: &ReadTx<'_>, arn: &str) -> Result<(), ServiceError> {
    if resource_policies::list(tx, arn, "", POLICIES_MAX)?.len() < POLICIES_MAX as usize {
        return Ok(());
    }
    Err(ServiceError::request(
        "ResourcePolicyLimitExceededException",
        format!("{arn} has {POLICIES_MAX} policies, as many as are allowed"),
    ))
}

fn invalid(parameter: &str, message: String) -> ServiceError {
    ServiceError::request("ResourcePolicyInvalidParameterException", message)
        .with_details(json!({ "ParameterNames": [parameter] }))
}

fn token(last_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(last_id)
}

fn read_token(token: &str) -> Result<String, ServiceError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let id = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    id.filter(|id| Uuid::parse_str(id).is_ok())
        .ok_or_else(|| invalid("NextToken", "the token is not from an earlier page".to_owned()))
}
