use std::collections::BTreeSet;

use host_api::effect::Activation;
use host_api::identifier::RunId;
use host_api::invocation::{Ended, Wait, WaitKind};
use proptest::prelude::*;
use serde_json::{Value, json};
use store::waits::{WAKE, Wake};
use store::{Notice, Store, WriteError, completions, inbox, waits};

use crate::scene::{Scene, activation};

fn command(id: &str) -> Wait {
    Wait { kind: WaitKind::Command, id: id.to_owned() }
}

fn suspend(store: &Store, activation: &Activation, on: Vec<Wait>, due_ms: Option<u64>) {
    let activation = activation.clone();
    store.write_blocking(move |tx| waits::insert(tx, &activation, &on, due_ms)).unwrap();
}

fn complete(store: &Store, id: &str) -> bool {
    let id = id.to_owned();
    store
        .write_blocking(move |tx| {
            completions::record(tx, WaitKind::Command, &id, &format!("{{\"of\":\"{id}\"}}"), 9)
        })
        .unwrap()
}

fn claim(store: &Store, now_ms: u64, limit: u32) -> usize {
    store.write_blocking(move |tx| waits::claim_due(tx, now_ms, limit)).unwrap()
}

fn wakes(store: &Store, run: &RunId) -> Vec<Wake> {
    let rows = store.read_blocking(|tx| inbox::peek(tx, run, 1_000)).unwrap();
    rows.iter()
        .map(|row| {
            assert_eq!(row.kind, WAKE);
            serde_json::from_str(&row.payload).unwrap()
        })
        .collect()
}

fn woken_by(kind: WaitKind, id: &str, result: Value) -> Wake {
    let ended = Ended { kind, id: id.to_owned(), result };
    Wake { path: "Send".to_owned(), attempt: 1, activation: 1, ended }
}

#[test]
fn the_end_wakes_whether_it_comes_before_or_after_the_wait() {
    let scene = Scene::new();
    let expected = [woken_by(WaitKind::Command, "c1", json!({ "of": "c1" }))];
    let early = scene.run("early");
    suspend(&scene.store, &activation(&early, "Send"), vec![command("c1"), command("c2")], None);
    assert_eq!(wakes(&scene.store, &early), []);
    assert!(complete(&scene.store, "c1"));
    assert_eq!(wakes(&scene.store, &early), expected);
    let late = scene.run("late");
    suspend(&scene.store, &activation(&late, "Send"), vec![command("c0"), command("c1")], Some(5));
    assert_eq!(wakes(&scene.store, &late), expected);
    assert!(!complete(&scene.store, "c1"), "an end is recorded once");
    assert!(complete(&scene.store, "c2"));
    assert_eq!(claim(&scene.store, 100, 10), 0);
    assert_eq!((wakes(&scene.store, &early).len(), wakes(&scene.store, &late).len()), (1, 1));
}

#[test]
fn one_end_wakes_everyone_who_waits_for_it() {
    let scene = Scene::new();
    let run = scene.run("r1");
    for step in ["A", "B", "C"] {
        suspend(&scene.store, &activation(&run, step), vec![command("c1")], Some(50));
    }
    let mut notices = scene.store.subscribe();
    complete(&scene.store, "c1");
    let paths: Vec<_> = wakes(&scene.store, &run).into_iter().map(|wake| wake.path).collect();
    assert_eq!(paths, ["A", "B", "C"]);
    assert_eq!(notices.try_recv().unwrap(), Notice::Inbox(run));
    assert_eq!(scene.store.read_blocking(waits::next_due), Ok(None));
}

#[test]
fn times_are_claimed_once_in_their_order() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let mut notices = scene.store.subscribe();
    for (step, due_ms) in [("Late", 300), ("Soon", 100), ("Next", 200)] {
        suspend(&scene.store, &activation(&run, step), vec![], Some(due_ms));
        assert_eq!(notices.try_recv().unwrap(), Notice::Timer { due_ms });
    }
    let next = || scene.store.read_blocking(waits::next_due).unwrap();
    assert_eq!(next(), Some(100));
    assert_eq!(claim(&scene.store, 99, 10), 0);
    assert_eq!(claim(&scene.store, 250, 1), 1);
    assert_eq!(next(), Some(200));
    assert_eq!(claim(&scene.store, 250, 10), 1);
    assert_eq!(claim(&scene.store, 250, 10), 0);
    let wakes = wakes(&scene.store, &run);
    assert_eq!(wakes[0].ended, woken_by(WaitKind::Time, "", Value::Null).ended);
    assert_eq!([wakes[0].path.as_str(), wakes[1].path.as_str()], ["Soon", "Next"]);
    assert_eq!(next(), Some(300));
}

