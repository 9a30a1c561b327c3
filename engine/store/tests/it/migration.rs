use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use host_api::identifier::{Digest, RunId};
use rusqlite::Connection;
use store::documents::Version;
use store::{
    OpenOptions, Store, audit, documents, host_calls, inbox, journal, parameters, plugins, runs,
    waits,
};

use crate::scene::Scene;

/// Makes a data directory of a dump that a release of that schema version left.
fn open_released(scratch: &Path, dump: &str) -> Store {
    fs::set_permissions(scratch, Permissions::from_mode(0o700)).unwrap();
    Connection::open(scratch.join("runwright.db")).unwrap().execute_batch(dump).unwrap();
    Store::open(scratch, &OpenOptions::default()).unwrap()
}

fn schema(store: &Store) -> Vec<(String, String)> {
    let connection = Connection::open(store.directory().join("runwright.db")).unwrap();
    let sql = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn version_1_opens_with_all_it_holds() {
    let scratch = tempfile::tempdir().unwrap();
    let store = open_released(scratch.path(), include_str!("../fixtures/v1.sql"));
    let fresh = Scene::new();
    assert_eq!(schema(&store), schema(&fresh.store));
    store.integrity_check().unwrap();
    let run = RunId::new("0190b6c2-0000-7000-8000-000000000001");
    store
        .read_blocking(|tx| {
            let row = runs::get(tx, &run)?;
            assert_eq!(
                (row.next_seq, row.lease_epoch, row.view.status.as_str()),
                (2, 1, "InProgress")
            );
            assert_eq!(row.sealed_seed.map(|sealed| sealed.envelope), Some(vec![0, 1, 255]));
            let entries = journal::read(tx, &run, 0, 9)?;
            assert_eq!(entries.len(), 2);
            assert_eq!(inbox::peek(tx, &run, 9)?[0].kind, "signal");
            assert_eq!(waits::next_due(tx)?, Some(1_700_000_060_000));
            assert_eq!(host_calls::read_run(tx, &run)?[0].calls[0].function, "now");
            assert_eq!(plugins::component(tx, &Digest::of(b"component"))?, b"component");
            let document = documents::get(tx, "Deploy", Version::Latest)?.unwrap();
            assert_eq!((document.version, document.default_version), (2, 1));
            let parameter = parameters::get(tx, "/app/a", None)?.unwrap();
            assert_eq!(parameter.version, 1);
            assert_eq!(audit::verify(tx).unwrap().seq, 2);
            Ok::<_, store::ReadError>(())
        })
        .unwrap();
    let claimed = store.write_blocking(|tx| waits::claim_due(tx, 1_700_000_060_000, 9));
    assert_eq!(claimed, Ok(1));
    assert_eq!(store.read_blocking(|tx| inbox::peek(tx, &run, 9)).unwrap().len(), 2);
}
