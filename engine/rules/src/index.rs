//! Many patterns at once.

use std::collections::BTreeMap;

use crate::anchor::{self, Anchor, KINDS, Table};
use crate::pattern::{Clause, Key};
use crate::search::Search;
use crate::{Event, Pattern};

/// Patterns by an identifier, so that an event meets few of them.
///
/// Each clause of a pattern waits under one leaf that it cannot do without: an exact value if it has one, else the beginning or the
/// end of a text, else the field's presence; the one that fewest clauses wait under, and of equals `source` before `detail-type`
/// before any other. Only clauses whose fields may all be absent are held against every event. So the cost of an event grows with its
/// own size and with the patterns that come near it.
#[derive(Debug, Clone)]
pub struct Index<Id> {
    slots: Vec<Option<Rule<Id>>>,
    free: Vec<usize>,
    by_id: BTreeMap<Id, usize>,
    /// By digest of path and value.
    waiting: Table<Vec<Entry>>,
    /// By digest of path: how many anchors of each kind wait there.
    uses: Table<[usize; KINDS]>,
    /// Clauses without an anchor.
    unanchored: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Rule<Id> {
    id: Id,
    pattern: Pattern,
    /// Of each clause.
    anchors: Vec<Option<Vec<Anchor>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    slot: usize,
    clause: usize,
}

impl<Id> Default for Index<Id> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_id: BTreeMap::new(),
            waiting: Table::default(),
            uses: Table::default(),
            unanchored: Vec::new(),
        }
    }
}

impl<Id: Ord + Clone> Index<Id> {
    /// An index without patterns.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many patterns it has.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Says whether it has no pattern.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The pattern of an identifier.
    pub fn get(&self, id: &Id) -> Option<&Pattern> {
        let slot = *self.by_id.get(id)?;
        self.slots[slot].as_ref().map(|rule| &rule.pattern)
    }

    /// Puts a pattern in, and returns the one that had the identifier before.
    pub fn insert(&mut self, id: Id, pattern: Pattern) -> Option<Pattern> {
        let before = self.remove(&id);
        let slot = self.free.pop().unwrap_or(self.slots.len());
        let mut anchors = Vec::with_capacity(pattern.clauses.len());
        for (clause, conditions) in pattern.clauses.iter().enumerate() {
            let chosen = self.choose(conditions);
            self.wait(Entry { slot, clause }, chosen.as_deref());
            anchors.push(chosen);
        }
        self.by_id.insert(id.clone(), slot);
        let rule = Some(Rule { id, pattern, anchors });
        if slot == self.slots.len() {
            self.slots.push(rule);
        } else {
            self.slots[slot] = rule;
        }
        before
    }

    /// Takes a pattern out.
    pub fn remove(&mut self, id: &Id) -> Option<Pattern> {
        let slot = self.by_id.remove(id)?;
        let rule = self.slots[slot].take()?;
        self.free.push(slot);
        self.unanchored.retain(|entry| entry.slot != slot);
        for anchor in rule.anchors.into_iter().flatten().flatten() {
            self.leave(slot, &anchor);
        }
        Some(rule.pattern)
    }

    /// The identifiers of all patterns that match, in their order.
    pub fn matching(&self, event: &Event<'_>) -> Vec<&Id> {
        let mut found = Vec::new();
        for entries in self.entries(event).chunk_by(|left, right| left.slot == right.slot) {
            let Some(rule) = &self.slots[entries[0].slot] else { continue };
            let mut search = Search::new(&rule.pattern, event);
            if entries.iter().any(|entry| search.matches(&rule.pattern.clauses[entry.clause])) {
                found.push(&rule.id);
            }
        }
        found.sort_unstable();
        found
    }

    /// The identifiers of all patterns that the event comes near enough to be held against, in their order.
    pub fn candidates(&self, event: &Event<'_>) -> Vec<&Id> {
        let mut entries = self.entries(event);
        entries.dedup_by_key(|entry| entry.slot);
        let rules = entries.iter().filter_map(|entry| self.slots[entry.slot].as_ref());
        let mut found: Vec<_> = rules.map(|rule| &rule.id).collect();
        found.sort_unstable();
        found
    }

    fn entries(&self, event: &Event<'_>) -> Vec<Entry> {
        let mut entries = self.unanchored.clone();
        for field in event.fields() {
            let Some(uses) = self.uses.get(&field.digest) else { continue };
            anchor::of_field(field, uses, |digest| {
                if let Some(waiting) = self.waiting.get(&digest) {
                    entries.extend_from_slice(waiting);
                }
            });
        }
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    /// The anchors of the field under which fewest other clauses wait.
    fn choose(&self, clause: &Clause) -> Option<Vec<Anchor>> {
        let cost =
            |anchor: &Anchor| anchor.cost() + self.waiting.get(&anchor.digest).map_or(0, Vec::len);
        let options = clause.keys.iter().filter_map(|key| {
            let anchors = anchor::of_key(key)?;
            let total: usize = anchors.iter().map(cost).sum();
            Some(((total, preference(key)), anchors))
        });
        options.min_by_key(|(order, _)| *order).map(|(_, anchors)| anchors)
    }

    fn wait(&mut self, entry: Entry, anchors: Option<&[Anchor]>) {
        let Some(anchors) = anchors else { return self.unanchored.push(entry) };
        for anchor in anchors {
            self.uses.entry(anchor.path).or_insert([0; KINDS])[anchor.kind.place()] += 1;
            self.waiting.entry(anchor.digest).or_default().push(entry);
        }
    }

    fn leave(&mut self, slot: usize, anchor: &Anchor) {
        if let Some(uses) = self.uses.get_mut(&anchor.path) {
            uses[anchor.kind.place()] -= 1;
            if uses.iter().all(|count| *count == 0) {
                self.uses.remove(&anchor.path);
            }
        }
        if let Some(waiting) = self.waiting.get_mut(&anchor.digest) {
            waiting.retain(|entry| entry.slot != slot);
            if waiting.is_empty() {
                self.waiting.remove(&anchor.digest);
            }
        }
    }
}

fn preference(key: &Key) -> usize {
    match &*key.path.text {
        "source" => 0,
        "detail-type" => 1,
        _ => 2,
    }
}
