use host_api::identifier::{Digest, RunId};
use host_api::invocation::WaitKind;
use store::once::Times;
use store::plugins::Plugin;
use store::retention::{self, Deleted};
use store::runs::Parent;
use store::{completions, host_calls, inbox, journal, leases, once, plugins, runs, waits};

use crate::scene::{Scene, activation, new_run};

fn fill(scene: &Scene, run: &RunId) {
    let run = run.clone();
    scene
        .store
        .write_blocking(move |tx| {
            let epoch = leases::acquire(tx, &run, "one")?;
            journal::append(tx, &run, 0, epoch, &["1", "2"])?;
            inbox::put(tx, &run, "signal", "{}")?;
            waits::insert(tx, &activation(&run, "Sleep"), &[], Some(5))?;
            let call = host_api::port::LoggedCall {
                ordinal: 0,
                interface: "clock".to_owned(),
                function: "now".to_owned(),
                request_digest: Digest::of(b"now"),
                request: host_api::request::HostRequest::Clock(
                    host_api::request::ClockRequest::Now,
                ),
                answer: None,
            };
            host_calls::append(tx, &activation(&run, "Sleep"), &[call])?;
            let plugin = Plugin {
                digest: Digest::of(b"component"),
                manifest: "{}".to_owned(),
                signer_key_id: None,
                registered_ms: 1,
            };
            plugins::put(tx, &plugin, b"component")?;
            plugins::pin(tx, &run, "acme:greet", &plugin.digest)?;
            completions::record(tx, WaitKind::Automation, run.as_str(), "{}", 9)?;
            let times = Times { now_ms: 1, expires_ms: None };
            once::finish(tx, run.as_str(), "effect", &Digest::of(b"r"), "{}", times)
        })
        .unwrap();
}

#[test]
fn ended_runs_go_in_batches_with_everything_of_theirs() {
    let scene = Scene::new();
    let runs = ["r1", "r2", "r3", "active"].map(|id| scene.run(id));
    for (run, ended_ms) in runs.iter().zip([10, 20, 30]) {
        fill(&scene, run);
        scene.end(run, ended_ms);
    }
    fill(&scene, &runs[3]);
    let delete = |before_ms, max| {
        scene.store.write_blocking(move |tx| retention::delete_runs(tx, before_ms, max)).unwrap()
    };
    assert_eq!(delete(10, 100), Deleted::default());
    let one = Deleted {
        runs: 1,
        journal_entries: 2,
        inbox_rows: 1,
        suspensions: 1,
        host_call_batches: 1,
        plugin_uses: 1,
        completions: 1,
        once_keys: 1,
    };
    assert_eq!(delete(30, 1), one);
    assert_eq!(delete(30, 100), one);
    assert_eq!(delete(30, 100), Deleted::default());
    let left = |run: &RunId| scene.store.read_blocking(|tx| runs::find(tx, run)).unwrap().is_some();
    assert_eq!([0, 1, 2, 3].map(|index| left(&runs[index])), [false, false, true, true]);
    let entries = scene.store.read_blocking(|tx| journal::read(tx, &runs[3], 0, 9)).unwrap();
    assert_eq!(entries.len(), 2);
    scene.store.integrity_check().unwrap();
}

#[test]
fn a_child_stays_until_its_parent_has_ended() {
    let scene = Scene::new();
    let parent = scene.run("parent");
    let mut child = new_run("child");
    child.parent = Some(Parent { run: parent.clone(), path: "Start".to_owned() });
    scene.store.write_blocking(move |tx| runs::insert(tx, &child)).unwrap();
    scene.end(&RunId::new("child"), 10);
    let delete =
        || scene.store.write_blocking(|tx| retention::delete_runs(tx, 100, 9)).unwrap().runs;
    assert_eq!(delete(), 0);
    scene.end(&parent, 20);
    assert_eq!(delete(), 2);
}

#[test]
fn ends_of_things_that_are_gone_are_forgotten() {
    let scene = Scene::new();
    let run = scene.run("r1");
    scene
        .store
        .write_blocking(move |tx| {
            completions::record(tx, WaitKind::Automation, run.as_str(), "{}", 1)?;
            completions::record(tx, WaitKind::Automation, "gone", "{}", 1)?;
            completions::record(tx, WaitKind::Signal, "old", "{}", 1)?;
            completions::record(tx, WaitKind::Signal, "new", "{}", 9)
        })
        .unwrap();
    let delete = || scene.store.write_blocking(|tx| retention::delete_completions(tx, 5, 9));
    assert_eq!((delete(), delete()), (Ok(2), Ok(0)));
    let known = |kind, id| {
        scene.store.read_blocking(|tx| completions::find(tx, kind, id)).unwrap().is_some()
    };
    assert!(known(WaitKind::Automation, "r1") && known(WaitKind::Signal, "new"));
}
