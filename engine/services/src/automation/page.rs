//! Tokens that lead from one page of a list to the next.

use host_api::identifier::Digest;
use serde::Serialize;

use crate::actor::digest;
use crate::error::ServiceError;

/// Rows of a page when nothing is said, and at most (SSM).
const ROWS_MAX: usize = 50;
/// Characters of a token that hold it to its list.
const SEAL_CHARS: usize = 16;

/// One list: a token is good only for the list that gave it.
pub(crate) struct List {
    identity: Digest,
}

impl List {
    /// Returns the list that this request asks for; the request is without token and count.
    pub(crate) fn of(request: &impl Serialize) -> Result<Self, ServiceError> {
        Ok(Self { identity: digest(request)? })
    }

    pub(crate) fn token(&self, position: &str) -> String {
        format!("{position}.{}", self.seal(position))
    }

    /// Returns the position that a token holds.
    ///
    /// # Errors
    /// `InvalidNextToken` for a token that no page of this list gave.
    pub(crate) fn position<'t>(
        &self,
        token: Option<&'t str>,
    ) -> Result<Option<&'t str>, ServiceError> {
        let Some(token) = token else { return Ok(None) };
        match token.rsplit_once('.') {
            Some((position, seal)) if seal == self.seal(position) => Ok(Some(position)),
            _ => Err(invalid_token()),
        }
    }

    fn seal(&self, position: &str) -> String {
        let digest = Digest::of(format!("{} {position}", self.identity).as_bytes());
        let text = digest.as_str();
        text[text.len().saturating_sub(SEAL_CHARS)..].to_owned()
    }
}

pub(super) fn invalid_token() -> ServiceError {
    ServiceError::request("InvalidNextToken", "the NextToken is not from a page of this list")
}

/// Returns how many rows a page is to have.
pub(super) fn rows_max(asked: Option<i32>) -> usize {
    let asked = asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(ROWS_MAX);
    asked.clamp(1, ROWS_MAX)
}
