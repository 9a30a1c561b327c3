use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;
use store::audit::{self, Filter, Head, NewEntry, VerifyError};

use crate::scene::Scene;

fn entry(number: u64) -> NewEntry {
    NewEntry {
        time_ms: 1_000 + number,
        principal: format!("os:{}", number % 2),
        action: "PutParameter".to_owned(),
        resource: format!("/app/{number}"),
        decision: if number.is_multiple_of(3) { "deny" } else { "allow" }.to_owned(),
        details: format!(r#"{{"number":{number}}}"#),
        request_id: number.is_multiple_of(2).then(|| format!("request-{number}")),
    }
}

/// Appends entries 1 to `count` and returns the ends that the log had, the empty one first.
fn fill(scene: &Scene, count: u64) -> Vec<Head> {
    let append = move |tx: &mut store::Tx<'_>| {
        let mut heads = vec![audit::head(tx)?];
        for number in 1..=count {
            heads.push(audit::append(tx, &entry(number))?);
        }
        Ok(heads)
    };
    scene.store.write_blocking(append).unwrap()
}

fn database(scene: &Scene) -> Connection {
    Connection::open(scene.store.directory().join("runwright.db")).unwrap()
}

fn verify(scene: &Scene) -> Result<Head, VerifyError> {
    scene.store.read_blocking(audit::verify)
}

#[test]
fn the_log_shows_what_was_done_to_it() {
    let scene = Scene::new();
    let heads = fill(&scene, 5);
    assert_eq!(verify(&scene).as_ref(), Ok(&heads[5]));
    let page = scene.store.read_blocking(|tx| audit::list(tx, 3, 1)).unwrap();
    assert_eq!((page[0].seq, &page[0].hash, &page[0].event), (4, &heads[4].hash, &entry(4)));
    let database = database(&scene);
    let tamper = |sql: &str| database.execute_batch(sql).unwrap();
    tamper("UPDATE audit SET resource = '/app/b' WHERE seq = 3");
    assert_eq!(verify(&scene), Err(VerifyError::Changed { seq: 3 }));
    tamper("UPDATE audit SET resource = '/app/3', hash = 'x' WHERE seq = 3");
    assert_eq!(verify(&scene), Err(VerifyError::Changed { seq: 3 }));
    tamper("DELETE FROM audit WHERE seq = 3");
    assert_eq!(verify(&scene), Err(VerifyError::Gap { expected: 3, found: 4 }));
    tamper("UPDATE audit SET seq = seq - 1 WHERE seq > 3");
    assert_eq!(verify(&scene), Err(VerifyError::Unchained { seq: 3 }));
}

#[test]
fn an_inserted_entry_and_two_that_changed_places_are_named() {
    let scene = Scene::new();
    fill(&scene, 5);
    let database = database(&scene);
    let columns =
        "time_ms, principal, action, resource, decision, details, previous_hash, hash, request_id";
    database
        .execute_batch(&format!(
            "UPDATE audit SET seq = seq + 100 WHERE seq > 2; UPDATE audit SET seq = seq - 99 WHERE seq > 100;
             INSERT INTO audit (seq, {columns}) SELECT 3, {columns} FROM audit WHERE seq = 2"
        ))
        .unwrap();
    assert_eq!(verify(&scene), Err(VerifyError::Unchained { seq: 3 }));
    database
        .execute_batch(
            "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3;",
        )
        .unwrap();
    verify(&scene).unwrap();
    database
        .execute_batch(
            "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;
             UPDATE audit SET seq = 3 WHERE seq = 99",
        )
        .unwrap();
    assert_eq!(verify(&scene), Err(VerifyError::Unchained { seq: 2 }));
}

#[test]
fn a_log_that_was_cut_or_written_anew_does_not_lead_through_its_known_ends() {
    let scene = Scene::new();
    let heads = fill(&scene, 5);
    let against = |known: &[Head]| {
        scene.store.read_blocking(|tx| audit::verify_against(tx, known)).map(|head| head.seq)
    };
    assert_eq!(against(&heads), Ok(5));
    assert_eq!(against(&[heads[2].clone(), heads[4].clone()]), Ok(5));
    database(&scene).execute_batch("DELETE FROM audit WHERE seq > 3").unwrap();
    assert_eq!(verify(&scene).map(|head| head.seq), Ok(3));
    assert_eq!(against(&heads[..4]), Ok(3));
    assert_eq!(against(&heads), Err(VerifyError::Truncated { first_missing: 4, signed: 5 }));
    database(&scene).execute_batch("DELETE FROM audit").unwrap();
    assert_eq!(against(&heads), Err(VerifyError::Truncated { first_missing: 1, signed: 5 }));
    let other = NewEntry { principal: "os:0".to_owned(), ..entry(7) };
    scene.store.write_blocking(move |tx| audit::append(tx, &other)).unwrap();
    assert_eq!(against(&heads), Err(VerifyError::Rewritten { seq: 1 }));
}

