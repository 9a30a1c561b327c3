//! Kills from outside, at times drawn from a seed.
//!
//! `RUNWRIGHT_KILLS` says how many there are over all scenarios, `RUNWRIGHT_SEED` draws another series.

use std::process::Child;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use super::kill::check;
use super::scene::{Called, Scene, pid_of, spawn, wait};

const KILLS: u64 = 150;
const SEED: u64 = 20_261_126;
const SCENARIOS: u64 = 5;
/// Kills of one run; five restarts of one activation would fail its attempt.
const KILLS_OF_RUN_MAX: u64 = 4;
/// About what an undisturbed run takes.
const RUN_MS: u64 = 700;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Returns whether the process was killed; it may have ended before.
fn kill_after(child: Child, pause: Duration) -> bool {
    // The pause is what is drawn; nothing is waited for.
    thread::sleep(pause);
    // It is not waited for yet, so the number is still its own.
    kill(pid_of(&child), Signal::SIGKILL).unwrap();
    matches!(wait(child), Called::Killed)
}

fn series(scenario: &'static str) {
    let seed = number("RUNWRIGHT_SEED").unwrap_or(SEED);
    let wanted = number("RUNWRIGHT_KILLS").unwrap_or(KILLS).div_ceil(SCENARIOS);
    let mut random = Random(seed);
    let (mut killed, mut runs) = (0, 0);
    while killed < wanted {
        let told = format!("{scenario}, run {runs} of RUNWRIGHT_SEED={seed}");
        let scene = Scene::new(scenario);
        let mut kills = 1 + random.below(KILLS_OF_RUN_MAX);
        let mut call = scene.run();
        while kills > 0 {
            let pause = Duration::from_millis(random.below(RUN_MS));
            if !kill_after(spawn(call), pause) {
                break;
            }
            killed += 1;
            kills -= 1;
            call = scene.go_on();
        }
        scene.finish();
        check(&scene, &told);
        runs += 1;
        assert!(runs < 100 || killed > 0, "{told}: nothing is ever killed");
    }
}

#[test]
fn graph() {
    series("graph");
}

#[test]
fn retry() {
    series("retry");
}

#[test]
fn child() {
    series("child");
}

#[test]
fn sequence() {
    series("sequence");
}

#[test]
fn http() {
    series("http");
}
