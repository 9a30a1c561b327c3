use std::fs;

use host_api::identifier::RunId;
use store::{OpenOptions, Store, inbox, journal, leases, runs};

use crate::scene::Scene;

/// What another process finds when this one is gone: the files, without the memory of who wrote them.
fn left_behind(scene: &Scene) -> Store {
    let directory = scene.scratch.path().join("left");
    fs::create_dir(&directory).unwrap();
    let mode = fs::metadata(scene.store.directory()).unwrap().permissions();
    fs::set_permissions(&directory, mode).unwrap();
    for name in ["runwright.db", "runwright.db-wal"] {
        fs::copy(scene.store.directory().join(name), directory.join(name)).unwrap();
    }
    Store::open(&directory, &OpenOptions::default()).unwrap()
}

#[test]
fn what_was_answered_is_there_after_a_crash() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let id = run.clone();
    let epoch = scene.store.write_blocking(move |tx| leases::acquire(tx, &id, "dead")).unwrap();
    for seq in 0..40 {
        let run = run.clone();
        scene
            .store
            .write_blocking(move |tx| {
                inbox::put(tx, &run, "signal", &seq.to_string())?;
                journal::append(tx, &run, seq, epoch, &["{}"])
            })
            .unwrap();
    }
    let store = left_behind(&scene);
    store.integrity_check().unwrap();
    let row = store.read_blocking(|tx| runs::get(tx, &run)).unwrap();
    assert_eq!(
        (row.next_seq, row.lease_epoch, row.lease_owner.as_deref()),
        (40, epoch, Some("dead"))
    );
    assert_eq!(store.read_blocking(|tx| journal::read(tx, &run, 0, 99)).unwrap().len(), 40);
    assert_eq!(store.read_blocking(|tx| inbox::peek(tx, &run, 99)).unwrap().len(), 40);
    assert_eq!(store.read_blocking(runs::active), Ok(vec![RunId::new("r1")]));
}
