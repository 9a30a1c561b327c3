//! Parameters by path.

use store::parameters::{self, ParameterVersion};
use store::{ReadError, ReadTx};

use super::filter::{Filter, Listing, passing};
use super::{
    GetParametersByPathRequest, GetParametersByPathResult, ParameterName, page, secrets_of,
};
use crate::Services;
use crate::actor::Actor;
use crate::error::ServiceError;

const BY_PATH_MAX: u32 = 10;
/// Parameters read at a time where some are left out.
const BATCH: u32 = 500;
/// Parameters looked at for one page. A page that is not full by then ends, and its token goes on.
const LOOKED_AT_MAX: usize = 20_000;

impl Services {
    /// Returns the parameters below a path, a page of at most 10, in the order of their names. A filter by label returns the versions
    /// that have it.
    pub async fn get_parameters_by_path(
        &self,
        actor: &Actor,
        request: GetParametersByPathRequest,
    ) -> Result<GetParametersByPathResult, ServiceError> {
        let limit = page::limit(request.max_results, BY_PATH_MAX, BY_PATH_MAX)?;
        let path = checked_path(&request.path)?;
        let filters = request.parameter_filters.as_deref().unwrap_or_default();
        let filters = Filter::all(Listing::ByPath, filters)?;
        let is_recursive = request.recursive == Some(true);
        let listing = format!("path {path} {is_recursive}");
        let after = page::after(&listing, request.next_token.as_deref())?;
        let below = Below { path, is_recursive, filters };
        let (found, last) =
            self.store().read(move |tx| below.page(tx, after, limit as usize)).await?;
        let decrypt = request.with_decryption == Some(true);
        let parameters = found
            .into_iter()
            .map(|found| self.shown(found, decrypt))
            .collect::<Result<Vec<_>, _>>()?;
        if decrypt {
            self.record_decryption(actor, secrets_of(&parameters)).await?;
        }
        let next_token = last.map(|last| page::token(&listing, &last));
        Ok(GetParametersByPathResult { parameters: Some(parameters), next_token })
    }

    /// Returns the latest versions below a path.
    pub(crate) async fn below(
        &self,
        path: &str,
        recursive: bool,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<ParameterVersion>, ServiceError> {
        let path = checked_path(path)?;
        let read = move |tx: &ReadTx<'_>| {
            parameters::by_path(tx, path.as_str(), recursive, after.as_deref(), limit)
        };
        Ok(self.store().read(read).await?)
    }
}

struct Below {
    path: ParameterName,
    is_recursive: bool,
    filters: Vec<Filter>,
}

impl Below {
    /// Returns up to `limit` parameters that pass the filters, and the last name looked at if there may be more.
    fn page(
        &self,
        tx: &ReadTx<'_>,
        mut after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<ParameterVersion>, Option<String>), ReadError> {
        let batch_max = match self.filters.as_slice() {
            [] => u32::try_from(limit).unwrap_or(BATCH) + 1,
            _ => BATCH,
        };
        let (mut found, mut looked_at) = (Vec::with_capacity(limit), 0);
        loop {
            let path = self.path.as_str();
            let batch =
                parameters::by_path(tx, path, self.is_recursive, after.as_deref(), batch_max)?;
            let is_last = batch.len() < batch_max as usize;
            for latest in batch {
                let name = latest.parameter.name.clone();
                if let Some(version) = passing(tx, &self.filters, latest)? {
                    if found.len() == limit {
                        return Ok((found, after));
                    }
                    found.push(version);
                }
                after = Some(name);
                looked_at += 1;
            }
            if is_last {
                return Ok((found, None));
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok((found, after));
            }
        }
    }
}

fn checked_path(path: &str) -> Result<ParameterName, ServiceError> {
    let invalid = || {
        ServiceError::validation(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
             \"/\".",
        )
    };
    if !path.trim().starts_with('/') {
        return Err(invalid());
    }
    let checked = ParameterName::path(path)?;
    match checked.as_str().trim_end_matches('/') {
        "" => Ok(checked),
        folder => ParameterName::for_reading(folder),
    }
}
