//! Operations on calendars.

use ssm_model::types::calendars::GetCalendarStateRequest;

use super::Operation;
use crate::access::Access;

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation::new(
        "GetCalendarState",
        Access::Read,
        |services, request: &GetCalendarStateRequest| {
            Ok(request.calendar_names.iter().map(|name| services.document_resource(name)).collect())
        },
        |services, _, request| async move { services.get_calendar_state(request).await },
    )]
}
