//! What kills its process every time it runs must not do so for ever.

use std::fs;

use serde_json::Value;

use super::scene::{Called, Scene, call};

/// Restarts of one activation, after which its attempt fails (DESIGN 2).
const RESTARTS_MAX: u32 = 5;

/// Kills the process before the request is begun, as often as is said, then lets the run end. Returns the request's step.
#[track_caller]
fn killed(kills: u32, attempts_max: u32) -> Value {
    let scene = Scene::new("post");
    let path = scene.scratch.path().join("run.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let attempts = format!("maxAttempts: {attempts_max}");
    fs::write(path, text.replace("maxAttempts: 3", &attempts)).unwrap();
    for _ in 0..kills {
        let mut dying = scene.go_on();
        dying.env("RUNWRIGHT_CRASH_AT", "before-intent:1");
        assert!(matches!(call(dying), Called::Killed));
    }
    scene.finish();
    scene.check_sound();
    assert_eq!(scene.lines().get("bye"), Some(&1));
    let step = scene.step("Post");
    let sent = usize::from(step["status"] == "Success");
    assert_eq!(scene.server.arrived("/post").len(), sent, "{step:#}");
    step
}

#[test]
fn an_activation_that_is_restarted_five_times_may_still_end() {
    let step = killed(RESTARTS_MAX, 1);
    assert_eq!((&step["status"], &step["attempts"]), (&"Success".into(), &1.into()), "{step:#}");
}

#[test]
fn one_restart_more_fails_the_attempt() {
    let step = killed(RESTARTS_MAX + 1, 1);
    assert_eq!(step["status"], "Failed", "{step:#}");
    assert_eq!(step["failure"]["code"], "TooManyRestarts", "{step:#}");
}

#[test]
fn a_new_attempt_has_restarts_of_its_own() {
    let step = killed(RESTARTS_MAX + 2, 2);
    assert_eq!((&step["status"], &step["attempts"]), (&"Success".into(), &2.into()), "{step:#}");
}
