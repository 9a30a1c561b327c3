use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use services::Keyring;
use services::keyring::{KeyId, KeyringError, Sources};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn write_closed(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    set_mode(path, 0o400);
}

#[test]
fn the_first_start_makes_a_key_that_only_the_owner_reads() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = Keyring::open(directory.path(), &Sources::default(), &[]).unwrap();
    assert_eq!(keyring.primary(), KeyId(1));
    let file = directory.path().join("keys/k1.key");
    assert_eq!(fs::read(&file).unwrap().len(), 32);
    assert_eq!((mode(&file), mode(&directory.path().join("keys"))), (0o400, 0o700));
    assert_eq!(format!("{keyring:?}"), "{KeyId(1)}");
}

#[test]
fn what_others_can_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    Keyring::open(directory.path(), &Sources::default(), &[]).unwrap();
    let keys = directory.path().join("keys");
    set_mode(&keys.join("k1.key"), 0o440);
    let error = Keyring::open(directory.path(), &Sources::default(), &[]).unwrap_err();
    assert!(matches!(error, KeyringError::Permissions { mode: 0o440, .. }), "{error}");
    set_mode(&keys.join("k1.key"), 0o400);
    set_mode(&keys, 0o750);
    let error = Keyring::open(directory.path(), &Sources::default(), &[]).unwrap_err();
    assert!(matches!(error, KeyringError::Permissions { mode: 0o750, .. }), "{error}");
}

#[test]
fn an_operator_s_keys_come_before_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("given");
    write_closed(&file, format!("k1:{}\nk7: {}\n", "0a".repeat(32), "ff".repeat(32)).as_bytes());
    let sources = Sources { key_file: Some(file), ..Sources::default() };
    let keyring = Keyring::open(directory.path(), &sources, &[]).unwrap();
    assert_eq!(keyring.ids().collect::<Vec<_>>(), [KeyId(1), KeyId(7)]);
    assert_eq!(keyring.primary(), KeyId(7));
    assert!(!directory.path().join("keys").exists());
}

#[test]
fn two_keys_of_one_name_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    Keyring::open(directory.path(), &Sources::default(), &[]).unwrap();
    let credentials = directory.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    write_closed(&credentials.join("runwright-key"), &[7; 32]);
    let sources = Sources { credentials_directory: Some(credentials), ..Sources::default() };
    let error = Keyring::open(directory.path(), &sources, &[]).unwrap_err();
    assert!(matches!(error, KeyringError::Conflict { id: KeyId(1), .. }), "{error}");
}

#[test]
fn a_file_without_a_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty", ""),
        ("short", "k1:00"),
        ("no-name", &*"0".repeat(64)),
        ("bad-digit", &*format!("k1:{}", "zz".repeat(32))),
    ] {
        let file = directory.path().join(name);
        write_closed(&file, content.as_bytes());
        let sources = Sources { key_file: Some(file), ..Sources::default() };
        let error = Keyring::open(directory.path(), &sources, &[]).unwrap_err();
        assert!(matches!(error, KeyringError::Malformed { .. }), "{name}: {error}");
    }
}

#[test]
fn what_a_killed_creation_left_is_removed_and_in_nobody_s_way() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    fs::create_dir(&keys).unwrap();
    set_mode(&keys, 0o700);
    let leave = |name: &str| write_closed(&keys.join(name), &[7; 32]);
    leave(".k1.1");
    leave(".another.1");
    let keyring = Keyring::open(directory.path(), &Sources::default(), &[]).unwrap();
    // After the keys were opened, by a process of our own number.
    leave(&format!(".k2.{}", std::process::id()));
    let rotated = keyring.rotated(directory.path()).unwrap();
    assert_eq!(rotated.primary(), KeyId(2));
    assert_ne!(fs::read(keys.join("k2.key")).unwrap(), [7; 32]);
    let mut names: Vec<_> = fs::read_dir(&keys)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [".another.1", "k1.key", "k2.key"]);
}

#[test]
fn keys_in_the_environment_are_read_as_those_of_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let with = |keys: &str| Sources { keys: Some(keys.into()), ..Sources::default() };
    let (one, two) = ("0a".repeat(32), "ff".repeat(32));
    let sources = with(&format!("k1:{one},k7: {two}\n"));
    assert!(!format!("{sources:?}").contains(&one), "it is not shown");
    let keyring = Keyring::open(directory.path(), &sources, &[]).unwrap();
    assert_eq!(keyring.ids().collect::<Vec<_>>(), [KeyId(1), KeyId(7)]);
    assert!(!directory.path().join("keys").exists());
    for keys in ["", "k1:00", &one] {
        let error = Keyring::open(directory.path(), &with(keys), &[]).unwrap_err();
        assert!(matches!(error, KeyringError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains("RUNWRIGHT_KEY") && !error.to_string().contains(&one));
    }
}
