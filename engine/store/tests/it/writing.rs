use std::sync::mpsc;

use host_api::identifier::RunId;
use store::{Notice, OpenOptions, ReadError, WriteError, inbox, runs, state};
use tokio::task::JoinSet;

use crate::scene::{Scene, new_run};

/// Holds the writer inside a transaction until the value is dropped.
struct HeldWriter {
    _gate: mpsc::Sender<()>,
}

async fn hold_writer(scene: &Scene) -> HeldWriter {
    let (entered, wait_entered) = mpsc::channel();
    let (gate, closed) = mpsc::channel::<()>();
    let store = scene.store.clone();
    tokio::spawn(async move {
        store
            .write(move |_| {
                entered.send(()).unwrap();
                // An error says that the gate is open.
                closed.recv().unwrap_err();
                Ok(())
            })
            .await
    });
    tokio::task::yield_now().await;
    wait_entered.recv().unwrap();
    HeldWriter { _gate: gate }
}

fn keys(scene: &Scene) -> Vec<String> {
    scene.store.read_blocking(|tx| state::list_keys(tx, "s", "", None, 1_000)).unwrap()
}

#[tokio::test]
async fn one_failure_among_many_rolls_back_alone() {
    let scene = Scene::new();
    let held = hold_writer(&scene).await;
    let mut writes = JoinSet::new();
    for number in 0..50 {
        let store = scene.store.clone();
        writes.spawn(async move {
            let result = store
                .write(move |tx| {
                    state::put(tx, "s", &format!("{number:02}"), "1")?;
                    match number {
                        17 => Err(WriteError::Closed),
                        23 => panic!("number 23"),
                        _ => Ok(number),
                    }
                })
                .await;
            (number, result)
        });
        tokio::task::yield_now().await;
    }
    drop(held);
    for (number, result) in writes.join_all().await {
        match number {
            17 => assert_eq!(result, Err(WriteError::Closed)),
            23 => assert!(
                matches!(&result, Err(WriteError::Internal(text)) if text.contains("number 23")),
                "{result:?}"
            ),
            _ => assert_eq!(result, Ok(number)),
        }
    }
    let expected: Vec<String> = (0..50)
        .filter(|number| ![17, 23].contains(number))
        .map(|number| format!("{number:02}"))
        .collect();
    assert_eq!(keys(&scene), expected);
}

#[tokio::test]
async fn requests_that_wait_together_share_a_commit_and_its_notices_come_after() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let mut notices = scene.store.subscribe();
    let held = hold_writer(&scene).await;
    let (first, second) = (scene.store.clone(), scene.store.clone());
    let put = tokio::spawn({
        let run = run.clone();
        async move { first.write(move |tx| inbox::put(tx, &run, "signal", "{}")).await }
    });
    let look = tokio::spawn({
        let run = run.clone();
        let outside = scene.store.clone();
        async move {
            second
                .write(move |tx| {
                    let inside = inbox::peek(tx, &run, 10)?.len();
                    let outside = outside.read_blocking(|tx| inbox::peek(tx, &run, 10))?.len();
                    Ok((inside, outside))
                })
                .await
        }
    });
    tokio::task::yield_now().await;
    assert!(notices.try_recv().is_err());
    drop(held);
    put.await.unwrap().unwrap();
    assert_eq!(look.await.unwrap().unwrap(), (1, 0));
    assert_eq!(notices.try_recv().unwrap(), Notice::Inbox(run));
    assert!(notices.try_recv().is_err());
}

#[test]
fn a_refused_write_gives_no_notice() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let mut notices = scene.store.subscribe();
    let result = scene.store.write_blocking(move |tx| {
        inbox::put(tx, &run, "signal", "{}")?;
        Err::<(), _>(WriteError::DiskFull)
    });
    assert_eq!(result, Err(WriteError::DiskFull));
    assert!(notices.try_recv().is_err());
    let run = scene.run("r2");
    assert_eq!(notices.try_recv().unwrap(), Notice::RunChanged(run));
}

