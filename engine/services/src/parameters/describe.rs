//! What is known of parameters beside their values.

use store::parameters::ParameterVersion;
use store::parameters::policies;
use store::{ReadError, ReadTx};

use super::filter::{Filter, Listing, Range, ranges};
use super::history::{shown_key, shown_policy};
use super::{
    DescribeParametersRequest, DescribeParametersResult, ParameterInlinePolicy, ParameterMetadata,
    ParameterName, page, wire_version,
};
use crate::Services;
use crate::error::ServiceError;

const DESCRIBE_MAX: u32 = 50;
const DESCRIBE_DEFAULT: u32 = 10;
/// The list in tokens.
const LIST: &str = "describe";

impl Services {
    /// Returns what is known of parameters beside their values, by name, a page of at most 50, 10 if nothing is said.
    ///
    /// Nothing is shared with this installation, so a list of what is shared is empty.
    pub async fn describe_parameters(
        &self,
        request: DescribeParametersRequest,
    ) -> Result<DescribeParametersResult, ServiceError> {
        let limit = page::limit(request.max_results, DESCRIBE_DEFAULT, DESCRIBE_MAX)?;
        let filters = filters(&request)?;
        let after = page::after(LIST, request.next_token.as_deref())?;
        if request.shared == Some(true) {
            return Ok(DescribeParametersResult { next_token: None, parameters: Some(Vec::new()) });
        }
        let read = move |tx: &ReadTx<'_>| -> Result<_, ReadError> {
            let page = Range::page(tx, &ranges(&filters), &filters, after, limit as usize)?;
            let with_policies = page.found.into_iter().map(|found| {
                let policies = policies::of_version(tx, &found.parameter.name, found.version)?;
                Ok((found, policies.into_iter().map(shown_policy).collect()))
            });
            Ok((with_policies.collect::<Result<Vec<_>, ReadError>>()?, page.last))
        };
        let (found, last) = self.store().read(read).await?;
        let metadata = |(found, policies)| self.metadata(found, policies);
        let parameters = found.into_iter().map(metadata).collect::<Result<Vec<_>, _>>()?;
        let next_token = last.map(|last| page::token(LIST, &last));
        Ok(DescribeParametersResult { parameters: Some(parameters), next_token })
    }

    fn metadata(
        &self,
        found: ParameterVersion,
        policies: Vec<ParameterInlinePolicy>,
    ) -> Result<ParameterMetadata, ServiceError> {
        let key_id = shown_key(&found);
        let ParameterVersion { version, parameter, material: _ } = found;
        let name = ParameterName::for_reading(&parameter.name)?;
        Ok(ParameterMetadata {
            arn: Some(name.arn(self.place())),
            r#type: Some(parameter.kind),
            name: Some(parameter.name),
            key_id,
            last_modified_date: Some(crate::clock::seconds(parameter.last_modified_ms)),
            last_modified_user: Some(parameter.last_modified_by),
            description: parameter.description,
            allowed_pattern: parameter.allowed_pattern,
            version: Some(wire_version(version)),
            tier: Some(parameter.tier),
            policies: Some(policies),
            data_type: Some(parameter.data_type),
        })
    }
}

fn filters(request: &DescribeParametersRequest) -> Result<Vec<Filter>, ServiceError> {
    let legacy = request.filters.as_deref().unwrap_or_default();
    let newer = request.parameter_filters.as_deref().unwrap_or_default();
    match (legacy, newer) {
        ([], newer) => Filter::all(Listing::Describe, newer),
        (legacy, []) => Filter::legacy(legacy),
        _ => Err(ServiceError::validation(
            "You can use either Filters or ParameterFilters in a single request.",
        )),
    }
}
