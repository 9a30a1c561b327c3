//! Whether one clause matches an event, and with which array elements.

use crate::Event;
use crate::condition::Condition;
use crate::event::{ROOT, TrailId};
use crate::pattern::{Clause, Key};

/// How many pairs of leaves one search compares before it ends as no match.
const COMPARISONS_MAX: usize = 1 << 20;
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

/// What one field says by itself.
pub(crate) fn standing(key: &Key, event: &Event<'_>) -> Standing {
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

/// Says whether all fields of a clause match, in elements that fit together.
pub(crate) fn matches(clause: &Clause, event: &Event<'_>) -> bool {
    let mut within = 0;
    let mut depends = false;
    for key in &clause.keys {
        match standing(key, event) {
            Standing::Holds => {}
            Standing::Within => {
                depends |= may_be_absent(key);
                within += 1;
            }
            Standing::AbsentWithin => depends = true,
            Standing::Fails => return false,
        }
    }
    (within <= 1 && !depends) || Search::new(clause, event).is_some_and(Search::succeeds)
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
struct Search<'a> {
    event: &'a Event<'a>,
    choices: Vec<Choice>,
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

impl<'a> Search<'a> {
    fn new(clause: &'a Clause, event: &'a Event<'a>) -> Option<Self> {
        let choices: Vec<_> = clause.keys.iter().filter_map(|key| choice(key, event)).collect();
        (choices.len() <= SEARCHED_KEYS_MAX).then(|| Self {
            event,
            taken: Vec::with_capacity(choices.len()),
            choices,
            comparisons: 0,
        })
    }

    fn succeeds(mut self) -> bool {
        let choices = std::mem::take(&mut self.choices);
        self.take(&choices).is_ok()
    }

    fn take(&mut self, choices: &[Choice]) -> Result<(), Blame> {
        let at = self.taken.len();
        let Some(choice) = choices.get(at) else { return Ok(()) };
        let mut blame = Blame::default();
        for trail in &choice.matching {
            if let Some(earlier) = self.in_the_way(*trail) {
                blame = blame.and(Blame::of(earlier));
                continue;
            }
            match self.go_on(Some(*trail), choices) {
                Ok(()) => return Ok(()),
                Err(deeper) if !deeper.includes(at) => return Err(deeper),
                Err(deeper) => blame = blame.and(deeper.without(at)),
            }
        }
        let Some(absent_from) = &choice.absent_from else { return Err(blame) };
        if absent_from.iter().all(|trail| self.in_the_way(*trail).is_some()) {
            return self.go_on(None, choices).map_err(|deeper| blame.and(deeper.without(at)));
        }
        Err(blame.and(Blame::before(at)))
    }

    fn go_on(&mut self, trail: Option<TrailId>, choices: &[Choice]) -> Result<(), Blame> {
        if self.comparisons > COMPARISONS_MAX {
            return Err(Blame::default());
        }
        self.taken.push(trail);
        let result = self.take(choices);
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

/// The elements for one field; nothing if it matches whatever the others say.
fn choice(key: &Key, event: &Event<'_>) -> Option<Choice> {
    let standing = standing(key, event);
    if standing == Standing::Holds {
        return None;
    }
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
    Some(Choice { matching, absent_from: may_be_absent(key).then_some(there) })
}
