//! Windows: rules that start after more, or less, than one event.
//!
//! A window is a pure fold. Its state is kept by the caller, one for each group of events, and time is that of the events: the same
//! events and times always lead to the same starts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The member of a started run's event that tells of the window.
pub const MEMBER: &str = "window";

/// What a rule waits for beside a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// The first match starts, and those within the time after it do not.
    OnceWithin { within_ms: u64 },
    /// The first match begins a time, at whose end all of them start once.
    OnceAfter { after_ms: u64 },
    /// The match that makes it `count` within the time after the first one starts; if there are fewer, they are forgotten.
    Accumulate { count: u32, within_ms: u64 },
    /// All patterns match, in any order, within the time after the first one.
    All { patterns: u32, within_ms: u64 },
    /// A match starts when nothing that would prevent it comes within the time after it.
    Absent { within_ms: u64 },
}

/// What a matched event is to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The rule's own pattern, or one of [`Window::All`], by its number from 0.
    Awaited(u32),
    /// What prevents a start of [`Window::Absent`].
    Preventing,
}

/// What is kept of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// When the first event came: milliseconds since the Unix epoch.
    pub began_ms: u64,
    /// When something must be done, or forgotten, though no event comes.
    pub due_ms: u64,
    /// How many events came.
    pub count: u64,
    /// Which patterns have matched.
    #[serde(default)]
    pub parts: Vec<u32>,
    /// The id of the first event, which names the start.
    pub first: String,
    /// The latest event; null when no start can follow from it.
    pub latest: Value,
}

/// A start that a window has led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// What tells the start from all others of its rule and group.
    pub id: String,
    /// The latest event, with the member [`MEMBER`].
    pub event: Value,
}

/// What follows from an event or from the time: what is kept from now on, and a start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    pub state: Option<State>,
    pub fired: Option<Fired>,
}

/// An event that a rule's pattern matched.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'e> {
    pub id: &'e str,
    pub part: Part,
    pub event: &'e Value,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
}

impl Window {
    /// Returns what follows from a match. The state is that which the last step left, whether its time is over or not.
    pub fn on_match(&self, state: Option<State>, matched: Matched<'_>) -> Step {
        // An event that came late belongs to the time that was under way.
        let (state, before) = match state {
            Some(state) if state.due_ms <= matched.at_ms => {
                let Step { state, fired } = self.on_time(state, matched.at_ms);
                (state, fired)
            }
            state => (state, None),
        };
        let step = self.within(state, matched);
        // At most one of both can have fired: what fires at its end leaves nothing that a match could complete at once.
        Step { fired: before.or(step.fired), state: step.state }
    }

    fn within(&self, state: Option<State>, matched: Matched<'_>) -> Step {
        let Part::Awaited(part) = matched.part else {
            return Step::default();
        };
        let state = match state {
            None => self.begin(matched),
            Some(state) => {
                let latest = self.latest(matched.event);
                State { count: state.count + 1, latest, ..state }
            }
        };
        let state = with_part(state, part);
        match *self {
            Self::OnceWithin { .. } if state.count == 1 => {
                let fired = fired(&State { latest: matched.event.clone(), ..state.clone() });
                Step { state: Some(state), fired: Some(fired) }
            }
            Self::Accumulate { count, .. } if state.count >= u64::from(count) => {
                Step { state: None, fired: Some(fired(&state)) }
            }
            Self::All { patterns, .. } if state.parts.len() >= patterns as usize => {
                Step { state: None, fired: Some(fired(&state)) }
            }
            Self::OnceWithin { .. }
            | Self::OnceAfter { .. }
            | Self::Accumulate { .. }
            | Self::All { .. }
            | Self::Absent { .. } => Step { state: Some(state), fired: None },
        }
    }

    /// Returns what follows from the time alone.
    pub fn on_time(&self, state: State, now_ms: u64) -> Step {
        if now_ms < state.due_ms {
            return Step { state: Some(state), fired: None };
        }
        let fires = match self {
            Self::OnceAfter { .. } | Self::Absent { .. } => true,
            Self::OnceWithin { .. } | Self::Accumulate { .. } | Self::All { .. } => false,
        };
        Step { state: None, fired: fires.then(|| fired(&state)) }
    }

    fn begin(&self, matched: Matched<'_>) -> State {
        State {
            began_ms: matched.at_ms,
            due_ms: matched.at_ms.saturating_add(self.length_ms()),
            count: 1,
            parts: Vec::new(),
            first: matched.id.to_owned(),
            latest: self.latest(matched.event),
        }
    }

    fn latest(&self, event: &Value) -> Value {
        match self {
            Self::OnceWithin { .. } => Value::Null,
            Self::OnceAfter { .. }
            | Self::Accumulate { .. }
            | Self::All { .. }
            | Self::Absent { .. } => event.clone(),
        }
    }

    fn length_ms(&self) -> u64 {
        match *self {
            Self::OnceAfter { after_ms } => after_ms,
            Self::OnceWithin { within_ms }
            | Self::Accumulate { within_ms, .. }
            | Self::All { within_ms, .. }
            | Self::Absent { within_ms } => within_ms,
        }
    }
}

fn with_part(mut state: State, part: u32) -> State {
    if let Err(place) = state.parts.binary_search(&part) {
        state.parts.insert(place, part);
    }
    state
}

fn fired(state: &State) -> Fired {
    let mut event = state.latest.clone();
    if let Value::Object(members) = &mut event {
        let told = json!({ "beganMs": state.began_ms, "count": state.count });
        members.insert(MEMBER.to_owned(), told);
    }
    Fired { id: state.first.clone(), event }
}
