//! Operations of Parameter Store.

use super::{Operation, account};
use crate::Services;
use crate::access::{Access, Resource};
use crate::error::ServiceError;
use crate::parameters::{
    DeleteParameterRequest, DeleteParametersRequest, DescribeParametersRequest,
    GetParameterHistoryRequest, GetParameterRequest, GetParametersByPathRequest,
    GetParametersRequest, LabelParameterVersionRequest, ParameterName, PutParameterRequest,
    Selected, UnlabelParameterVersionRequest,
};

pub(super) fn operations() -> Vec<Operation> {
    reading().into_iter().chain(writing()).collect()
}

fn reading() -> Vec<Operation> {
    vec![
        Operation::new(
            "GetParameter",
            Access::Read,
            |services, request: &GetParameterRequest| Ok(selected(services, [&request.name])),
            |services, actor, request| async move { services.get_parameter(&actor, request).await },
        ),
        Operation::new(
            "GetParameters",
            Access::Read,
            |services, request: &GetParametersRequest| Ok(selected(services, &request.names)),
            |services, actor, request| async move { services.get_parameters(&actor, request).await },
        ),
        Operation::new(
            "GetParametersByPath",
            Access::Read,
            |_, request: &GetParametersByPathRequest| {
                Ok(vec![Resource::Parameter(request.path.trim().to_owned())])
            },
            |services, actor, request| async move {
                services.get_parameters_by_path(&actor, request).await
            },
        ),
        Operation::new(
            "GetParameterHistory",
            Access::Read,
            |services, request: &GetParameterHistoryRequest| {
                Ok(selected(services, [&request.name]))
            },
            |services, actor, request| async move {
                services.get_parameter_history(&actor, request).await
            },
        ),
        Operation::new(
            "DescribeParameters",
            Access::Read,
            account::<DescribeParametersRequest>,
            |services, _, request| async move { services.describe_parameters(request).await },
        ),
    ]
}

fn writing() -> Vec<Operation> {
    vec![
        Operation::new(
            "PutParameter",
            Access::Write,
            |_, request: &PutParameterRequest| written(&request.name),
            |services, actor, request| async move { services.put_parameter(&actor, request).await },
        ),
        Operation::new(
            "DeleteParameter",
            Access::Write,
            |_, request: &DeleteParameterRequest| written(&request.name),
            |services, actor, request| async move { services.delete_parameter(&actor, request).await },
        ),
        Operation::new(
            "DeleteParameters",
            Access::Write,
            |_, request: &DeleteParametersRequest| {
                let names = request.names.iter();
                Ok(names.map(|name| Resource::Parameter(name.trim().to_owned())).collect())
            },
            |services, actor, request| async move { services.delete_parameters(&actor, request).await },
        ),
        Operation::new(
            "LabelParameterVersion",
            Access::Write,
            |_, request: &LabelParameterVersionRequest| written(&request.name),
            |services, actor, request| async move {
                services.label_parameter_version(&actor, request).await
            },
        ),
        Operation::new(
            "UnlabelParameterVersion",
            Access::Write,
            |_, request: &UnlabelParameterVersionRequest| written(&request.name),
            |services, actor, request| async move {
                services.unlabel_parameter_version(&actor, request).await
            },
        ),
    ]
}

fn written(name: &str) -> Result<Vec<Resource>, ServiceError> {
    Ok(vec![Resource::Parameter(ParameterName::for_reading(name)?.as_str().to_owned())])
}

/// Returns the parameters behind names that may have a selector. What can be no parameter is left for the operation to refuse.
fn selected<'n>(services: &Services, names: impl IntoIterator<Item = &'n String>) -> Vec<Resource> {
    let name = |text: &'n String| match Selected::parse(text, services.place()) {
        Ok(selected) => Resource::Parameter(selected.name.as_str().to_owned()),
        Err(_) => Resource::Parameter(text.clone()),
    };
    names.into_iter().map(name).collect()
}
