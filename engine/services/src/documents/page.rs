//! Pages of lists: where the next one begins, as an opaque token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host_api::identifier::Digest;

use crate::error::ServiceError;

/// Characters of the digest that tells a list's tokens from other texts.
const MARK: usize = 16;

/// One list: the operation and all that decides what it holds.
#[derive(Debug, Clone)]
pub(super) struct Page {
    list: String,
    /// At least 1.
    pub(super) limit: u32,
}

impl Page {
    /// Describes a page of at most `max` things, or of `wanted` if that is less.
    ///
    /// # Errors
    /// `ValidationException` if `wanted` is not between 1 and `max`.
    pub(super) fn new(
        list: impl Into<String>,
        wanted: Option<i32>,
        max: u32,
    ) -> Result<Self, ServiceError> {
        let limit = match wanted.map(u32::try_from) {
            None => max,
            Some(Ok(limit)) if (1..=max).contains(&limit) => limit,
            Some(_) => {
                return Err(ServiceError::validation(format!("MaxResults is between 1 and {max}")));
            }
        };
        Ok(Self { list: list.into(), limit })
    }

    /// Returns the token of the page that follows `last`.
    pub(super) fn token(&self, last: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{last}", self.mark(last)))
    }

    /// Returns after what the page of a token begins.
    ///
    /// # Errors
    /// `InvalidNextToken` if no page of this list returned the token.
    pub(super) fn after(&self, token: Option<&str>) -> Result<Option<String>, ServiceError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        let decoded = URL_SAFE_NO_PAD.decode(token).ok();
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let last = text.as_deref().and_then(|text| {
            let (mark, last) = text.split_at_checked(MARK)?;
            (mark == self.mark(last)).then(|| last.to_owned())
        });
        last.map(Some).ok_or_else(invalid_token)
    }

    /// Returns after which number the page of a token begins.
    pub(super) fn after_number<N: std::str::FromStr>(
        &self,
        token: Option<&str>,
    ) -> Result<Option<N>, ServiceError> {
        let after = self.after(token)?;
        after.map(|text| text.parse().map_err(|_| invalid_token())).transpose()
    }

    /// Cuts off what was read beyond the page, and returns the token of the next page if there was such.
    pub(super) fn cut<T>(&self, found: &mut Vec<T>, key: impl Fn(&T) -> String) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let is_more = found.len() > limit;
        found.truncate(limit);
        found.last().filter(|_| is_more).map(|last| self.token(&key(last)))
    }

    fn mark(&self, last: &str) -> String {
        let digest = Digest::of(format!("{}\n{last}", self.list).as_bytes());
        digest.as_str().chars().take(MARK).collect()
    }
}

fn invalid_token() -> ServiceError {
    ServiceError::request("InvalidNextToken", "the NextToken is not one that this list returned")
}
