//! Requests that must not be repeated unasked: the process dies on either side of them, or their answer never comes.

use std::fs;

use super::follow::Follow;
use super::scene::{Called, Scene, call};

/// The scenario with another `onUnknown`.
fn scene(on_unknown: &str) -> Scene {
    let scene = Scene::new("post");
    let path = scene.scratch.path().join("run.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace("onUnknown: fail", &format!("onUnknown: {on_unknown}"));
    fs::write(path, changed).unwrap();
    scene
}

/// What became of the request.
#[derive(Debug, PartialEq)]
struct Became {
    status: String,
    /// The failure's kind, empty for none.
    kind: String,
    attempts: u64,
    /// How often it arrived.
    arrived: usize,
}

fn became(status: &str, kind: &str, attempts: u64, arrived: usize) -> Became {
    Became { status: status.to_owned(), kind: kind.to_owned(), attempts, arrived }
}

/// Checks what became of the request and that all around it happened once.
#[track_caller]
fn check(scene: &Scene, expected: &Became, told: &str) {
    scene.check_sound();
    let step = scene.step("Post");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = Became {
        status: text(&step["status"]),
        kind: text(&step["failure"]["kind"]),
        attempts: step["attempts"].as_u64().unwrap(),
        arrived: scene.server.arrived("/post").len(),
    };
    assert_eq!(found, *expected, "{told}: {step:#}");
    assert_eq!(scene.show()["status"], expected.status, "{told}");
    assert_eq!(scene.lines().get("bye"), Some(&1), "{told}");
    assert_eq!(scene.scratch.json(0, ["param", "get", "/recovery/before"])["Version"], 1);
}

#[track_caller]
fn kill_at(place: &str, on_unknown: &str, expected: &Became) {
    let scene = scene(on_unknown);
    let told = format!("{place}, onUnknown: {on_unknown}");
    let mut run = scene.run();
    run.env("RUNWRIGHT_CRASH_AT", format!("{place}:1"));
    assert!(matches!(call(run), Called::Killed), "{told}");
    scene.finish();
    check(&scene, expected, &told);
}

#[test]
fn a_request_is_repeated_after_a_kill_only_where_it_was_not_begun_or_the_step_says_so() {
    kill_at("before-intent", "fail", &became("Success", "", 1, 1));
    kill_at("after-intent", "fail", &became("Failed", "Unknown", 1, 0));
    kill_at("after-perform", "fail", &became("Failed", "Unknown", 1, 1));
    kill_at("after-outcome", "fail", &became("Success", "", 1, 1));
    kill_at("after-intent", "retry", &became("Success", "", 2, 1));
    kill_at("after-perform", "retry", &became("Success", "", 2, 2));
}

#[test]
fn an_answer_that_never_comes_is_unknown() {
    for (on_unknown, dropped, expected) in [
        ("fail", 1, became("Failed", "Unknown", 1, 1)),
        ("retry", 2, became("Success", "", 3, 3)),
        ("retry", 3, became("Failed", "Unknown", 3, 3)),
    ] {
        let scene = scene(on_unknown);
        scene.server.drop_first("/post", dropped);
        scene.finish();
        check(&scene, &expected, &format!("onUnknown: {on_unknown}, {dropped} dropped"));
    }
}

#[test]
fn a_step_whose_time_is_over_while_its_request_is_under_way_is_unknown() {
    let scene = scene("fail");
    let path = scene.scratch.path().join("run.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace("onUnknown: fail", "onUnknown: fail\n    timeoutSeconds: 1");
    assert_ne!(changed, text);
    fs::write(path, changed).unwrap();
    scene.server.hold("/post");
    scene.finish();
    check(&scene, &became("Failed", "Unknown", 1, 1), "no answer before the step's deadline");
}

/// Kills the owner while a person is asked, then says the word: once to nobody, once to the process that goes on.
#[track_caller]
fn ask(word: &str, expected: &Became) {
    for while_it_runs in [false, true] {
        let scene = scene("ask");
        let told = format!("{word}, while it runs: {while_it_runs}");
        scene.server.drop_first("/post", 1);
        let run = Follow::start(scene.run());
        run.until("outcome unknown");
        run.kill();
        assert_eq!(scene.server.arrived("/post").len(), 1, "{told}");
        let signal = || {
            let id = scene.root_id();
            let said = scene.scratch.call(["runs", "signal", &id, word, "--step", "Post"]);
            assert_eq!(said.code, Some(0), "{told}: {said:?}");
        };
        if while_it_runs {
            let resumed = Follow::start(scene.go_on());
            resumed.until("outcome unknown");
            assert_eq!(scene.server.arrived("/post").len(), 1, "{told}");
            signal();
            assert!(matches!(resumed.end(), Called::Said(_)), "{told}");
        } else {
            signal();
        }
        scene.finish();
        check(&scene, expected, &told);
    }
}

#[test]
fn a_person_who_is_asked_can_say_try_again() {
    ask("approve", &became("Success", "", 2, 2));
}

#[test]
fn a_person_who_is_asked_can_say_leave_it() {
    ask("reject", &became("Failed", "Unknown", 1, 1));
}
