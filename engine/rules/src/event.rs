//! An event, flattened once so that many patterns can be held against it.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::digest::digest;

/// From how many fields on they are sorted, so that a look-up need not see them all.
const SORTED_FROM: usize = 65;
/// The trail of what lies in no array.
pub(crate) const ROOT: TrailId = TrailId(0);

/// The leaves of an event by their dotted path, and the array elements each of them lies in.
///
/// It borrows from the event. `{"a": {"b": 1}}` and `{"a.b": 1}` have the same leaf; an empty object or array has none.
#[derive(Debug)]
pub struct Event<'event> {
    paths: String,
    fields: Vec<Field<'event>>,
    trails: Vec<Trail>,
}

/// An event is not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event must be a JSON object")]
pub struct NotAnObject;

/// Which array elements a leaf lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrailId(usize);

/// One step of a trail: an element of one array, within the element `parent`.
#[derive(Debug, Clone, Copy)]
struct Trail {
    parent: TrailId,
    depth: usize,
    array: usize,
}

/// The path of a field in a pattern, its steps joined by dots.
#[derive(Debug, Clone)]
pub(crate) struct FieldPath {
    pub(crate) text: Box<str>,
    pub(crate) digest: u64,
}

impl FieldPath {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), digest: digest(0, text.as_bytes()) }
    }
}

/// One leaf of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'event> {
    pub(crate) digest: u64,
    start: usize,
    end: usize,
    pub(crate) trail: TrailId,
    pub(crate) value: &'event Value,
}

impl<'event> Event<'event> {
    /// Flattens an event.
    pub fn new(value: &'event Value) -> Result<Self, NotAnObject> {
        let Value::Object(fields) = value else { return Err(NotAnObject) };
        let mut flattening = Flattening {
            event: Self {
                paths: String::with_capacity(1024),
                fields: Vec::with_capacity(64),
                trails: vec![Trail { parent: ROOT, depth: 0, array: 0 }],
            },
            path: String::with_capacity(128),
            arrays: 0,
        };
        flattening.object(fields, ROOT, "");
        let mut event = flattening.event;
        if event.is_sorted() {
            event.fields.sort_by_key(|field| field.digest);
        }
        Ok(event)
    }

    fn is_sorted(&self) -> bool {
        self.fields.len() >= SORTED_FROM
    }

    /// All leaves.
    pub(crate) fn fields(&self) -> &[Field<'event>] {
        &self.fields
    }

    /// The leaves at one path, as the event has them.
    pub(crate) fn at<'a>(
        &'a self,
        path: &'a FieldPath,
    ) -> impl Iterator<Item = &'a Field<'event>> + 'a {
        let range = if self.is_sorted() { self.range(path.digest) } else { 0..self.fields.len() };
        self.fields[range].iter().filter(|field| {
            field.digest == path.digest && self.paths[field.start..field.end] == *path.text
        })
    }

    fn range(&self, digest: u64) -> Range<usize> {
        let start = self.fields.partition_point(|field| field.digest < digest);
        let count = self.fields[start..].iter().take_while(|field| field.digest == digest).count();
        start..start + count
    }

    /// Says whether two leaves lie in different elements of the same array.
    pub(crate) fn is_apart(&self, left: TrailId, right: TrailId) -> bool {
        let (mut left, mut right) = (left, right);
        while self.trail(left).depth > self.trail(right).depth {
            left = self.trail(left).parent;
        }
        while self.trail(right).depth > self.trail(left).depth {
            right = self.trail(right).parent;
        }
        while left != right {
            let (near, far) = (self.trail(left), self.trail(right));
            if near.parent == far.parent {
                return near.array == far.array;
            }
            (left, right) = (near.parent, far.parent);
        }
        false
    }

    fn trail(&self, id: TrailId) -> Trail {
        self.trails[id.0]
    }
}

/// Digest, start and end of a path that has been written.
type Place = (u64, usize, usize);

struct Flattening<'event> {
    event: Event<'event>,
    path: String,
    arrays: usize,
}

impl<'event> Flattening<'event> {
    /// `separator` stands between the path so far and a name: nothing at the top.
    fn object(&mut self, fields: &'event Map<String, Value>, trail: TrailId, separator: &str) {
        let parent_bytes = self.path.len();
        for (name, value) in fields {
            self.path.push_str(separator);
            self.path.push_str(name);
            match value {
                Value::Object(inner) => self.object(inner, trail, "."),
                Value::Array(elements) => {
                    let mut place = None;
                    self.array(elements, trail, &mut place);
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    self.leaf(value, trail, &mut None);
                }
            }
            self.path.truncate(parent_bytes);
        }
    }

    /// `place` is where the array's path has been written, if it has: all its scalars share it.
    fn array(&mut self, elements: &'event [Value], trail: TrailId, place: &mut Option<Place>) {
        self.arrays += 1;
        let array = self.arrays;
        for element in elements {
            match element {
                Value::Object(fields) => {
                    let inside = self.enter(array, trail);
                    self.object(fields, inside, ".");
                }
                Value::Array(inner) => {
                    let inside = self.enter(array, trail);
                    self.array(inner, inside, place);
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    self.leaf(element, trail, place);
                }
            }
        }
    }

    fn enter(&mut self, array: usize, parent: TrailId) -> TrailId {
        let depth = self.event.trail(parent).depth + 1;
        let id = TrailId(self.event.trails.len());
        self.event.trails.push(Trail { parent, depth, array });
        id
    }

    fn leaf(&mut self, value: &'event Value, trail: TrailId, place: &mut Option<Place>) {
        let (digest, start, end) = *place.get_or_insert_with(|| {
            let start = self.event.paths.len();
            self.event.paths.push_str(&self.path);
            (digest(0, self.path.as_bytes()), start, self.event.paths.len())
        });
        self.event.fields.push(Field { digest, start, end, trail, value });
    }
}
