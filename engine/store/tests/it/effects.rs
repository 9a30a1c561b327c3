use host_api::effect::{Activation, LoopPass, StepPath};
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::Digest;
use host_api::port::{LoggedAnswer, LoggedCall};
use host_api::request::{ClockRequest, HostRequest, StateRequest};
use serde_json::json;
use store::once::{self, Once, Times};
use store::{WriteError, host_calls, state};

use crate::scene::{Scene, activation};

/// Counts how often it really acts, in the transaction that remembers it.
fn act_once(scene: &Scene, key: &'static str, request: &'static str, now_ms: u64) -> Once {
    scene
        .store
        .write_blocking(move |tx| {
            let digest = Digest::of(request.as_bytes());
            let answer = once::begin(tx, "hooks", key, &digest, now_ms)?;
            if answer == Once::New {
                let count = state::get(tx, "hooks", "count")?.unwrap_or_default();
                state::put(tx, "hooks", "count", &format!("{count}|"))?;
                let times = Times { now_ms, expires_ms: Some(now_ms + 100) };
                once::finish(tx, "hooks", key, &digest, &format!("did {request}"), times)?;
            }
            Ok(answer)
        })
        .unwrap()
}

#[test]
fn a_key_is_new_once_until_it_expires() {
    let scene = Scene::new();
    assert_eq!(act_once(&scene, "k", "a", 0), Once::New);
    assert_eq!(act_once(&scene, "k", "a", 50), Once::Same("did a".to_owned()));
    assert_eq!(act_once(&scene, "k", "b", 50), Once::Mismatch);
    assert_eq!(act_once(&scene, "other", "b", 50), Once::New);
    assert_eq!(act_once(&scene, "k", "b", 100), Once::New);
    let count = scene.store.read_blocking(|tx| state::get(tx, "hooks", "count")).unwrap();
    assert_eq!(count.as_deref(), Some("|||"));
    assert_eq!(scene.store.write_blocking(|tx| once::expire(tx, 199, 10)), Ok(1));
    assert_eq!(act_once(&scene, "other", "b", 199), Once::New);
    assert_eq!(act_once(&scene, "k", "b", 199), Once::Same("did b".to_owned()));
}

#[test]
fn a_key_cannot_be_finished_twice() {
    let scene = Scene::new();
    let finish = || {
        scene.store.write_blocking(|tx| {
            let times = Times { now_ms: 0, expires_ms: None };
            once::finish(tx, "s", "k", &Digest::of(b"r"), "{}", times)
        })
    };
    assert_eq!(finish(), Ok(()));
    assert_eq!(finish(), Err(WriteError::Exists { what: "once key", id: "s/k".to_owned() }));
}

fn call(ordinal: u32, answer: Option<LoggedAnswer>) -> LoggedCall {
    let request = if ordinal == 0 {
        HostRequest::Clock(ClockRequest::Now)
    } else {
        HostRequest::State(StateRequest::Get { scope: "acme".to_owned(), key: ordinal.to_string() })
    };
    let (interface, function) = request.name();
    LoggedCall {
        ordinal,
        interface: interface.to_owned(),
        function: function.to_owned(),
        request_digest: Digest::of(&ordinal.to_be_bytes()),
        request,
        answer,
    }
}

fn answered(ordinal: u32, value: u32) -> LoggedCall {
    call(ordinal, Some(LoggedAnswer::Value(json!(value))))
}

fn append(scene: &Scene, activation: &Activation, calls: Vec<LoggedCall>) {
    let activation = activation.clone();
    scene.store.write_blocking(move |tx| host_calls::append(tx, &activation, &calls)).unwrap();
}

#[test]
fn an_outcome_takes_the_place_of_its_intent_and_never_the_other_way() {
    let scene = Scene::new();
    let step = activation(&scene.run("r1"), "Send");
    let read = || scene.store.read_blocking(|tx| host_calls::read(tx, &step)).unwrap();
    append(&scene, &step, vec![]);
    assert_eq!(read(), []);
    append(&scene, &step, vec![answered(0, 7), call(1, None)]);
    assert_eq!(read(), [answered(0, 7), call(1, None)]);
    let failure = Failure::new(FailureKind::Denied, "no");
    let outcome = call(1, Some(LoggedAnswer::Failure(failure)));
    append(&scene, &step, vec![outcome.clone(), call(2, Some(LoggedAnswer::Withheld))]);
    append(&scene, &step, vec![call(1, None)]);
    assert_eq!(read(), [answered(0, 7), outcome, call(2, Some(LoggedAnswer::Withheld))]);
}

#[test]
fn each_activation_has_its_own_log() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let first = activation(&run, "Send");
    let woken = Activation { activation: 2, ..first.clone() };
    let retried = Activation { attempt: 2, ..first.clone() };
    let passes = vec![LoopPass { step: "Loop".to_owned(), iteration: 2 }];
    let item = StepPath { passes, step: "Body".to_owned(), item: Some(3) };
    let item = Activation { path: item, ..first.clone() };
    let all = [&item, &first, &woken, &retried];
    for (number, activation) in (0..).zip(all) {
        append(&scene, activation, vec![answered(0, number)]);
    }
    for (number, activation) in (0..).zip(all) {
        let calls = scene.store.read_blocking(|tx| host_calls::read(tx, activation)).unwrap();
        assert_eq!(calls, [answered(0, number)]);
    }
    let whole = scene.store.read_blocking(|tx| host_calls::read_run(tx, &run)).unwrap();
    let whole: Vec<_> =
        whole.into_iter().map(|of| (of.path, of.attempt, of.activation, of.calls.len())).collect();
    let expected =
        [("Loop#2/Body[3]", 1, 1, 1), ("Send", 1, 1, 1), ("Send", 1, 2, 1), ("Send", 2, 1, 1)].map(
            |(path, attempt, activation, count)| (path.to_owned(), attempt, activation, count),
        );
    assert_eq!(whole, expected);
}
