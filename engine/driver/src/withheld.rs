//! What a step waited for and is not shown, because a text of a secret may stand in it that cannot be found any more.

use host_api::failure::Failure;
use serde_json::{Value, json};

/// No result that a command or a run ends with has such a member.
const MEMBER: &str = "$withheld";

/// Returns what takes the place of a result: why it is not there.
pub(crate) fn mark(failure: &Failure) -> Value {
    json!({ MEMBER: failure })
}

/// Returns why a result was withheld, if it was.
pub(crate) fn reason(result: &Value) -> Option<Failure> {
    serde_json::from_value(result.get(MEMBER)?.clone()).ok()
}