#[test]
fn entries_are_found_by_what_is_asked_for() {
    let scene = Scene::new();
    fill(&scene, 10);
    let newest = |filter: Filter, first, limit| {
        let page =
            scene.store.read_blocking(|tx| audit::newest(tx, &filter, first, limit)).unwrap();
        (page.entries.into_iter().map(|entry| entry.seq).collect::<Vec<_>>(), page.next_seq)
    };
    let all = Filter::default();
    assert_eq!(newest(all.clone(), None, 4), (vec![10, 9, 8, 7], Some(6)));
    assert_eq!(newest(all.clone(), Some(6), 6), (vec![6, 5, 4, 3, 2, 1], None));
    let text = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (Filter { from_ms: Some(1_004), before_ms: Some(1_006), ..all.clone() }, vec![5, 4]),
        (Filter { principal: text("os:1"), ..all.clone() }, vec![9, 7, 5, 3, 1]),
        (Filter { action: text("GetParameter"), ..all.clone() }, vec![]),
        (
            Filter { resources: vec!["/app/8".to_owned(), "/app/1".to_owned()], ..all.clone() },
            vec![8, 1],
        ),
        (Filter { decision: text("deny"), ..all.clone() }, vec![9, 6, 3]),
        (Filter { request_id: text("request-4"), ..all.clone() }, vec![4]),
        (Filter { decision: text("deny"), principal: text("os:0"), ..all.clone() }, vec![6]),
    ] {
        assert_eq!(newest(filter.clone(), None, 9), (expected, None), "{filter:?}");
    }
    let tail = |filter: Filter, first, limit| {
        let page = scene.store.read_blocking(|tx| audit::tail(tx, &filter, first, limit)).unwrap();
        (page.entries.into_iter().map(|entry| entry.seq).collect::<Vec<_>>(), page.next_seq)
    };
    assert_eq!(tail(all.clone(), 0, 2), (vec![1, 2], Some(3)));
    assert_eq!(tail(all.clone(), 9, 5), (vec![9, 10], Some(11)));
    assert_eq!(tail(all, 11, 5), (vec![], Some(11)));
    let denied = Filter { decision: text("deny"), ..Filter::default() };
    assert_eq!(tail(denied, 4, 5), (vec![6, 9], Some(11)));
}

const COLUMNS: [&str; 10] = [
    "seq",
    "time_ms",
    "principal",
    "action",
    "resource",
    "decision",
    "details",
    "previous_hash",
    "hash",
    "request_id",
];

/// Changes one bit of a column and returns the value to write, and whether it is text.
fn flipped(value: Value, byte: usize, bit: u8) -> (Value, bool) {
    match value {
        Value::Integer(number) => {
            let mut bytes = number.to_be_bytes();
            bytes[byte % 8] ^= 1 << bit;
            (Value::Integer(i64::from_be_bytes(bytes)), false)
        }
        Value::Text(text) => {
            let mut bytes = text.into_bytes();
            let place = byte % bytes.len();
            bytes[place] ^= 1 << bit;
            (Value::Blob(bytes), true)
        }
        other @ (Value::Null | Value::Real(_) | Value::Blob(_)) => {
            panic!("{other:?} is not flipped")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_bit_of_any_column_of_any_row_is_found_and_named(
        row in 1_u64..=6,
        column in 0_usize..COLUMNS.len(),
        byte in 0_usize..200,
        bit in 0_u8..8,
    ) {
        let scene = Scene::new();
        fill(&scene, 6);
        let database = database(&scene);
        let column = COLUMNS[column];
        let read = format!("SELECT {column} FROM audit WHERE seq = ?1");
        let value: Value = database.query_row(&read, [row], |found| found.get(0)).unwrap();
        // An entry without a request is given one.
        let value = if value == Value::Null { Value::Text("x".to_owned()) } else { value };
        let (value, is_text) = flipped(value, byte, bit);
        let set = if is_text { "CAST(?1 AS TEXT)" } else { "?1" };
        let write = format!("UPDATE audit SET {column} = {set} WHERE seq = ?2");
        // A number that another row has cannot be written at all.
        if database.execute(&write, rusqlite::params![value, row]).is_err() {
            prop_assert_eq!(column, "seq");
            return Ok(());
        }
        let named = match verify(&scene) {
            Err(VerifyError::Changed { seq } | VerifyError::Unchained { seq }) => seq,
            Err(VerifyError::Gap { expected, found }) => {
                prop_assert!(u64::try_from(found).ok() != Some(expected));
                expected
            }
            other => return Err(TestCaseError::fail(format!("{column} of {row}: {other:?}"))),
        };
        if column == "seq" {
            prop_assert!(named <= row);
        } else {
            prop_assert_eq!(named, row);
        }
    }
}
