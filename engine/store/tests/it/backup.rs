use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use store::{BackupError, OpenError, OpenOptions, Sealed, Store, audit, backup, runs, state};

use crate::scene::{Scene, new_run, private_directory};

fn restored(copy: &Path, directory: &Path) -> Store {
    backup::restore(copy, directory).unwrap();
    Store::open(directory, &OpenOptions::default()).unwrap()
}

#[test]
fn a_copy_made_while_others_write_is_whole_and_can_be_restored() {
    let scene = Scene::new();
    let copy = scene.scratch.path().join("copy.db");
    let mut run = new_run("r1");
    run.sealed_seed = Some(Sealed { key_id: "k7".to_owned(), envelope: vec![1] });
    scene.store.write_blocking(move |tx| runs::insert(tx, &run)).unwrap();
    let stop = AtomicBool::new(false);
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Both values change together, so a copy from between two commits shows as a difference.
            let mut number = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let text = number.to_string();
                let write = scene.store.write_blocking(move |tx| {
                    state::put(tx, "s", "left", &text)?;
                    state::put(tx, "t", "right", &text)
                });
                write.unwrap();
            }
        });
        while scene.store.read_blocking(|tx| state::get(tx, "s", "left")).unwrap().is_none() {
            std::thread::yield_now();
        }
        let report = scene.store.backup(&copy).unwrap();
        stop.store(true, Ordering::Relaxed);
        report
    });
    assert_eq!(report.key_ids, ["k7"]);
    assert_eq!(report.bytes, fs::metadata(&copy).unwrap().len());
    let store = restored(&copy, &scene.scratch.path().join("restored"));
    let get = |scope, key| store.read_blocking(|tx| state::get(tx, scope, key)).unwrap();
    assert!(get("s", "left").is_some());
    assert_eq!(get("s", "left"), get("t", "right"));
    store.integrity_check().unwrap();
    store.read_blocking(audit::verify).unwrap();
    assert!(matches!(scene.store.backup(&copy), Err(BackupError::TargetExists(_))));
}

#[test]
fn restore_refuses_what_it_cannot_put_in_place() {
    let scene = Scene::new();
    let scratch = scene.scratch.path();
    let copy = scratch.join("copy.db");
    scene.store.backup(&copy).unwrap();
    let absent = scratch.join("absent");
    let refused = |file: &Path, directory: &Path| backup::restore(file, directory).unwrap_err();

    assert!(matches!(refused(&copy, scene.store.directory()), BackupError::DirectoryNotEmpty(_)));
    let none = scratch.join("none.db");
    assert!(matches!(refused(&none, &absent), BackupError::Io { .. }));
    let text = scratch.join("text.db");
    fs::write(&text, "a text file that is long enough to be looked at as a database").unwrap();
    assert!(matches!(refused(&text, &absent), BackupError::Open(OpenError::Foreign { .. })));
    let empty = scratch.join("empty.db");
    fs::write(&empty, "").unwrap();
    assert!(matches!(refused(&empty, &absent), BackupError::Open(OpenError::Foreign { .. })));
    let damaged = scratch.join("damaged.db");
    let mut bytes = fs::read(&copy).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xAA);
    fs::write(&damaged, bytes).unwrap();
    let error = refused(&damaged, &absent);
    assert!(matches!(error, BackupError::Open(OpenError::Corrupt { .. })), "{error:?}");
    let live = scratch.join("live.db");
    fs::copy(&copy, &live).unwrap();
    fs::write(scratch.join("live.db-wal"), "log").unwrap();
    assert!(matches!(refused(&live, &absent), BackupError::Live(_)));
    assert!(!absent.exists());
    backup::restore(&copy, &absent).unwrap();
}

/// The names in a directory, in order.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_a_killed_backup_left_is_replaced() {
    let scene = Scene::new();
    let directory = scene.scratch.path().join("copies");
    fs::create_dir(&directory).unwrap();
    let copy = directory.join("copy.db");
    fs::write(directory.join("copy.db.partial"), "half").unwrap();
    fs::write(directory.join("copy.db.partial-journal"), "journal").unwrap();
    scene.store.backup(&copy).unwrap();
    assert_eq!(names(&directory), ["copy.db"]);
    restored(&copy, &scene.scratch.path().join("restored")).integrity_check().unwrap();
}

#[test]
fn a_name_that_is_taken_is_left_alone() {
    let scene = Scene::new();
    let directory = scene.scratch.path().join("copies");
    fs::create_dir(&directory).unwrap();
    for taken in ["copy.db", "copy.db-journal", "copy.db-wal"] {
        fs::write(directory.join(taken), "another").unwrap();
        let error = scene.store.backup(&directory.join("copy.db")).unwrap_err();
        let BackupError::TargetExists(path) = error else { panic!("{error}") };
        assert_eq!(path, directory.join(taken));
        assert_eq!(names(&directory), [taken]);
        assert_eq!(fs::read(&path).unwrap(), b"another");
        fs::remove_file(path).unwrap();
    }
}

/// A copy in a scene, and a private directory to restore it to, in which are these files.
fn copy_and_directory(scene: &Scene, files: &[&str]) -> (PathBuf, PathBuf) {
    let copy = scene.scratch.path().join("copy.db");
    scene.store.backup(&copy).unwrap();
    let directory = private_directory(scene.scratch.path());
    for file in files {
        fs::write(directory.join(file), "half").unwrap();
    }
    (copy, directory)
}

#[test]
fn an_interrupted_restore_is_no_store_and_can_be_run_again() {
    let scene = Scene::new();
    scene.run("r1");
    let (copy, directory) = copy_and_directory(&scene, &["runwright.partial", "lock"]);
    let error = Store::open(&directory, &OpenOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::RestoreInterrupted { .. }), "{error}");
    assert!(error.to_string().contains("run restore again"), "{error}");
    let store = restored(&copy, &directory);
    assert_eq!(store.read_blocking(runs::active).unwrap().len(), 1);
    assert!(!directory.join("runwright.partial").exists());
}

#[test]
fn a_restore_that_was_interrupted_after_all_is_done() {
    let scene = Scene::new();
    let (copy, directory) = copy_and_directory(&scene, &[]);
    backup::restore(&copy, &directory).unwrap();
    fs::hard_link(directory.join("runwright.db"), directory.join("runwright.partial")).unwrap();
    drop(Store::open(&directory, &OpenOptions::default()).unwrap());
    assert!(!directory.join("runwright.partial").exists());
}

#[test]
fn a_directory_in_which_somebody_is_at_work_is_not_restored_to() {
    let scene = Scene::new();
    let (copy, directory) = copy_and_directory(&scene, &["lock"]);
    let lock = fs::File::open(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    let error = backup::restore(&copy, &directory).unwrap_err();
    assert!(matches!(error, BackupError::Open(OpenError::Owned { .. })), "{error}");
    assert_eq!(names(&directory), ["lock"]);
    drop(lock);
    backup::restore(&copy, &directory).unwrap();
    for rest in ["runwright.db", "runwright.db-wal", "runwright.db-shm", "keys"] {
        let (copy, directory) = {
            fs::remove_file(&copy).unwrap();
            copy_and_directory(&scene, &[rest])
        };
        let error = backup::restore(&copy, &directory).unwrap_err();
        assert!(matches!(error, BackupError::DirectoryNotEmpty(_)), "{rest}: {error}");
        assert_eq!(names(&directory), [rest]);
    }
}
