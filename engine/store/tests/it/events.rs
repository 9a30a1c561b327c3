use store::events::{self, JournalPosition, NewEvent};
use store::resource_policies::{self, ResourcePolicy};
use store::settings::{self, Setting};
use store::{Tx, journal, leases, retention};

use crate::scene::Scene;

/// A run that has ended, with so many entries in its journal.
fn ended(scene: &Scene, id: &str, entries: usize) {
    let run = scene.run(id);
    let texts: Vec<String> = (0..entries).map(|number| format!("{id}-{number}")).collect();
    let written = run.clone();
    let write = move |tx: &mut Tx<'_>| {
        let epoch = leases::acquire(tx, &written, "test")?;
        journal::append(tx, &written, 0, epoch, &texts).map(drop)
    };
    scene.store.write_blocking(write).unwrap();
    scene.end(&run, 1);
}

fn prune(scene: &Scene) {
    scene.store.write_blocking(|tx| retention::delete_runs(tx, 2, 100)).unwrap();
}

fn read(scene: &Scene, position: JournalPosition) -> (Vec<String>, JournalPosition) {
    scene
        .store
        .read_blocking(|tx| {
            let from = events::resumed(tx, position)?;
            let rows = events::journals(tx, from.id, 100)?;
            let id = rows.last().map_or(from.id, |row| row.id);
            let entries = rows.into_iter().map(|row| row.entry).collect();
            Ok::<_, store::ReadError>((entries, JournalPosition { id, ..from }))
        })
        .unwrap()
}

#[test]
fn ids_that_are_given_again_are_read_again() {
    let scene = Scene::new();
    let keeps = scene.run("keeps");
    scene
        .store
        .write_blocking(move |tx| {
            let epoch = leases::acquire(tx, &keeps, "test")?;
            journal::append(tx, &keeps, 0, epoch, &["kept"]).map(drop)
        })
        .unwrap();
    let (entries, first) = read(&scene, JournalPosition::default());
    assert_eq!(entries, ["kept"]);
    ended(&scene, "a", 3);
    let (entries, second) = read(&scene, first);
    assert_eq!(entries, ["a-0", "a-1", "a-2"]);
    prune(&scene);
    ended(&scene, "b", 2);
    for position in [first, second] {
        assert_eq!(read(&scene, position).0, ["b-0", "b-1"]);
    }
    let (_, third) = read(&scene, second);
    assert_eq!(read(&scene, third), (Vec::new(), third));
    assert_eq!(scene.store.read_blocking(events::journal_head), Ok(third));
    prune(&scene);
    ended(&scene, "c", 1);
    for position in [JournalPosition::default(), first, second, third] {
        let expected: &[&str] =
            if position == JournalPosition::default() { &["kept", "c-0"] } else { &["c-0"] };
        assert_eq!(read(&scene, position).0, expected);
    }
}

#[test]
fn what_is_deleted_behind_newer_rows_begins_no_era() {
    let scene = Scene::new();
    ended(&scene, "a", 3);
    ended(&scene, "b", 1);
    let (_, position) = read(&scene, JournalPosition::default());
    let newer = scene.run("newer");
    scene
        .store
        .write_blocking(move |tx| {
            let epoch = leases::acquire(tx, &newer, "test")?;
            journal::append(tx, &newer, 0, epoch, &["new"]).map(drop)
        })
        .unwrap();
    prune(&scene);
    let (entries, after) = read(&scene, position);
    assert_eq!((entries, after.era), (vec!["new".to_owned()], position.era));
}

#[test]
fn events_are_numbered_for_ever_and_deleted_by_age() {
    let scene = Scene::new();
    let append = |time_ms: u64| {
        let event = NewEvent {
            id: time_ms.to_string(),
            time_ms,
            at_ms: time_ms,
            source: "aws.ssm".to_owned(),
            detail_type: "Parameter Store Change".to_owned(),
            resources: "[]".to_owned(),
            detail: "{}".to_owned(),
            run: None,
            replay: None,
        };
        scene.store.write_blocking(move |tx| events::append(tx, &event)).unwrap();
    };
    (1..=3).for_each(append);
    let delete = |before_ms, limit| {
        scene.store.write_blocking(move |tx| events::delete_before(tx, before_ms, limit)).unwrap()
    };
    assert_eq!((delete(4, 2), delete(4, 2), delete(4, 2)), (2, 1, 0));
    append(4);
    let found = scene.store.read_blocking(|tx| events::list(tx, None, 0, 9)).unwrap();
    assert_eq!((found.len(), found[0].seq), (1, 4));
    assert_eq!(scene.store.read_blocking(events::head), Ok(4));
}

#[test]
fn settings_and_policies_are_kept_until_they_are_removed() {
    let scene = Scene::new();
    let setting = |value: &str| Setting {
        value: value.to_owned(),
        last_modified_ms: 1,
        last_modified_by: "os:1".to_owned(),
    };
    for value in ["a", "b"] {
        let setting = setting(value);
        scene.store.write_blocking(move |tx| settings::put(tx, "/x", &setting)).unwrap();
    }
    assert_eq!(scene.store.read_blocking(|tx| settings::find(tx, "/x")), Ok(Some(setting("b"))));
    let remove = || scene.store.write_blocking(|tx| settings::remove(tx, "/x"));
    assert_eq!((remove(), remove()), (Ok(true), Ok(false)));
    for id in ["1", "2"] {
        let policy =
            ResourcePolicy { id: id.to_owned(), policy: "{}".to_owned(), hash: "h".to_owned() };
        scene.store.write_blocking(move |tx| resource_policies::put(tx, "arn", &policy)).unwrap();
    }
    let page = scene.store.read_blocking(|tx| resource_policies::list(tx, "arn", "1", 9)).unwrap();
    assert_eq!(page.len(), 1);
    let remove = scene.store.write_blocking(|tx| resource_policies::remove(tx, "arn", "2"));
    assert_eq!(remove, Ok(true));
    let rest = scene.store.write_blocking(|tx| resource_policies::remove_all(tx, "arn"));
    assert_eq!(rest, Ok(1));
}
