//! Kills while a command runs: of the owner, which loses nothing, and of the shim, which makes the outcome unknown.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::follow::{Follow, Gate};
use super::scene::{Called, Scene};

/// Starts the run and returns when its command runs.
fn begun() -> (Scene, Gate, Follow) {
    let scene = Scene::new("gate");
    let gate = Gate::new(&scene);
    let run = Follow::start(scene.run());
    gate.until_began();
    (scene, gate, run)
}

/// Kills the shim of the only job there is.
#[track_caller]
fn kill_shim(scene: &Scene) {
    let jobs = fs::read_dir(scene.scratch.data().join("agent/jobs")).unwrap();
    let started: Vec<_> = jobs
        .filter_map(|job| fs::read_to_string(job.unwrap().path().join("started")).ok())
        .collect();
    let [pid] = started.as_slice() else { panic!("not one job: {started:?}") };
    kill(Pid::from_raw(pid.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
}

#[track_caller]
fn check_once(scene: &Scene) {
    scene.check_sound();
    let step = scene.step("Gated");
    assert_eq!(step["status"], "Success", "{step:#}");
    assert_eq!(step["attempts"], 1, "{step:#}");
    assert_eq!(step["outputs"]["Stdout"], "opened\n", "{step:#}");
    assert_eq!(scene.lines()["gated"], 1);
}

/// The command is known to have begun, so only a word of the author's would run it again.
#[track_caller]
fn check_unknown(scene: &Scene) {
    scene.check_sound();
    let step = scene.step("Gated");
    assert_eq!(step["status"], "Failed", "{step:#}");
    assert_eq!(step["failure"]["kind"], "Unknown", "{step:#}");
    assert_eq!(step["attempts"], 1, "{step:#}");
    assert_eq!(scene.lines()["gated"], 1);
}

#[test]
fn a_command_that_ends_while_nobody_owns_it_is_not_lost() {
    let (scene, gate, run) = begun();
    run.kill();
    gate.open();
    scene.finish();
    check_once(&scene);
}

#[test]
fn a_command_that_outlives_its_owner_is_attached_to_again_and_again() {
    let (scene, gate, run) = begun();
    run.kill();
    for _ in 0..2 {
        let resumed = Follow::start(scene.go_on());
        resumed.until("run ");
        resumed.kill();
    }
    let resumed = Follow::start(scene.go_on());
    gate.open();
    assert!(matches!(resumed.end(), Called::Said(_)));
    check_once(&scene);
}

#[test]
fn whoever_follows_a_run_goes_on_with_it_when_its_owner_dies() {
    let (scene, gate, run) = begun();
    let follower = Follow::start(scene.go_on());
    follower.until("run ");
    run.kill();
    gate.open();
    match follower.end() {
        Called::Said(said) => assert_eq!(said.code, Some(0), "{said:?}"),
        Called::Killed => panic!("nobody killed the follower"),
    }
    check_once(&scene);
}

#[test]
fn a_command_whose_shim_was_killed_is_unknown_and_not_run_again() {
    let (scene, gate, run) = begun();
    kill_shim(&scene);
    assert!(matches!(run.end(), Called::Said(_)));
    check_unknown(&scene);
    gate.is_left();
}

#[test]
fn a_command_whose_owner_and_shim_were_killed_is_unknown_and_not_run_again() {
    let (scene, gate, run) = begun();
    run.kill();
    kill_shim(&scene);
    scene.finish();
    check_unknown(&scene);
    gate.is_left();
}