#[tokio::test]
async fn a_full_disk_fails_what_does_not_fit_and_loses_nothing() {
    let scene = Scene::with(&OpenOptions { pages_max: Some(300), ..OpenOptions::default() });
    let held = hold_writer(&scene).await;
    let mut writes = JoinSet::new();
    for number in 0..9 {
        let store = scene.store.clone();
        writes.spawn(async move {
            let value = if number == 4 { "x".repeat(4 << 20) } else { "1".to_owned() };
            let result =
                store.write(move |tx| state::put(tx, "s", &number.to_string(), &value)).await;
            (number, result)
        });
        tokio::task::yield_now().await;
    }
    drop(held);
    for (number, result) in writes.join_all().await {
        let expected = if number == 4 { Err(WriteError::DiskFull) } else { Ok(()) };
        assert_eq!(result, expected, "{number}");
    }
    assert_eq!(keys(&scene), ["0", "1", "2", "3", "5", "6", "7", "8"]);
    scene.store.write_blocking(|tx| state::put(tx, "s", "9", "1")).unwrap();
    scene.store.integrity_check().unwrap();
}

#[test]
fn an_error_of_the_callers_own_rolls_back() {
    #[derive(Debug, thiserror::Error)]
    enum Own {
        #[error("too many")]
        TooMany,
        #[error(transparent)]
        Write(#[from] WriteError),
    }
    let scene = Scene::new();
    let result: Result<(), Own> = scene.store.try_write_blocking(|tx| {
        state::put(tx, "s", "k", "1")?;
        Err(Own::TooMany)
    });
    assert!(matches!(result, Err(Own::TooMany)));
    assert!(keys(&scene).is_empty());
}

#[test]
fn more_writers_than_places_in_the_queue_all_get_through() {
    let one = std::num::NonZero::new(1);
    let scene = Scene::with(&OpenOptions { queue_capacity: one, ..OpenOptions::default() });
    std::thread::scope(|scope| {
        for number in 0..16 {
            let store = scene.store.clone();
            scope.spawn(move || {
                store.write_blocking(move |tx| state::put(tx, "s", &number.to_string(), "1"))
            });
        }
    });
    assert_eq!(keys(&scene).len(), 16);
}

#[tokio::test]
async fn a_read_that_panics_costs_no_connection() {
    let one = std::num::NonZero::new(1);
    let scene = Scene::with(&OpenOptions { readers: one, ..OpenOptions::default() });
    for _ in 0..3 {
        let result: Result<(), ReadError> = scene.store.read(|_| panic!("a bug")).await;
        assert!(matches!(&result, Err(ReadError::Internal(text)) if text.contains("a bug")));
    }
    assert_eq!(scene.store.read(|tx| runs::find(tx, &RunId::new("none"))).await, Ok(None));
}

#[test]
fn what_is_queued_at_the_end_is_committed() {
    let scene = Scene::new();
    let directory = scene.store.directory().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let held = hold_writer(&scene).await;
        let store = scene.store.clone();
        let write =
            tokio::spawn(async move { store.write(|tx| runs::insert(tx, &new_run("late"))).await });
        tokio::task::yield_now().await;
        write.abort();
        drop(held);
    });
    drop(runtime);
    drop(scene.store);
    let store = store::Store::open(&directory, &OpenOptions::default()).unwrap();
    assert!(store.read_blocking(|tx| runs::find(tx, &RunId::new("late"))).unwrap().is_some());
}

#[test]
fn the_log_does_not_grow_with_what_is_written() {
    let scene = Scene::new();
    let log = scene.store.directory().join("runwright.db-wal");
    let mebibyte = "x".repeat(1 << 20);
    let mut longest = 0;
    for _ in 0..40 {
        let value = mebibyte.clone();
        scene.store.write_blocking(move |tx| state::put(tx, "s", "k", &value)).unwrap();
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
    }
    assert!(longest < 24 << 20, "{longest}");
}

#[test]
fn a_write_within_a_write_is_refused() {
    let scene = Scene::new();
    let store = scene.store.clone();
    let inner = scene
        .store
        .write_blocking(move |_| Ok(store.write_blocking(|tx| state::put(tx, "s", "k", "1"))));
    assert!(matches!(inner, Ok(Err(WriteError::Internal(_)))), "{inner:?}");
    assert!(keys(&scene).is_empty());
}
