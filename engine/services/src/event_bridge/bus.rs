//! The one bus.

use super::{
    BUS, DescribeEventBusRequest, EventBus, ListEventBusesRequest, ListEventBusesResponse, page,
};
use crate::Services;
use crate::error::ServiceError;

impl Services {
    /// Returns the bus, if its name begins with the prefix.
    ///
    /// # Errors
    /// `ValidationException` for a token, which no page returned.
    #[expect(clippy::needless_pass_by_value, reason = "operations take their requests")]
    pub fn list_event_buses(
        &self,
        request: ListEventBusesRequest,
    ) -> Result<ListEventBusesResponse, ServiceError> {
        if request.next_token.is_some() {
            return Err(page::invalid_token());
        }
        let is_asked = BUS.starts_with(request.name_prefix.as_deref().unwrap_or_default());
        Ok(ListEventBusesResponse {
            event_buses: is_asked.then(|| self.bus()).into_iter().collect(),
        })
    }

    /// Returns the bus.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for any other.
    #[expect(clippy::needless_pass_by_value, reason = "operations take their requests")]
    pub fn describe_event_bus(
        &self,
        request: DescribeEventBusRequest,
    ) -> Result<EventBus, ServiceError> {
        self.check_bus(request.name.as_deref())?;
        Ok(self.bus())
    }

    fn bus(&self) -> EventBus {
        EventBus { name: BUS.to_owned(), arn: self.bus_arn() }
    }
}
