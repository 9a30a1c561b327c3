//! Pages of lists and their tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::ServiceError;

/// Returns how many entries a page has: as many as are asked for, else `default`.
pub(super) fn limit(asked: Option<i32>, default: u32, max: u32) -> Result<u32, ServiceError> {
    let Some(asked) = asked else { return Ok(default) };
    let bound = match u32::try_from(asked) {
        Ok(limit) if (1..=max).contains(&limit) => return Ok(limit),
        Ok(limit) if limit > max => format!("less than or equal to {max}"),
        Ok(_) | Err(_) => "greater than or equal to 1".to_owned(),
    };
    Err(ServiceError::validation(format!(
        "1 validation error detected: Value '{asked}' at 'maxResults' failed to satisfy constraint: Member must have value {bound}."
    )))
}

/// Returns the token of what comes after `last` in a list. It says of which list, and means nothing elsewhere.
pub(super) fn token(listing: &str, last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{listing}\n{last}"))
}

/// Returns after what a page begins, if a token is given.
///
/// # Errors
/// `InvalidNextToken` for a token that no page of this list returned.
pub(super) fn after(listing: &str, token: Option<&str>) -> Result<Option<String>, ServiceError> {
    let Some(token) = token else { return Ok(None) };
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let last = text.as_deref().and_then(|text| text.strip_prefix(listing)?.strip_prefix('\n'));
    last.map(|last| Some(last.to_owned())).ok_or_else(|| {
        ServiceError::request("InvalidNextToken", "The specified token is not valid.")
    })
}
