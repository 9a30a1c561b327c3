//! Matches of rules, their windows, and schedules.

use host_api::identifier::RunId;
use store::rule_matches::{self, MatchFilter, MatchKey, MatchStatus, NewMatch};
use store::rule_windows::{self, WindowRow};
use store::schedules::{self, ScheduleRow};
use store::{Tx, WriteError, dispatch, ops_items, replays};

use crate::scene::Scene;

fn new_match(event_id: &str, replay: &str) -> NewMatch {
    NewMatch {
        key: MatchKey {
            rule: "rule/a".to_owned(),
            target: String::new(),
            event_id: event_id.to_owned(),
            replay: replay.to_owned(),
        },
        caused_by: Some(event_id.to_owned()),
        depth: 0,
        time_ms: 5,
        event: "{}".to_owned(),
        stopped: None,
    }
}

fn insert(scene: &Scene, new: &NewMatch) -> Option<u64> {
    let new = new.clone();
    scene.store.write_blocking(move |tx| rule_matches::insert(tx, &new)).unwrap()
}

#[test]
fn a_match_is_there_once_for_each_event_and_replay() {
    let scene = Scene::new();
    let first = insert(&scene, &new_match("e", "")).unwrap();
    assert_eq!(insert(&scene, &new_match("e", "")), None);
    let again = insert(&scene, &new_match("e", "again")).unwrap();
    let other = insert(&scene, &new_match("f", "")).unwrap();
    assert!(first < again && again < other);
    let caused = scene.store.read_blocking(|tx| rule_matches::caused_by(tx, "e")).unwrap();
    assert_eq!(caused.iter().map(|row| row.seq).collect::<Vec<_>>(), [first, again]);
}

#[test]
fn a_match_is_finished_once_and_then_nothing_changes_it() {
    let scene = Scene::new();
    let seq = insert(&scene, &new_match("e", "")).unwrap();
    let finish = |result: &'static str| {
        scene.store.write_blocking(move |tx| rule_matches::finish(tx, seq, result)).unwrap()
    };
    assert_eq!((finish("run-1"), finish("run-2")), (true, false));
    scene.store.write_blocking(move |tx| rule_matches::fail(tx, seq, "late", None)).unwrap();
    let revived = scene.store.write_blocking(move |tx| rule_matches::revive(tx, seq, 9)).unwrap();
    assert!(!revived);
    let row = scene.store.read_blocking(|tx| rule_matches::get(tx, seq)).unwrap().unwrap();
    assert_eq!((row.status, row.result.as_deref()), (MatchStatus::Done, Some("run-1")));
    assert_eq!((row.due_ms, row.reason, row.event), (None, None, None));
    let run = RunId::new("run-1");
    assert_eq!(scene.store.read_blocking(|tx| rule_matches::depth_of_run(tx, &run)), Ok(Some(0)));
}

#[test]
fn a_failed_match_is_due_again_or_dead_and_a_dead_one_can_be_revived() {
    let scene = Scene::new();
    let seq = insert(&scene, &new_match("e", "")).unwrap();
    let due = |now_ms| {
        let rows = scene.store.read_blocking(|tx| rule_matches::due(tx, now_ms, 9)).unwrap();
        rows.into_iter().map(|row| row.attempts).collect::<Vec<_>>()
    };
    let fail = |due_ms| {
        scene.store.write_blocking(move |tx| rule_matches::fail(tx, seq, "x", due_ms)).unwrap();
    };
    assert_eq!((due(4), due(5)), (vec![], vec![0]));
    fail(Some(10));
    assert_eq!((due(9), due(10)), (vec![], vec![1]));
    assert_eq!(scene.store.read_blocking(rule_matches::next_due), Ok(Some(10)));
    fail(None);
    assert_eq!(due(u64::from(u32::MAX)), Vec::<u32>::new());
    let dead = MatchFilter { status: Some(MatchStatus::Dead), ..MatchFilter::default() };
    let list = |filter: &MatchFilter| {
        scene.store.read_blocking(|tx| rule_matches::list(tx, filter, 9)).unwrap().len()
    };
    assert_eq!(list(&dead), 1);
    let other = MatchFilter { rule: Some("rule/b".to_owned()), ..MatchFilter::default() };
    assert_eq!(list(&other), 0);
    assert!(scene.store.write_blocking(move |tx| rule_matches::revive(tx, seq, 20)).unwrap());
    assert_eq!((list(&dead), due(20)), (0, vec![0]));
}

#[test]
fn a_stopped_match_is_never_due_and_pending_ones_are_kept() {
    let scene = Scene::new();
    let stopped = NewMatch { stopped: Some("a loop".to_owned()), depth: 6, ..new_match("e", "") };
    insert(&scene, &stopped).unwrap();
    insert(&scene, &new_match("f", "")).unwrap();
    let count = |since_ms| {
        scene.store.read_blocking(|tx| rule_matches::count_looped(tx, "rule/a", since_ms))
    };
    assert_eq!((count(5), count(6)), (Ok(1), Ok(0)));
    let delete = |tx: &mut Tx<'_>| rule_matches::delete_before(tx, 100, 9);
    assert_eq!(scene.store.write_blocking(delete), Ok(1));
    let left = scene.store.read_blocking(|tx| rule_matches::due(tx, 100, 9)).unwrap();
    assert_eq!(left.len(), 1);
}

