//! Rules that start after more, or less, than one event.

use proptest::prelude::*;
use rules::window::{Fired, Matched, Part, State, Step, Window};
use serde_json::{Value, json};

/// One group of a window, and what it has started.
struct Group {
    window: Window,
    state: Option<State>,
    started: Vec<(u64, Fired)>,
}

impl Group {
    fn new(window: Window) -> Self {
        Self { window, state: None, started: Vec::new() }
    }

    fn sees(&mut self, at_ms: u64, part: Part) {
        let (id, event) = (format!("e{at_ms}"), json!({ "detail": { "at": at_ms } }));
        let matched = Matched { id: &id, part, event: &event, at_ms };
        let step = self.window.on_match(self.state.take(), matched);
        self.keep(at_ms, step);
    }

    fn waits_until(&mut self, now_ms: u64) {
        if let Some(state) = self.state.take() {
            let step = self.window.on_time(state, now_ms);
            self.keep(now_ms, step);
        }
    }

    fn keep(&mut self, now_ms: u64, step: Step) {
        // What is kept outlives a restart as JSON.
        let kept = step.state.map(|state| serde_json::to_string(&state).unwrap());
        self.state = kept.map(|text| serde_json::from_str(&text).unwrap());
        self.started.extend(step.fired.map(|fired| (now_ms, fired)));
    }

    /// Returns when it started, and of how many events.
    fn starts(&self) -> Vec<(u64, Value)> {
        self.started
            .iter()
            .map(|(at_ms, fired)| (*at_ms, fired.event["window"]["count"].clone()))
            .collect()
    }
}

const AWAITED: Part = Part::Awaited(0);

#[test]
fn once_within_a_time_the_first_starts() {
    let mut group = Group::new(Window::OnceWithin { within_ms: 100 });
    for at_ms in [0, 50, 99, 100, 150, 260] {
        group.sees(at_ms, AWAITED);
    }
    assert_eq!(group.starts(), [(0, json!(1)), (100, json!(1)), (260, json!(1))]);
    assert_eq!(group.started[1].1.id, "e100");
    assert_eq!(group.started[1].1.event["detail"], json!({ "at": 100 }));
}

#[test]
fn once_after_a_time_all_of_it_start_once() {
    let mut group = Group::new(Window::OnceAfter { after_ms: 100 });
    group.sees(0, AWAITED);
    group.sees(60, AWAITED);
    group.waits_until(99);
    assert!(group.started.is_empty());
    group.waits_until(100);
    assert_eq!(group.starts(), [(100, json!(2))]);
    assert_eq!(group.started[0].1.event["detail"], json!({ "at": 60 }), "the latest is told");
    // Nobody looked when the time was over: the next event does not belong to it.
    group.sees(200, AWAITED);
    group.sees(350, AWAITED);
    assert_eq!(group.starts()[1..], [(350, json!(1))]);
    group.waits_until(450);
    assert_eq!(group.starts()[2..], [(450, json!(1))]);
}

#[test]
fn enough_within_a_time_start_and_fewer_are_forgotten() {
    let mut group = Group::new(Window::Accumulate { count: 3, within_ms: 100 });
    for at_ms in [0, 90, 100, 110, 120, 130] {
        group.sees(at_ms, AWAITED);
    }
    assert_eq!(group.starts(), [(120, json!(3))]);
    assert_eq!(group.started[0].1.id, "e100");
    group.waits_until(1_000);
    assert_eq!((group.starts().len(), group.state), (1, None));
}

#[test]
fn all_patterns_match_in_any_order() {
    let mut group = Group::new(Window::All { patterns: 2, within_ms: 100 });
    group.sees(0, Part::Awaited(1));
    group.sees(10, Part::Awaited(1));
    group.sees(20, Part::Awaited(0));
    assert_eq!(group.starts(), [(20, json!(3))]);
    group.sees(30, Part::Awaited(0));
    group.sees(130, Part::Awaited(1));
    assert_eq!(group.starts().len(), 1, "the second came too late");
}

#[test]
fn what_does_not_come_starts() {
    let mut group = Group::new(Window::Absent { within_ms: 100 });
    group.sees(0, AWAITED);
    group.sees(50, Part::Preventing);
    group.waits_until(100);
    assert!(group.started.is_empty() && group.state.is_none());
    group.sees(200, AWAITED);
    group.waits_until(300);
    assert_eq!(group.starts(), [(300, json!(1))]);
    group.sees(310, Part::Preventing);
    assert!(group.state.is_none(), "nothing was awaited");
}

fn windows() -> impl Strategy<Value = Window> {
    let length = 1..200_u64;
    prop_oneof![
        length.clone().prop_map(|within_ms| Window::OnceWithin { within_ms }),
        length.clone().prop_map(|after_ms| Window::OnceAfter { after_ms }),
        (1..5_u32, length.clone())
            .prop_map(|(count, within_ms)| Window::Accumulate { count, within_ms }),
        (1..3_u32, length.clone())
            .prop_map(|(patterns, within_ms)| Window::All { patterns, within_ms }),
        length.prop_map(|within_ms| Window::Absent { within_ms }),
    ]
}

proptest! {
    #[test]
    fn no_start_is_told_twice_and_what_is_kept_ends(
        window in windows(),
        pauses in prop::collection::vec((0..120_u64, 0..3_u32), 0..40),
    ) {
        let mut group = Group::new(window.clone());
        let mut now_ms = 0;
        for (pause_ms, part) in &pauses {
            now_ms += pause_ms;
            let part = match (&window, part) {
                (Window::Absent { .. }, 2) => Part::Preventing,
                (Window::All { patterns, .. }, part) => Part::Awaited(part % patterns),
                _ => AWAITED,
            };
            group.sees(now_ms, part);
            if let Some(state) = &group.state {
                prop_assert!(state.began_ms <= now_ms && now_ms < state.due_ms);
            }
        }
        group.waits_until(u64::MAX);
        prop_assert_eq!(&group.state, &None);
        let mut ids: Vec<_> = group.started.iter().map(|(_, fired)| fired.id.clone()).collect();
        prop_assert!(ids.len() <= pauses.len());
        // Events of one moment have one name here, so what began at the same moment may be told under it again.
        ids.dedup();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        prop_assert_eq!(distinct.len(), ids.len());
    }
}
