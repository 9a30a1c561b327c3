//! Parameters by path and by name.

use store::ReadTx;
use store::parameters::{self, ParameterVersion, StoredValue};

use super::{
    DescribeParametersRequest, DescribeParametersResult, GetParametersByPathRequest,
    GetParametersByPathResult, ParameterMetadata, ParameterName, parse_kind, rules,
};
use crate::Services;
use crate::actor::Actor;
use crate::error::ServiceError;

const BY_PATH_MAX: u32 = 10;
const DESCRIBE_MAX: u32 = 50;

impl Services {
    /// Returns the parameters below a path, a page of at most 10, in the order of their names.
    pub async fn get_parameters_by_path(
        &self,
        actor: &Actor,
        request: GetParametersByPathRequest,
    ) -> Result<GetParametersByPathResult, ServiceError> {
        if !request.parameter_filters.is_empty() {
            return Err(ServiceError::unavailable(
                "filters of GetParametersByPath are not available yet",
            ));
        }
        let limit = limit(request.max_results, BY_PATH_MAX)?;
        let decrypt = request.with_decryption == Some(true);
        let after = request.next_token.as_deref().map(token_name).transpose()?;
        let recursive = request.recursive == Some(true);
        let mut found = self.below(&request.path, recursive, after, limit + 1).await?;
        let next_token = cut(&mut found, limit);
        let parameters = found
            .into_iter()
            .map(|found| self.shown(found, decrypt))
            .collect::<Result<Vec<_>, _>>()?;
        self.record_decryption(actor, &parameters, decrypt).await?;
        Ok(GetParametersByPathResult { parameters, next_token })
    }

    /// Returns the latest versions below a path.
    pub(crate) async fn below(
        &self,
        path: &str,
        recursive: bool,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<ParameterVersion>, ServiceError> {
        if !path.starts_with('/') {
            return Err(ServiceError::validation(format!(
                "the path {path:?} must begin with a slash"
            )));
        }
        let path = ParameterName::for_reading(path)?;
        let read = move |tx: &ReadTx<'_>| {
            parameters::by_path(tx, path.as_str(), recursive, after.as_deref(), limit)
        };
        Ok(self.store().read(read).await?)
    }

    /// Returns what is known of parameters beside their values, a page of at most 50.
    pub async fn describe_parameters(
        &self,
        request: DescribeParametersRequest,
    ) -> Result<DescribeParametersResult, ServiceError> {
        let limit = limit(request.max_results, DESCRIBE_MAX)?;
        let (prefix, exact) = name_filter(&request)?;
        let after = request.next_token.as_deref().map(token_name).transpose()?;
        let read = move |tx: &ReadTx<'_>| -> Result<Vec<ParameterVersion>, ServiceError> {
            if exact {
                return Ok(parameters::get(tx, &prefix, None)?.into_iter().collect());
            }
            Ok(parameters::list(tx, &prefix, after.as_deref(), limit + 1)?)
        };
        let mut found = self.store().read(read).await?;
        let next_token = cut(&mut found, limit);
        let parameters =
            found.into_iter().map(|found| self.metadata(found)).collect::<Result<Vec<_>, _>>()?;
        Ok(DescribeParametersResult { parameters, next_token })
    }

    fn metadata(&self, found: ParameterVersion) -> Result<ParameterMetadata, ServiceError> {
        let ParameterVersion { version, parameter } = found;
        let name = ParameterName::for_reading(&parameter.name)?;
        let sealed = matches!(parameter.value, StoredValue::Sealed(_));
        Ok(ParameterMetadata {
            arn: name.arn(self.place()),
            r#type: parse_kind(&parameter.kind)?,
            name: parameter.name,
            key_id: sealed.then(|| rules::DEFAULT_KEY_ID.to_owned()),
            last_modified_date: crate::clock::seconds(parameter.last_modified_ms),
            last_modified_user: parameter.last_modified_by,
            description: parameter.description,
            allowed_pattern: parameter.allowed_pattern,
            version,
            tier: parameter.tier,
            data_type: parameter.data_type,
        })
    }
}

/// Returns the name, or its beginning, that the filters ask for, and whether it is the whole name.
fn name_filter(request: &DescribeParametersRequest) -> Result<(String, bool), ServiceError> {
    let filter = match request.parameter_filters.as_slice() {
        [] => return Ok((String::new(), false)),
        [filter] if filter.key == "Name" => filter,
        _ => {
            return Err(ServiceError::request(
                "InvalidFilterKey",
                "only one filter, with the key Name, is available yet",
            ));
        }
    };
    let [value] = filter.values.as_slice() else {
        return Err(ServiceError::request("InvalidFilterValue", "one value is expected"));
    };
    match filter.option.as_deref() {
        None | Some("Equals") => Ok((value.clone(), true)),
        Some("BeginsWith") => Ok((value.clone(), false)),
        Some(other) => Err(ServiceError::request(
            "InvalidFilterOption",
            format!("the option {other:?} is not available for Name: Equals and BeginsWith are"),
        )),
    }
}

fn limit(asked: Option<u32>, max: u32) -> Result<u32, ServiceError> {
    match asked {
        None => Ok(max),
        Some(asked) if (1..=max).contains(&asked) => Ok(asked),
        Some(asked) => {
            Err(ServiceError::validation(format!("MaxResults is 1 to {max}, not {asked}")))
        }
    }
}

/// Cuts the one row that was read beyond the page, and returns the token of the next page if there was one.
fn cut(found: &mut Vec<ParameterVersion>, limit: u32) -> Option<String> {
    if found.len() <= limit as usize {
        return None;
    }
    found.truncate(limit as usize);
    found.last().map(|last| format!("after:{}", last.parameter.name))
}

fn token_name(token: &str) -> Result<String, ServiceError> {
    token.strip_prefix("after:").map(str::to_owned).ok_or_else(|| {
        ServiceError::request("InvalidNextToken", "the token is none that a page returned")
    })
}
