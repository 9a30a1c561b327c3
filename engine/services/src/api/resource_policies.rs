//! Operations on resource policies.

use ssm_model::types::resource_policies::{
    DeleteResourcePolicyRequest, GetResourcePoliciesRequest, PutResourcePolicyRequest,
};

use super::Operation;
use crate::access::Access;
use crate::resource_policies::asked;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            "PutResourcePolicy",
            Access::Write,
            |services, request: &PutResourcePolicyRequest| {
                Ok(vec![asked(&request.resource_arn, services.place())?])
            },
            |services, actor, request| async move {
                services.put_resource_policy(&actor, request).await
            },
        ),
        Operation::new(
            "GetResourcePolicies",
            Access::Read,
            |services, request: &GetResourcePoliciesRequest| {
                Ok(vec![asked(&request.resource_arn, services.place())?])
            },
            |services, _, request| async move { services.get_resource_policies(request).await },
        ),
        Operation::new(
            "DeleteResourcePolicy",
            Access::Write,
            |services, request: &DeleteResourcePolicyRequest| {
                Ok(vec![asked(&request.resource_arn, services.place())?])
            },
            |services, actor, request| async move {
                services.delete_resource_policy(&actor, request).await
            },
        ),
    ]
}
