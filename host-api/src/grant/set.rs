//! Sets of grants.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Access, Area, Grant, GrantError};

/// Grants of one origin; allows what any of them allows. The empty set allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantSet(BTreeSet<Grant>);

impl GrantSet {
    /// Returns the set that allows everything.
    pub fn everything() -> Self {
        Self::from_iter([Grant::everything()])
    }

    /// Reads one grant from each text.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, GrantError> {
        texts.into_iter().map(|text| Grant::parse(text.as_ref())).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn insert(&mut self, grant: Grant) {
        self.0.insert(grant);
    }

    /// Returns the grants in a stable order.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    pub fn allows(&self, access: &Access) -> bool {
        self.0.iter().any(|grant| grant.allows(access))
    }

    /// Returns whether one grant alone covers `grant`.
    pub fn covers(&self, grant: &Grant) -> bool {
        self.0.iter().any(|own| own.covers(grant))
    }

    /// Returns whether the request `access` may be sent to `address`, when that is not a public one: a `network` grant
    /// holds the address, or the grant of the URL names it literally and is not one of `hosts_from_values`.
    pub fn allows_address(
        &self,
        access: &Access,
        address: IpAddr,
        hosts_from_values: &GrantSet,
    ) -> bool {
        self.covers(&Grant::everything())
            || self.0.iter().any(|grant| {
                grant.network().is_some_and(|range| range.contains(address))
                    || (!hosts_from_values.0.contains(grant)
                        && grant.url().is_some_and(|url| url.names_address(address))
                        && grant.allows(access))
            })
    }

    /// Returns whether something in `area` is allowed.
    pub fn reaches(&self, area: Area) -> bool {
        self.0.iter().any(|grant| grant.area().is_none_or(|own| own == area))
    }

    /// Returns the set without grants that another one covers.
    #[must_use]
    pub fn simplified(&self) -> Self {
        let needed = |grant: &&Grant| {
            !self.0.iter().any(|other| {
                other != *grant && other.covers(grant) && (!grant.covers(other) || other < *grant)
            })
        };
        Self(self.0.iter().filter(needed).cloned().collect())
    }
}

impl FromIterator<Grant> for GrantSet {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        Self(grants.into_iter().collect())
    }
}

impl fmt::Display for GrantSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, grant) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{grant}")?;
        }
        Ok(())
    }
}
