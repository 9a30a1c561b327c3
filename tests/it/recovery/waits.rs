//! Kills while a run waits for a person or for time.

use std::collections::BTreeMap;

use super::follow::Follow;
use super::scene::{Called, Scene};

#[track_caller]
fn signal(scene: &Scene, word: &str, step: &str) {
    let said = scene.scratch.call(["runs", "signal", &scene.root_id(), word, "--step", step]);
    assert_eq!(said.code, Some(0), "{word} {step}: {said:?}");
}

#[track_caller]
fn check(scene: &Scene) {
    scene.check_sound();
    let view = scene.show();
    assert_eq!(view["status"], "Success", "{view:#}");
    let once = |line: &str| (line.to_owned(), 1);
    let expected: BTreeMap<_, _> = ["first", "third", "fourth"].into_iter().map(once).collect();
    assert_eq!(scene.lines(), expected, "{view:#}");
    assert_eq!(scene.scratch.json(0, ["param", "get", "/recovery/second"])["Version"], 1);
    let events = scene.scratch.json(0, ["runs", "events", &scene.root_id()]);
    let waits: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["event"] == "StepWaiting")
        .map(|entry| entry["path"]["step"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(waits, ["Approve", "Pause", "Sleep"], "{events:#}");
}

#[test]
fn signals_to_a_run_without_an_owner_are_kept_for_the_next() {
    let scene = Scene::new("waits");
    let run = Follow::start(scene.run());
    run.until("Approve  waits");
    run.kill();
    signal(&scene, "approve", "Approve");
    let resumed = Follow::start(scene.go_on());
    resumed.until("Pause  waits");
    resumed.kill();
    signal(&scene, "resume", "Pause");
    let resumed = Follow::start(scene.go_on());
    resumed.until("Sleep  sleeps");
    resumed.kill();
    scene.finish();
    check(&scene);
}

#[test]
fn a_run_that_was_gone_on_with_hears_signals_and_keeps_time() {
    let scene = Scene::new("waits");
    Follow::start(scene.run()).kill_when("Approve  waits");
    Follow::start(scene.go_on()).kill_when("Approve  waits");
    let resumed = Follow::start(scene.go_on());
    resumed.until("Approve  waits");
    signal(&scene, "approve", "Approve");
    resumed.kill_when("Pause  waits");
    let resumed = Follow::start(scene.go_on());
    resumed.until("Pause  waits");
    signal(&scene, "resume", "Pause");
    resumed.kill_when("Sleep  sleeps");
    Follow::start(scene.go_on()).kill_when("Sleep  sleeps");
    assert!(matches!(Follow::start(scene.go_on()).end(), Called::Said(_)));
    check(&scene);
}

/// The word is in the inbox, or taken from it, when the process dies.
#[test]
fn a_signal_is_taken_once_however_often_its_taker_dies() {
    for place in ["before-commit:2", "after-commit:2", "before-commit:3", "after-commit:3"] {
        let scene = Scene::new("waits");
        Follow::start(scene.run()).kill_when("Approve  waits");
        signal(&scene, "approve", "Approve");
        let mut dying = scene.go_on();
        dying.env("RUNWRIGHT_CRASH_AT", place);
        assert!(matches!(Follow::start(dying).end(), Called::Killed), "{place}");
        Follow::start(scene.go_on()).kill_when("Pause  waits");
        signal(&scene, "resume", "Pause");
        scene.finish();
        check(&scene);
    }
}
