//! What SSM answers to a request that breaks the model, where that is not the model's own sentence as a `ValidationException`.

use ssm_model::{Refused, Violation};

use crate::error::ServiceError;
use crate::parameters;

/// A constraint of one member of one operation, by the beginning of its text, and what is answered if it alone is broken.
struct Exception {
    operation: &'static str,
    path: &'static str,
    constraint: &'static str,
    answer: fn(&Refused, &Violation) -> ServiceError,
}

const ENUM: &str = "Member must satisfy enum value set";
const LENGTH_AT_MOST: &str = "Member must have length less than or equal to";
const VALUE_AT_MOST: &str = "Member must have value less than or equal to";

const EXCEPTIONS: [Exception; 10] = [
    exception("AddTagsToResource", "resourceType", ENUM, resource_type),
    exception("ListTagsForResource", "resourceType", ENUM, resource_type),
    exception("RemoveTagsFromResource", "resourceType", ENUM, resource_type),
    exception("DescribeDocumentPermission", "permissionType", ENUM, permission_type),
    exception("ModifyDocumentPermission", "permissionType", ENUM, permission_type),
    exception("LabelParameterVersion", "labels", LENGTH_AT_MOST, labels),
    exception("PutParameter", "type", ENUM, parameter_type),
    exception("GetParameters", "names", LENGTH_AT_MOST, with_full_stop),
    exception("DeleteParameters", "names", LENGTH_AT_MOST, with_full_stop),
    exception("GetParameterHistory", "maxResults", VALUE_AT_MOST, with_full_stop),
];

const fn exception(
    operation: &'static str,
    path: &'static str,
    constraint: &'static str,
    answer: fn(&Refused, &Violation) -> ServiceError,
) -> Exception {
    Exception { operation, path, constraint, answer }
}

/// Returns the error for a request that the model refuses.
pub(super) fn of(operation: &str, refused: &Refused) -> ServiceError {
    let own = match refused {
        Refused::Invalid { violations, total: 1 } => violations.first().and_then(|violation| {
            let is_meant = |one: &&Exception| {
                one.operation == operation
                    && one.path == violation.path
                    && violation.constraint.starts_with(one.constraint)
            };
            EXCEPTIONS.iter().find(is_meant).map(|one| (one.answer)(refused, violation))
        }),
        Refused::Invalid { .. } | Refused::Malformed { .. } => None,
    };
    own.unwrap_or_else(|| ServiceError::request(refused.code(), refused.to_string()))
}

fn resource_type(refused: &Refused, _: &Violation) -> ServiceError {
    ServiceError::request("InvalidResourceType", refused.to_string())
}

fn permission_type(refused: &Refused, _: &Violation) -> ServiceError {
    ServiceError::request("InvalidPermissionType", refused.to_string())
}

fn labels(_: &Refused, _: &Violation) -> ServiceError {
    parameters::too_many_labels()
}

/// SSM names the types in another order than its model.
fn parameter_type(refused: &Refused, violation: &Violation) -> ServiceError {
    let types = format!("{ENUM}: [SecureString, StringList, String]");
    ServiceError::validation(refused.to_string().replace(&violation.constraint, &types))
}

fn with_full_stop(refused: &Refused, _: &Violation) -> ServiceError {
    ServiceError::validation(format!("{refused}."))
}
