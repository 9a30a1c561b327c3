//! Runwright's own API, by the names of its operations: what no other module here offers.

use serde_json::{Map, Value};

use super::answer;
use crate::bindings::runwright::host::api as host;
use crate::failure::Failure;

/// Calls an operation, such as `GetCalendarState` of `ssm`, with a request and an answer in the shapes of the service's API. Needs
/// `api:ssm:GetCalendarState`, and what another module needs for the same: `parameters:read` to read a parameter.
///
/// A [`Secret`](crate::Secret), as it is serialised, stands for its text in both. Of a list, the host gathers the pages, up to 1,000
/// items or 100 KiB, unless the request has a page's token or size; where more is left, the answer has the next token.
///
/// # Errors
/// `UnknownService`, `UnknownOperationException`, `Denied`, and those of the operation.
pub fn call(service: &str, operation: &str, input: Map<String, Value>) -> Result<Value, Failure> {
    answer(&host::call(service, operation, &Value::Object(input).to_string())?)
}
