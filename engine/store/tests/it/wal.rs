//! Logs as a crash leaves them, and as one never does.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use store::{OpenError, OpenOptions, Store, state};

use crate::scene::private_directory;

const HEADER_BYTES: usize = 32;
const FRAME_BYTES: usize = 24 + 4096;

/// A store whose last commits are in the log only.
struct Logged {
    scratch: tempfile::TempDir,
    writer: Connection,
}

impl Logged {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("data");
        drop(Store::open(&directory, &OpenOptions::default()).unwrap());
        let writer = Connection::open(directory.join("runwright.db")).unwrap();
        writer
            .execute_batch(
                "PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL; PRAGMA cache_size=4",
            )
            .unwrap();
        // Connections of the store may close after this one was opened, and then leave their log.
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: bool = writer.query_row(truncate, [], |row| row.get(0)).unwrap();
        assert!(!is_busy);
        Self { scratch, writer }
    }

    /// Commits a value of so many bytes.
    fn put(&self, key: &str, bytes: usize) {
        let sql = "INSERT INTO state (scope, key, value) VALUES ('s', ?1, ?2)";
        self.writer.execute(sql, (key, format!("\"{}\"", "x".repeat(bytes)))).unwrap();
    }

    fn log(&self) -> Vec<u8> {
        fs::read(self.scratch.path().join("data/runwright.db-wal")).unwrap()
    }

    fn frames(&self) -> usize {
        (self.log().len() - HEADER_BYTES) / FRAME_BYTES
    }

    /// Opens what a crash would leave if the log was this.
    fn open_with(&self, log: &[u8]) -> Result<Store, OpenError> {
        let directory = private_directory(self.scratch.path());
        fs::copy(self.scratch.path().join("data/runwright.db"), directory.join("runwright.db"))
            .unwrap();
        fs::write(directory.join("runwright.db-wal"), log).unwrap();
        Store::open(&directory, &OpenOptions::default())
    }

    #[track_caller]
    fn refuses(&self, log: &[u8]) {
        let error = self.open_with(log).unwrap_err();
        let OpenError::Corrupt { file, .. } = &error else { panic!("{error}") };
        assert_eq!(file.file_name(), Some("runwright.db-wal".as_ref()), "{error}");
    }

    /// Opens it, and returns which of the keys are there.
    #[track_caller]
    fn kept<'k>(&self, log: &[u8], keys: &[&'k str]) -> Vec<&'k str> {
        let store = self.open_with(log).unwrap();
        store.integrity_check().unwrap();
        let is_there =
            |key: &&&str| store.read_blocking(|tx| state::get(tx, "s", key)).unwrap().is_some();
        keys.iter().filter(is_there).copied().collect()
    }
}

fn frame(index: usize) -> usize {
    HEADER_BYTES + index * FRAME_BYTES
}

fn damaged(log: &[u8], offset: usize) -> Vec<u8> {
    let mut log = log.to_vec();
    log[offset] ^= 0x55;
    log
}

#[test]
fn damage_before_the_last_transaction_is_not_taken_for_the_end() {
    let logged = Logged::new();
    let keys = ["a", "b", "c", "d"];
    for key in keys {
        logged.put(key, 10);
    }
    let log = logged.log();
    assert_eq!(logged.kept(&log, &keys), keys);
    assert_eq!(logged.frames(), keys.len());
    for index in 0..keys.len() - 1 {
        // In the page, in its number and in the checksum.
        for offset in [24 + 4095, 24, 3, 16] {
            logged.refuses(&damaged(&log, frame(index) + offset));
        }
    }
    for offset in [0, 11, 16, 24] {
        logged.refuses(&damaged(&log, offset));
    }
    let mut zeroed = log.clone();
    zeroed[..HEADER_BYTES].fill(0);
    logged.refuses(&zeroed);
}

