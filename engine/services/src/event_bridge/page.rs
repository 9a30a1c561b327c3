//! Pages of lists.

use serde::Serialize;

use crate::automation::page::List;
use crate::error::ServiceError;

/// Items of a page when nothing is said, and at most.
const ITEMS_MAX: u32 = 100;

/// What a page is to begin after, and how many items it may have.
pub(super) struct Asked {
    list: List,
    pub(super) after: String,
    limit: u32,
}

impl Asked {
    /// `list` is what is asked for, without token and limit: a token is good only for the list that gave it.
    pub(super) fn new(
        list: &impl Serialize,
        token: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Self, ServiceError> {
        let list = List::of(list)?;
        let after = list.position(token).map_err(|_| invalid_token())?;
        let after = after.unwrap_or_default().to_owned();
        Ok(Self { list, after, limit: limit.unwrap_or(ITEMS_MAX).clamp(1, ITEMS_MAX) })
    }

    /// Returns how many items are to be read: one more than a page has, to see whether there are more.
    pub(super) fn read_max(&self) -> u32 {
        self.limit + 1
    }

    /// Cuts what was read to a page and returns the token of the next one. `key` is what an item is ordered by.
    pub(super) fn cut<T>(&self, items: &mut Vec<T>, key: impl Fn(&T) -> &str) -> Option<String> {
        let limit = self.limit as usize;
        let has_more = items.len() > limit;
        items.truncate(limit);
        items.last().filter(|_| has_more).map(|last| self.list.token(key(last)))
    }
}

pub(super) fn invalid_token() -> ServiceError {
    ServiceError::validation(
        "Parameter NextToken is not valid. Reason: no page of this list gave it.",
    )
}
