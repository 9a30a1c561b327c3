//! Whether clauses match an event, and with which array elements.

use crate::Event;
use crate::condition::Condition;
use crate::event::{ROOT, TrailId};
use crate::pattern::{Clause, Key, Pattern};

/// How many pairs of leaves are compared for one pattern before the search ends as no match.
const COMPARISONS_MAX: usize = 1 << 22;
/// How many fields within arrays one search can hold together. A pattern within the limits of EventBridge has fewer.
const SEARCHED_KEYS_MAX: usize = 1024;

/// What one field says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Whatever the others say, it matches.
    Holds,
    /// It matches in some elements of an array.
    Within,
    /// It is there, but perhaps not in the elements where the others match.
    AbsentWithin,
    /// Whatever the others say, it does not match.
    Fails,
}

/// Holds the clauses of one pattern against one event. What a field says by itself is found out once, however many clauses have it.
pub(crate) struct Search<'a> {
    event: &'a Event<'a>,
    /// By the field's ordinal; empty for a pattern of one clause, which has each field once.
    standings: Vec<Option<Standing>>,
    /// By the field's ordinal; empty until fields must be taken from elements that fit together.
    choices: Vec<Option<Choice>>,
    fields: usize,
    comparisons: usize,
}

impl<'a> Search<'a> {
    pub(crate) fn new(pattern: &Pattern, event: &'a Event<'a>) -> Self {
        let fields = pattern.fields;
        let standings = if pattern.clauses.len() > 1 { vec![None; fields] } else { Vec::new() };
        Self { event, standings, choices: Vec::new(), fields, comparisons: 0 }
    }

    /// What one field says by itself.
    pub(crate) fn standing(&mut self, key: &Key) -> Standing {
        match self.standings.get_mut(key.ordinal) {
            Some(known) => *known.get_or_insert_with(|| standing(key, self.event)),
            None => standing(key, self.event),
        }
    }

    /// Says whether all fields of a clause match, in elements that fit together.
    pub(crate) fn matches(&mut self, clause: &Clause) -> bool {
        let mut within = 0;
        let mut depends = false;
        for key in &clause.keys {
            match self.standing(key) {
                Standing::Holds => {}
                Standing::Within => {
                    depends |= may_be_absent(key);
                    within += 1;
                }
                Standing::AbsentWithin => depends = true,
                Standing::Fails => return false,
            }
        }
        (within <= 1 && !depends) || self.fits(clause)
    }

    fn fits(&mut self, clause: &Clause) -> bool {
        let mut searched = Vec::new();
        self.choices.resize_with(self.fields, || None);
        for key in &clause.keys {
            if self.standing(key) != Standing::Holds {
                searched.push(key.ordinal);
                self.choices[key.ordinal].get_or_insert_with(|| Choice::of(key, self.event));
            }
        }
        if searched.len() > SEARCHED_KEYS_MAX {
            return false;
        }
        let choices: Vec<_> =
            searched.iter().filter_map(|ordinal| self.choices[*ordinal].as_ref()).collect();
        let taken = Vec::with_capacity(choices.len());
        let mut fitting =
            Fitting { event: self.event, choices, taken, comparisons: self.comparisons };
        let fits = fitting.take().is_ok();
        self.comparisons = fitting.comparisons;
        fits
    }
}

/// What one field says by itself.
fn standing(key: &Key, event: &Event<'_>) -> Standing {
    let mut is_there = false;
    let mut is_within = false;
    let mut matches_outside = false;
    let mut matches_within = false;
    for field in event.at(&key.path) {
        is_there = true;
        is_within |= field.trail != ROOT;
        if key.conditions.iter().any(|condition| condition.matches(field.value)) {
            matches_outside |= field.trail == ROOT;
            matches_within |= field.trail != ROOT;
        }
    }
    if matches_within {
        return Standing::Within;
    }
    if matches_outside {
        return Standing::Holds;
    }
    match (may_be_absent(key), is_there, is_within) {
        (true, false, _) => Standing::Holds,
        (true, true, true) => Standing::AbsentWithin,
        (true, true, false) | (false, _, _) => Standing::Fails,
    }
}

fn may_be_absent(key: &Key) -> bool {
    key.conditions.iter().any(|condition| matches!(condition, Condition::Absent))
}

/// The elements one field can be taken from.
struct Choice {
    /// Where it matches.
    matching: Vec<TrailId>,
    /// Where it is at all, if it may also be absent.
    absent_from: Option<Vec<TrailId>>,
}

/// Takes an element for one field after the other. Where none fits, it goes back to the last field that was in the way.
struct Fitting<'a> {
    event: &'a Event<'a>,
    choices: Vec<&'a Choice>,
    taken: Vec<Option<TrailId>>,
    comparisons: usize,
}

/// Which earlier choices stood in the way; the last bit stands for all from there on.
#[derive(Clone, Copy, Default)]
struct Blame(u64);

impl Blame {
    const LAST: usize = u64::BITS as usize - 1;

    fn of(at: usize) -> Self {
        Self(1 << at.min(Self::LAST))
    }

    /// All choices before `at`.
    fn before(at: usize) -> Self {
        if at > Self::LAST { Self(u64::MAX) } else { Self((1 << at) - 1) }
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, at: usize) -> Self {
        if at >= Self::LAST { self } else { Self(self.0 & !(1 << at)) }
    }

    fn includes(self, at: usize) -> bool {
        self.0 & Self::of(at).0 != 0
    }
}

impl Fitting<'_> {
    fn take(&mut self) -> Result<(), Blame> {
        let at = self.taken.len();
        let Some(choice) = self.choices.get(at).copied() else { return Ok(()) };
        let mut blame = Blame::default();
        for trail in &choice.matching {
            if let Some(earlier) = self.in_the_way(*trail) {
                blame = blame.and(Blame::of(earlier));
                continue;
            }
            match self.go_on(Some(*trail)) {
                Ok(()) => return Ok(()),
                Err(deeper) if !deeper.includes(at) => return Err(deeper),
                Err(deeper) => blame = blame.and(deeper.without(at)),
            }
        }
        let Some(absent_from) = &choice.absent_from else { return Err(blame) };
        if absent_from.iter().all(|trail| self.in_the_way(*trail).is_some()) {
            return self.go_on(None).map_err(|deeper| blame.and(deeper.without(at)));
        }
        Err(blame.and(Blame::before(at)))
    }

    fn go_on(&mut self, trail: Option<TrailId>) -> Result<(), Blame> {
        if self.comparisons > COMPARISONS_MAX {
            return Err(Blame::default());
        }
        self.taken.push(trail);
        let result = self.take();
        self.taken.pop();
        result
    }

    /// The first choice that lies in another element of the same array.
    fn in_the_way(&mut self, trail: TrailId) -> Option<usize> {
        self.comparisons += self.taken.len() + 1;
        let event = self.event;
        self.taken.iter().position(|taken| taken.is_some_and(|taken| event.is_apart(taken, trail)))
    }
}

impl Choice {
    fn of(key: &Key, event: &Event<'_>) -> Self {
        let mut matching = Vec::new();
        let mut there = Vec::new();
        for field in event.at(&key.path) {
            if there.last() != Some(&field.trail) {
                there.push(field.trail);
            }
            if matching.last() != Some(&field.trail)
                && key.conditions.iter().any(|condition| condition.matches(field.value))
            {
                matching.push(field.trail);
            }
        }
        Self { matching, absent_from: may_be_absent(key).then_some(there) }
    }
}