#[test]
fn a_log_that_was_cut_off_is_what_a_crash_leaves() {
    let logged = Logged::new();
    let keys = ["a", "b", "c"];
    logged.put("a", 10);
    logged.put("b", 10);
    let small = logged.frames();
    logged.put("c", 30_000);
    let (log, last) = (logged.log(), logged.frames() - 1);
    assert!(last > small + 3, "{last} frames");
    assert_eq!(logged.kept(&log, &keys), keys);
    for cut in [frame(last), frame(last) + 10, log.len() - 1, frame(small)] {
        assert_eq!(logged.kept(&log[..cut], &keys), ["a", "b"], "{cut}");
    }
    // Frames of the last transaction reach the disk in any order.
    for missing in small..=last {
        let mut log = log.clone();
        log[frame(missing)..frame(missing + 1)].fill(0);
        assert_eq!(logged.kept(&log, &keys), ["a", "b"], "{missing}");
    }
    for few in [0, 10, HEADER_BYTES, HEADER_BYTES + 10] {
        assert!(logged.kept(&log[..few], &keys).is_empty());
    }
    let nothing = vec![0; log.len()];
    assert!(logged.kept(&nothing, &keys).is_empty());
}

#[test]
fn frames_of_an_earlier_use_of_the_file_do_not_count() {
    let logged = Logged::new();
    for key in ["a", "b", "c", "d", "e"] {
        logged.put(key, 10);
    }
    let sql = "PRAGMA wal_checkpoint(RESTART)";
    logged.writer.query_row(sql, [], |_| Ok(())).unwrap();
    logged.put("f", 10);
    assert!(logged.frames() >= 5);
    assert_eq!(logged.kept(&logged.log(), &["a", "e", "f"]), ["a", "e", "f"]);
}

/// A transaction that did not fit into memory wrote frames, and was rolled back.
#[test]
fn frames_that_were_never_committed_do_not_count() {
    let logged = Logged::new();
    logged.put("a", 10);
    logged.writer.execute_batch("BEGIN").unwrap();
    for number in 0..100 {
        logged.put(&format!("never-{number}"), 3_000);
    }
    logged.writer.execute_batch("ROLLBACK").unwrap();
    logged.put("b", 10);
    let log = logged.log();
    let is_current = |index: &usize| log[frame(*index) + 8..frame(*index) + 16] == log[16..24];
    let current = (0..logged.frames()).filter(is_current).count();
    assert!(current > 8, "{current} of {}", logged.frames());
    assert_eq!(logged.kept(&log, &["a", "never-1", "b"]), ["a", "b"]);
}

#[test]
fn what_a_crash_left_in_the_log_is_in_the_database_afterwards() {
    let logged = Logged::new();
    logged.put("a", 10);
    let store = logged.open_with(&logged.log()).unwrap();
    let log = store.directory().join("runwright.db-wal");
    assert_eq!(fs::metadata(log).unwrap().len(), 0);
}

fn emptied_store(scratch: &Path) -> PathBuf {
    let directory = private_directory(scratch);
    fs::write(directory.join("runwright.db"), "").unwrap();
    directory
}

#[test]
fn an_empty_database_is_no_new_store_when_something_says_so() {
    let scratch = tempfile::tempdir().unwrap();
    let emptied = |directory: &Path| {
        let error = Store::open(directory, &OpenOptions::default()).unwrap_err();
        let OpenError::Emptied { beside, .. } = error else { panic!("{error}") };
        beside.strip_prefix(directory).unwrap().to_str().unwrap().to_owned()
    };
    let directory = emptied_store(scratch.path());
    fs::create_dir(directory.join("keys")).unwrap();
    fs::write(directory.join("keys/k1.key"), [1; 32]).unwrap();
    assert_eq!(emptied(&directory), "keys/k1.key");
    let directory = emptied_store(scratch.path());
    fs::write(directory.join("runwright.db-wal"), "log").unwrap();
    assert_eq!(emptied(&directory), "runwright.db-wal");
    fs::remove_file(directory.join("runwright.db")).unwrap();
    assert_eq!(emptied(&directory), "runwright.db-wal");
    // What a crash right after its creation leaves.
    let directory = emptied_store(scratch.path());
    fs::create_dir(directory.join("keys")).unwrap();
    drop(Store::open(&directory, &OpenOptions::default()).unwrap());
}