#[test]
fn the_windows_that_were_touched_first_are_evicted() {
    let scene = Scene::new();
    let window = |group: u64| WindowRow {
        rule: "rule/a".to_owned(),
        group_key: group.to_string(),
        replay: String::new(),
        digest: "d".to_owned(),
        state: "{}".to_owned(),
        due_ms: 100 - group,
        touched_ms: group,
        depth: 0,
    };
    for group in [3, 1, 2, 1] {
        scene.store.write_blocking(move |tx| rule_windows::put(tx, &window(group))).unwrap();
    }
    assert_eq!(scene.store.read_blocking(|tx| rule_windows::count(tx, "rule/a")), Ok(3));
    scene.store.write_blocking(|tx| rule_windows::evict(tx, "rule/a", 2)).unwrap();
    let due = scene.store.read_blocking(|tx| rule_windows::due(tx, 1_000, 9)).unwrap();
    assert_eq!(due, [window(3)]);
    let known = scene.store.read_blocking(rule_windows::rules).unwrap();
    assert_eq!(known, [("rule/a".to_owned(), "d".to_owned())]);
    scene.store.write_blocking(|tx| rule_windows::delete_all(tx, "rule/a", "d")).unwrap();
    assert_eq!(scene.store.read_blocking(rule_windows::next_due), Ok(None));
}

#[test]
fn a_time_of_a_schedule_is_claimed_once() {
    let scene = Scene::new();
    let row = ScheduleRow {
        name: "schedule/a".to_owned(),
        digest: "d".to_owned(),
        anchor_ms: 0,
        next_ms: Some(10),
        last_ms: None,
        skipped: 0,
    };
    let put = row.clone();
    scene.store.write_blocking(move |tx| schedules::put(tx, &put)).unwrap();
    let due = |now_ms| scene.store.read_blocking(|tx| schedules::due(tx, now_ms, 9)).unwrap().len();
    assert_eq!((due(9), due(10)), (0, 1));
    let claim = || {
        let was = row.clone();
        scene.store.write_blocking(move |tx| schedules::claim(tx, &was, Some(20), 10, 2)).unwrap()
    };
    assert_eq!((claim(), claim()), (true, false));
    let [after] = &scene.store.read_blocking(schedules::list).unwrap()[..] else { panic!() };
    assert_eq!((after.next_ms, after.last_ms, after.skipped), (Some(20), Some(10), 2));
    scene.store.write_blocking(|tx| schedules::delete(tx, "schedule/a")).unwrap();
    assert_eq!(scene.store.read_blocking(schedules::next_due), Ok(None));
}

#[test]
fn the_cursor_is_one_and_can_be_forgotten() {
    let scene = Scene::new();
    let reached = |cursor: &str| dispatch::Reached { cursor: cursor.to_owned(), reads_runs: true };
    for cursor in ["a", "b"] {
        let reached = reached(cursor);
        scene.store.write_blocking(move |tx| dispatch::reach(tx, &reached)).unwrap();
    }
    assert_eq!(scene.store.read_blocking(dispatch::reached), Ok(Some(reached("b"))));
    scene.store.write_blocking(dispatch::forget_cursor).unwrap();
    assert_eq!(scene.store.read_blocking(dispatch::reached), Ok(None));
}

#[test]
fn an_open_item_is_the_only_one_of_its_text() {
    let scene = Scene::new();
    let create = |id: &'static str, deduplicate: Option<&'static str>| {
        let item = ops_items::NewOpsItem {
            id: id.to_owned(),
            title: "disk".to_owned(),
            source: "test".to_owned(),
            description: "disk".to_owned(),
            severity: None,
            category: None,
            priority: Some(1),
            deduplicate: deduplicate.map(str::to_owned),
            operational_data: "{}".to_owned(),
            created_by: "os:0".to_owned(),
            created_ms: 1,
        };
        scene.store.write_blocking(move |tx| ops_items::insert(tx, &item)).unwrap()
    };
    assert_eq!([create("a", Some("x")), create("b", Some("x"))], ["a", "a"]);
    assert_eq!([create("c", None), create("d", None)], ["c", "d"]);
}

#[test]
fn a_replay_has_a_name_of_its_own() {
    let scene = Scene::new();
    let row = replays::ReplayRow {
        name: "r".to_owned(),
        from_ms: 1,
        to_ms: 2,
        pattern: None,
        rules: None,
        status: "RUNNING".to_owned(),
        reason: None,
        events: 0,
        created_ms: 3,
        ended_ms: None,
    };
    let insert = || {
        let row = row.clone();
        scene.store.write_blocking(move |tx| replays::insert(tx, &row))
    };
    insert().unwrap();
    assert!(matches!(insert(), Err(WriteError::Exists { .. })));
    let end = |tx: &mut Tx<'_>| replays::set_status(tx, "r", "COMPLETED", 7, Some(9));
    scene.store.write_blocking(end).unwrap();
    let [found] = &scene.store.read_blocking(replays::list).unwrap()[..] else { panic!() };
    assert_eq!((found.status.as_str(), found.events, found.ended_ms), ("COMPLETED", 7, Some(9)));
}
