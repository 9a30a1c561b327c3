//! The binary is replaced between what a run waits for and its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::follow::{Follow, Gate};
use super::scene::{Called, Scene};

/// Puts the binary somewhere else, as an upgrade does.
fn install(scene: &Scene, name: &str) -> PathBuf {
    let path = scene.scratch.path().join(name);
    // Copied by another process: a file that this one has open for writing, or a child of it that was forked meanwhile, cannot be executed.
    let mut copy = Command::new("cp");
    assert!(copy.arg(env!("CARGO_BIN_EXE_runwright-e2e")).arg(&path).status().unwrap().success());
    path
}

/// Returns the same call, made by another binary.
fn by(binary: &Path, call: &Command) -> Command {
    let mut command = Command::new(binary);
    command.args(call.get_args()).env_clear();
    command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(call.get_current_dir().unwrap()).stdin(std::process::Stdio::null());
    command
}

#[test]
fn what_one_binary_began_another_ends() {
    let scene = Scene::new("upgrade");
    let gate = Gate::new(&scene);
    let old = install(&scene, "old");
    let run = Follow::start(by(&old, &scene.run()));
    gate.until_began();
    run.kill();
    fs::remove_file(old).unwrap();

    let middle = install(&scene, "middle");
    let resumed = Follow::start(by(&middle, &scene.go_on()));
    gate.open();
    resumed.until("Gated  Success");
    resumed.kill();
    fs::remove_file(middle).unwrap();

    let new = install(&scene, "new");
    assert!(matches!(Follow::start(by(&new, &scene.go_on())).end(), Called::Said(_)));
    scene.check_sound();
    let view = scene.show();
    assert_eq!(view["status"], "Success", "{view:#}");
    assert_eq!(scene.step("Gated")["outputs"]["Stdout"], "opened\n");
    let lines = scene.lines();
    assert_eq!((lines["gated"], lines["child"]), (1, 1), "{lines:?}");
}
