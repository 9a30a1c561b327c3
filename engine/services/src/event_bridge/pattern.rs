//! Event patterns.

use rules::{Event, Pattern};
use serde_json::Value;

use super::{TestEventPatternRequest, TestEventPatternResponse};
use crate::Services;
use crate::error::ServiceError;

impl Services {
    /// Says whether an event matches a pattern.
    ///
    /// # Errors
    /// `InvalidEventPatternException`; `ValidationException` for an event that is no JSON object.
    #[expect(clippy::unused_self, reason = "operations are functions of the services")]
    #[expect(clippy::needless_pass_by_value, reason = "operations take their requests")]
    pub fn test_event_pattern(
        &self,
        request: TestEventPatternRequest,
    ) -> Result<TestEventPatternResponse, ServiceError> {
        let pattern = parse(&request.event_pattern)?;
        let refuse = |reason: String| {
            ServiceError::validation(format!("Parameter Event is not valid. Reason: {reason}."))
        };
        let event: Value =
            serde_json::from_str(&request.event).map_err(|error| refuse(error.to_string()))?;
        let event = Event::new(&event).map_err(|error| refuse(error.to_string()))?;
        Ok(TestEventPatternResponse { result: pattern.matches(&event) })
    }
}

/// Reads a pattern.
pub(super) fn parse(text: &str) -> Result<Pattern, ServiceError> {
    Pattern::parse(text)
        .map_err(|error| ServiceError::request("InvalidEventPatternException", error.to_string()))
}
