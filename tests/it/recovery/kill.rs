//! What must hold of a scenario's run after any kills.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::scene::{Scene, folder, step_of};

/// Checks that every effect of the scenario happened as often as its `expected.json` says, and that the run ended as one that
/// nobody disturbed.
#[track_caller]
pub(super) fn check(scene: &Scene, told: &str) {
    let runs = scene.check_sound();
    let view = scene.show_of(&runs);
    let expected = fs::read_to_string(folder(scene.scenario).join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let lines: BTreeMap<String, u64> = serde_json::from_value(expected["lines"].clone()).unwrap();
    assert_eq!(scene.lines(), lines, "{told}: {view:#}");
    for (name, version) in expected["versions"].as_object().unwrap() {
        let parameter = scene.scratch.json(0, ["param", "get", name]);
        assert_eq!(parameter["Version"], *version, "{told}: {parameter}");
    }
    assert_eq!(json!(runs.len()), expected["runs"], "{told}: {runs:#?}");
    check_requests(scene, &view, &expected, told);
    assert_eq!(view["status"], "Success", "{told}: {view:#}");
    let steps: BTreeMap<String, [Value; 2]> =
        serde_json::from_value(expected["steps"].clone()).unwrap();
    for step in view["steps"].as_array().unwrap() {
        let path = step["path"].as_str().unwrap();
        let is_unknown = step["failure"]["kind"] == "Unknown";
        if !(is_unknown && may_be_unknown(&expected, path)) {
            let ended = [step["status"].clone(), step["attempts"].clone()];
            assert_eq!(Some(&ended), steps.get(path), "{told}: {view:#}");
        }
    }
}

fn may_be_unknown(expected: &Value, step: &str) -> bool {
    expected["atMostOnce"].as_object().is_some_and(|paths| paths.values().any(|name| name == step))
}

/// A request that may be repeated arrived at least once, always under one key. Any other arrived once if its step succeeded, and
/// where it is not known at most once.
fn check_requests(scene: &Scene, view: &Value, expected: &Value, told: &str) {
    for path in expected["repeated"].as_array().into_iter().flatten() {
        let arrived = scene.server.arrived(path.as_str().unwrap());
        assert!(!arrived.is_empty(), "{told}: {path}");
        assert!(arrived.iter().all(|request| request.key == arrived[0].key), "{told}: {arrived:?}");
    }
    for (path, name) in expected["atMostOnce"].as_object().into_iter().flatten() {
        let arrived = scene.server.arrived(path).len();
        let step = step_of(view, name.as_str().unwrap());
        if step["status"] == "Success" {
            assert_eq!(arrived, 1, "{told}: {step:#}");
        } else {
            assert_eq!(step["failure"]["kind"], "Unknown", "{told}: {step:#}");
            assert!(arrived <= 1, "{told}: {step:#}");
        }
    }
}
