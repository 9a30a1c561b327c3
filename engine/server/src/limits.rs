//! How much one principal may ask for.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use host_api::identifier::Principal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::wire::Fault;

/// Limits of each principal.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests that begin within a second, on average and at once.
    pub requests_per_second: NonZeroU32,
    /// Requests under way at the same time.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: NonZeroU32::new(50_000).unwrap_or(NonZeroU32::MAX),
            concurrency: 512,
        }
    }
}

/// What each principal has left.
#[derive(Debug)]
pub(crate) struct Principals {
    limits: Limits,
    rates: DefaultKeyedRateLimiter<Principal>,
    under_way: Mutex<HashMap<Principal, Arc<Semaphore>>>,
}

impl Principals {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            rates: RateLimiter::keyed(Quota::per_second(limits.requests_per_second)),
            under_way: Mutex::default(),
        }
    }

    /// Takes a turn, which is given back when it is dropped.
    ///
    /// # Errors
    /// `ThrottlingException` for a principal who has none left.
    pub(crate) fn enter(&self, principal: &Principal) -> Result<OwnedSemaphorePermit, Fault> {
        let refuse = || Fault::client("ThrottlingException", "Rate exceeded".to_owned());
        self.rates.check_key(principal).map_err(|_| refuse())?;
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = under_way
            .entry(principal.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(self.limits.concurrency)))
            .clone();
        drop(under_way);
        turns.try_acquire_owned().map_err(|_| refuse())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_has_turns_of_its_own() {
        let limits = Limits { requests_per_second: NonZeroU32::MIN, concurrency: 1 };
        let principals = Principals::new(limits);
        let (one, other) = (Principal::new("one"), Principal::new("other"));
        let turn = principals.enter(&one).unwrap();
        assert_eq!(principals.enter(&one).unwrap_err().code, "ThrottlingException");
        assert!(principals.enter(&other).is_ok());
        drop(turn);
    }

    #[test]
    fn a_turn_comes_back() {
        let many = NonZeroU32::new(1_000).unwrap();
        let principals = Principals::new(Limits { requests_per_second: many, concurrency: 1 });
        let one = Principal::new("one");
        let turn = principals.enter(&one).unwrap();
        assert!(principals.enter(&one).is_err());
        drop(turn);
        assert!(principals.enter(&one).is_ok());
    }
}
