use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::unistd::{Uid, chown, setfsuid};
use rusqlite::Connection;
use store::{OpenError, OpenOptions, SCHEMA_VERSION, Store, state};

use crate::scene::Scene;

fn open(directory: &Path) -> Result<Store, OpenError> {
    Store::open(directory, &OpenOptions::default())
}

/// Makes a store, closes it, and returns the path of its database.
fn closed_store(directory: &Path) -> std::path::PathBuf {
    drop(open(directory).unwrap());
    directory.join("runwright.db")
}

#[test]
fn creates_a_private_directory_and_keeps_what_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("a/b");
    let store = open(&directory).unwrap();
    assert_eq!(store.directory(), directory);
    store.write_blocking(|tx| state::put(tx, "s", "k", "1")).unwrap();
    drop(store);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("runwright.db")), 0o600);
    let value = open(&directory).unwrap().read_blocking(|tx| state::get(tx, "s", "k")).unwrap();
    assert_eq!(value.as_deref(), Some("1"));
}

#[test]
fn refuses_a_directory_that_others_can_enter() {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o750)).unwrap();
    let error = open(scratch.path()).unwrap_err();
    assert!(matches!(error, OpenError::Permissions { mode: 0o750, .. }), "{error}");
    if nix::unistd::geteuid().is_root() {
        fs::set_permissions(scratch.path(), Permissions::from_mode(0o700)).unwrap();
        chown(scratch.path(), Some(Uid::from_raw(65_534)), None).unwrap();
        let error = Store::open(scratch.path(), &OpenOptions::default()).unwrap_err();
        assert!(matches!(error, OpenError::OtherOwner { owner: 65_534, .. }), "{error}");
    }
    assert!(error.to_string().contains("chmod 700"), "{error}");
    assert!(!scratch.path().join("runwright.db").exists());
}

#[test]
fn refuses_a_file_in_the_place_of_the_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(open(&file).unwrap_err(), OpenError::NotADirectory { .. }));
    assert!(matches!(open(&file.join("below")).unwrap_err(), OpenError::NotADirectory { .. }));
}

#[test]
fn names_the_owner_to_a_second_one() {
    let scene = Scene::new();
    let error = open(scene.store.directory()).unwrap_err();
    let OpenError::Owned { pid, directory } = error else { panic!("{error}") };
    assert_eq!(pid, Some(std::process::id()));
    assert_eq!(directory, scene.store.directory());
    let directory = scene.store.directory().to_owned();
    drop(scene.store);
    drop(open(&directory).unwrap());
}

#[test]
fn refuses_a_newer_schema_naming_both_versions_and_leaves_it() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("data");
    let file = closed_store(&directory);
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", SCHEMA_VERSION + 7).unwrap();
    drop(connection);
    let before = fs::read(&file).unwrap();
    let error = open(&directory).unwrap_err();
    let OpenError::Newer { found, supported, .. } = error else { panic!("{error}") };
    assert_eq!((found, supported), (SCHEMA_VERSION + 7, SCHEMA_VERSION));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn refuses_what_is_not_ours_and_leaves_it() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("data");
    let file = closed_store(&directory);
    fs::write(&file, "this is a text file, and a long enough one to have a header").unwrap();
    let error = open(&directory).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    fs::remove_file(&file).unwrap();
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let before = fs::read(&file).unwrap();
    let error = open(&directory).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn says_that_a_file_is_damaged() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("data");
    let file = closed_store(&directory);
    let mut bytes = fs::read(&file).unwrap();
    bytes[100..4096].fill(0xAA);
    fs::write(&file, bytes).unwrap();
    let error = open(&directory).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
}

/// The thread's own file permissions are those of a user without privileges while `body` runs.
fn as_nobody<T>(body: impl FnOnce() -> T) -> T {
    let nobody = Uid::from_raw(65_534);
    if !Uid::effective().is_root() {
        return body();
    }
    setfsuid(nobody);
    let result = body();
    setfsuid(Uid::effective());
    result
}

#[test]
fn says_that_a_directory_cannot_be_written() {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o500)).unwrap();
    let error = as_nobody(|| open(scratch.path()).unwrap_err());
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn says_that_there_is_no_space_for_a_new_store() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("data");
    let options = OpenOptions { pages_max: Some(20), ..OpenOptions::default() };
    let error = Store::open(&directory, &options).unwrap_err();
    assert!(matches!(error, OpenError::DiskFull { .. }), "{error:?}");
    drop(open(&directory).unwrap());
}
