//! Intersections of ceilings: what a step may do in the end.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Access, Area, Grant, GrantSet};

/// Who set a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// What the action's manifest says it needs.
    Manifest,
    /// The runbook's `capabilities`.
    Document,
    /// The step's `capabilities`.
    Step,
    Operator,
    /// What the starter of the run may do.
    Starter,
    /// What follows from the inputs of a built-in action.
    Derived,
}

/// What one origin allows at most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ceiling {
    pub origin: Origin,
    pub grants: GrantSet,
    /// Those of `grants` whose host came from a value, perhaps a webhook's: they open no address that is not public.
    #[serde(default, skip_serializing_if = "GrantSet::is_empty")]
    pub hosts_from_values: GrantSet,
}

impl Ceiling {
    /// Returns the ceiling that allows these grants.
    pub fn new(origin: Origin, grants: GrantSet) -> Self {
        Self { origin, grants, hosts_from_values: GrantSet::default() }
    }

    /// Returns whether the request `access` may be sent to `address`, when that is not a public one.
    pub fn allows_address(&self, access: &Access, address: IpAddr) -> bool {
        self.grants.allows_address(access, address, &self.hosts_from_values)
    }
}

/// The intersection of ceilings, at least one: allowed is what all of them allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "GrantsText", into = "GrantsText")]
pub struct Grants {
    first: Ceiling,
    rest: Vec<Ceiling>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantsText {
    ceilings: Vec<Ceiling>,
}

#[derive(Debug, thiserror::Error)]
#[error("grants have no ceiling")]
struct NoCeiling;

impl Grants {
    /// Returns what one origin allows.
    pub fn new(origin: Origin, grants: GrantSet) -> Self {
        Self { first: Ceiling::new(origin, grants), rest: Vec::new() }
    }

    /// Returns grants of nothing, by word of `origin`.
    pub fn nothing(origin: Origin) -> Self {
        Self::new(origin, GrantSet::default())
    }

    /// Returns what remains under one more ceiling.
    #[must_use]
    pub fn under(self, origin: Origin, grants: GrantSet) -> Self {
        self.under_ceiling(Ceiling::new(origin, grants))
    }

    /// Returns what remains under one more ceiling.
    #[must_use]
    pub fn under_ceiling(mut self, ceiling: Ceiling) -> Self {
        self.push(ceiling);
        self
    }

    /// Returns what both allow.
    #[must_use]
    pub fn intersect(&self, other: &Grants) -> Self {
        let mut both = self.clone();
        for ceiling in other.ceilings() {
            both.push(ceiling.clone());
        }
        both
    }

    pub fn ceilings(&self) -> impl Iterator<Item = &Ceiling> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// Returns the first ceiling that does not allow `access`, as the error.
    pub fn allows(&self, access: &Access) -> Result<(), &Ceiling> {
        self.check(|grants| grants.allows(access))
    }

    /// Returns the WIT interfaces in which every ceiling allows something.
    pub fn interfaces(&self) -> BTreeSet<&'static str> {
        Area::ALL
            .into_iter()
            .filter(|area| self.ceilings().all(|ceiling| ceiling.grants.reaches(*area)))
            .filter_map(Area::interface)
            .collect()
    }

    /// Returns what is allowed in the end, for people to read: one line for each grant. Where two ceilings meet in what no single
    /// grant can say, a line names them joined by ` and `.
    pub fn effective(&self) -> Vec<String> {
        let mut meets: Vec<Vec<Grant>> =
            self.first.grants.simplified().iter().map(|grant| vec![grant.clone()]).collect();
        for ceiling in &self.rest {
            let grants = ceiling.grants.simplified();
            let narrowed =
                meets.iter().flat_map(|meet| grants.iter().filter_map(|grant| narrow(meet, grant)));
            meets = simplify(narrowed.collect());
        }
        let line =
            |meet: &Vec<Grant>| meet.iter().map(Grant::to_string).collect::<Vec<_>>().join(" and ");
        meets.iter().map(line).collect()
    }

    fn push(&mut self, ceiling: Ceiling) {
        if self.first != ceiling && !self.rest.contains(&ceiling) {
            self.rest.push(ceiling);
        }
    }

    fn check(&self, allows: impl Fn(&GrantSet) -> bool) -> Result<(), &Ceiling> {
        match self.ceilings().find(|ceiling| !allows(&ceiling.grants)) {
            Some(ceiling) => Err(ceiling),
            None => Ok(()),
        }
    }
}

/// Adds `grant` to a conjunction; `None` if nothing remains.
fn narrow(meet: &[Grant], grant: &Grant) -> Option<Vec<Grant>> {
    if !meet.iter().all(|own| own.overlaps(grant)) {
        return None;
    }
    let mut narrowed = meet.to_vec();
    for own in &mut narrowed {
        if let Some(both) = own.meet(grant) {
            *own = both;
            narrowed.dedup();
            return Some(narrowed);
        }
    }
    narrowed.push(grant.clone());
    Some(narrowed)
}

fn simplify(mut meets: Vec<Vec<Grant>>) -> Vec<Vec<Grant>> {
    meets.sort();
    meets.dedup();
    let covered = |narrow: &Vec<Grant>, wide: &Vec<Grant>| {
        wide.iter().all(|grant| narrow.iter().any(|own| grant.covers(own)))
    };
    let kept = |position: usize| {
        !(0..meets.len()).any(|other| {
            other != position
                && covered(&meets[position], &meets[other])
                && (other < position || !covered(&meets[other], &meets[position]))
        })
    };
    (0..meets.len())
        .filter(|position| kept(*position))
        .map(|position| meets[position].clone())
        .collect()
}

impl TryFrom<GrantsText> for Grants {
    type Error = NoCeiling;

    fn try_from(text: GrantsText) -> Result<Self, NoCeiling> {
        let mut ceilings = text.ceilings.into_iter();
        let first = ceilings.next().ok_or(NoCeiling)?;
        Ok(Self { first, rest: ceilings.collect() })
    }
}

impl From<Grants> for GrantsText {
    fn from(grants: Grants) -> Self {
        Self { ceilings: std::iter::once(grants.first).chain(grants.rest).collect() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "the action's manifest",
            Self::Document => "the document's capabilities",
            Self::Step => "the step's capabilities",
            Self::Operator => "the operator's ceiling",
            Self::Starter => "what the starter may do",
            Self::Derived => "what the inputs call for",
        })
    }
}
