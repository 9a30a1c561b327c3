//! What a change of a parameter tells those who listen.

use store::parameters::NewParameter;
use store::{Tx, events, parameters};

use super::Place;
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::error::ServiceError;
use crate::events::{ParameterOperation, parameter_change};

/// Who changes a parameter, where and when.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) place: Place,
    actor: Actor,
    pub(super) time_ms: u64,
}

impl Services {
    pub(super) fn origin(&self, actor: &Actor) -> Origin {
        Origin { place: self.place().clone(), actor: actor.clone(), time_ms: now_ms() }
    }
}

impl Origin {
    /// Tells of a change in its transaction.
    pub(super) fn tell(
        &self,
        tx: &mut Tx<'_>,
        operation: ParameterOperation,
        parameter: &NewParameter,
    ) -> Result<(), ServiceError> {
        let what = [parameter.name.as_str(), parameter.kind.as_str()];
        let description = parameter.description.as_deref();
        let event =
            parameter_change(&self.place, &self.actor, operation, what, description, self.time_ms);
        Ok(events::append(tx, &event)?)
    }

    /// Tells of a change of the parameter of this name, if there is one.
    pub(super) fn tell_of(
        &self,
        tx: &mut Tx<'_>,
        operation: ParameterOperation,
        name: &str,
    ) -> Result<(), ServiceError> {
        match parameters::get(tx, name, None)? {
            Some(found) => self.tell(tx, operation, &found.parameter),
            None => Ok(()),
        }
    }
}
