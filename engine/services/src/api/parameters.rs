//! Operations of Parameter Store.

use super::Operation;
use crate::Services;
use crate::access::{Access, Resource};
use crate::error::ServiceError;
use crate::parameters::{
    DeleteParameterRequest, GetParameterRequest, GetParametersRequest, ParameterName,
    PutParameterRequest, Selected,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            "PutParameter",
            Access::Write,
            |_, request: &PutParameterRequest| written(&request.name),
            |services, actor, request| async move { services.put_parameter(&actor, request).await },
        ),
        Operation::new(
            "GetParameter",
            Access::Read,
            |services, request: &GetParameterRequest| selected(services, [&request.name]),
            |services, actor, request| async move { services.get_parameter(&actor, request).await },
        ),
        Operation::new(
            "GetParameters",
            Access::Read,
            |services, request: &GetParametersRequest| selected(services, &request.names),
            |services, actor, request| async move { services.get_parameters(&actor, request).await },
        ),
        Operation::new(
            "DeleteParameter",
            Access::Write,
            |_, request: &DeleteParameterRequest| written(&request.name),
            |services, actor, request| async move {
                services.delete_parameter(&actor, request).await?;
                Ok(serde_json::json!({}))
            },
        ),
    ]
}

fn written(name: &str) -> Result<Vec<Resource>, ServiceError> {
    Ok(vec![Resource::Parameter(ParameterName::for_reading(name)?.as_str().to_owned())])
}

/// Returns the parameters behind names that may have a selector. What can be no parameter is left for the operation to refuse.
fn selected<'n>(
    services: &Services,
    names: impl IntoIterator<Item = &'n String>,
) -> Result<Vec<Resource>, ServiceError> {
    let name = |text: &'n String| match Selected::parse(text, services.place()) {
        Ok(selected) => Resource::Parameter(selected.name.as_str().to_owned()),
        Err(_) => Resource::Parameter(text.clone()),
    };
    Ok(names.into_iter().map(name).collect())
}