#[test]
fn what_is_deleted_or_replaced_wakes_nobody() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let steps = ["Kept", "One", "Path"].map(|step| activation(&run, step));
    for step in &steps {
        suspend(&scene.store, step, vec![command("c1")], Some(10));
    }
    suspend(&scene.store, &steps[0], vec![command("c2")], Some(20));
    let [_, one, path] = steps;
    scene
        .store
        .write_blocking(move |tx| {
            waits::delete_activation(tx, &one)?;
            waits::delete(tx, &path.run, &path.path.to_string())
        })
        .unwrap();
    complete(&scene.store, "c1");
    assert_eq!(claim(&scene.store, 15, 10), 0);
    assert_eq!(wakes(&scene.store, &run), []);
    assert_eq!(claim(&scene.store, 20, 10), 1);
    let two = activation(&run, "Two");
    suspend(&scene.store, &two, vec![command("c3")], Some(30));
    scene.store.write_blocking(move |tx| waits::delete_run(tx, &two.run)).unwrap();
    assert_eq!(claim(&scene.store, 100, 10), 0);
}

#[test]
fn refuses_waits_that_could_not_end() {
    let scene = Scene::new();
    let step = activation(&scene.run("r1"), "Send");
    let time = Wait { kind: WaitKind::Time, id: String::new() };
    for on in [vec![], vec![time]] {
        let step = step.clone();
        let result = scene.store.write_blocking(move |tx| waits::insert(tx, &step, &on, None));
        assert!(matches!(result, Err(WriteError::Invalid { what: "wait", .. })), "{result:?}");
    }
    for (kind, result) in [(WaitKind::Time, "{}"), (WaitKind::Command, "{")] {
        let recorded =
            scene.store.write_blocking(move |tx| completions::record(tx, kind, "c", result, 1));
        assert!(matches!(recorded, Err(WriteError::Invalid { what: "completion", .. })));
    }
}

#[derive(Debug, Clone)]
enum Event {
    Suspend {
        step: usize,
        on: BTreeSet<usize>,
        due_ms: Option<u64>,
    },
    Complete(usize),
    /// Time passes to so many milliseconds.
    Tick(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let suspensions = (0..4_usize).map(|step| {
        (prop::collection::btree_set(0..4_usize, 0..3), prop::option::of(1..10_u64)).prop_map(
            move |(on, due_ms)| {
                let due_ms = due_ms.or_else(|| on.is_empty().then_some(5));
                Event::Suspend { step, on, due_ms }
            },
        )
    });
    let suspensions: Vec<_> = suspensions.collect();
    let ends = prop::collection::vec((0..5_usize).prop_map(Event::Complete), 0..5);
    let ticks = prop::collection::vec((0..10_u64).prop_map(Event::Tick), 0..3);
    (suspensions, ends, ticks)
        .prop_map(|(suspensions, ends, ticks)| [suspensions, ends, ticks].concat())
        .prop_shuffle()
}

/// The steps that must have been woken, by the rules alone.
fn woken(events: &[Event]) -> BTreeSet<usize> {
    let mut woken = BTreeSet::new();
    for (place, event) in events.iter().enumerate() {
        let Event::Suspend { step, on, due_ms } = event else { continue };
        let ended =
            events.iter().any(|event| matches!(event, Event::Complete(id) if on.contains(id)));
        let due = events[place..].iter().any(
            |event| matches!((event, due_ms), (Event::Tick(now_ms), Some(due_ms)) if due_ms <= now_ms),
        );
        if ended || due {
            woken.insert(*step);
        }
    }
    woken
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_every_order_each_suspension_wakes_exactly_once(events in events()) {
        let scene = Scene::new();
        let run = scene.run("r1");
        for event in &events {
            match event {
                Event::Suspend { step, on, due_ms } => {
                    let on = on.iter().map(|id| command(&id.to_string())).collect();
                    suspend(&scene.store, &activation(&run, &step.to_string()), on, *due_ms);
                }
                Event::Complete(id) => { complete(&scene.store, &id.to_string()); }
                Event::Tick(now_ms) => { claim(&scene.store, *now_ms, 100); }
            }
        }
        let mut steps: Vec<usize> =
            wakes(&scene.store, &run).iter().map(|wake| wake.path.parse().unwrap()).collect();
        steps.sort_unstable();
        prop_assert_eq!(steps, woken(&events).into_iter().collect::<Vec<_>>());
    }
}
