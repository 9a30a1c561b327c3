//! Deleting parameters.

use std::collections::BTreeSet;

use serde_json::json;
use store::{Tx, parameters};

use super::get::{check_count, stored};
use super::name::not_found;
use super::notice::Origin;
use super::{
    DeleteParameterRequest, DeleteParameterResult, DeleteParametersRequest, DeleteParametersResult,
    ParameterName,
};
use crate::Services;
use crate::access::Resource;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::events::ParameterOperation;
use crate::tags;

impl Services {
    /// Deletes a parameter with all its versions, labels, policies and tags. A name at the root is found with and without its slash, as
    /// it is by [`Services::get_parameter`].
    pub async fn delete_parameter(
        &self,
        actor: &Actor,
        request: DeleteParameterRequest,
    ) -> Result<DeleteParameterResult, ServiceError> {
        let name = ParameterName::for_reading(&request.name)?;
        let deed = Deed::new("DeleteParameter", name.arn(self.place()));
        let origin = self.origin(actor);
        self.change(actor, deed, move |tx| {
            if remove(tx, &origin, stored(tx, &name)?.as_str())? {
                return Ok(DeleteParameterResult {});
            }
            Err(not_found(name.as_str()))
        })
        .await
    }

    /// Deletes up to 10 parameters as [`Services::delete_parameter`] does; what does not exist is listed, not an error.
    pub async fn delete_parameters(
        &self,
        actor: &Actor,
        request: DeleteParametersRequest,
    ) -> Result<DeleteParametersResult, ServiceError> {
        check_count(&request.names)?;
        let names: BTreeSet<String> = request.names.into_iter().collect();
        let deed = Deed::new("DeleteParameters", Resource::Account.arn(self.place()))
            .details(json!({ "names": names }));
        let origin = self.origin(actor);
        self.change(actor, deed, move |tx| {
            let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
            for name in &names {
                let is_deleted = match ParameterName::for_reading(name) {
                    Ok(checked) => remove(tx, &origin, stored(tx, &checked)?.as_str())?,
                    Err(_) => false,
                };
                if is_deleted { &mut deleted } else { &mut invalid }.push(name.clone());
            }
            let (deleted_parameters, invalid_parameters) = (Some(deleted), Some(invalid));
            Ok(DeleteParametersResult { deleted_parameters, invalid_parameters })
        })
        .await
    }
}

/// Deletes a parameter and all that is kept for it; returns whether there was one.
pub(super) fn remove(tx: &mut Tx<'_>, origin: &Origin, name: &str) -> Result<bool, ServiceError> {
    origin.tell_of(tx, ParameterOperation::Delete, name)?;
    if !parameters::delete(tx, name)? {
        return Ok(false);
    }
    store::tags::remove_all(tx, tags::PARAMETER, name)?;
    let arn = Resource::Parameter(name.to_owned()).arn(&origin.place);
    store::resource_policies::remove_all(tx, &arn)?;
    Ok(true)
}
