use host_api::identifier::RunId;
use store::runs::{Filter, NewRun, Parent, View};
use store::{ReadError, Sealed, WriteError, inbox, journal, leases, runs};

use crate::scene::{Scene, new_run};

#[test]
fn appends_in_order_and_reads_in_pages() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let id = run.clone();
    let next = scene.store.write_blocking(move |tx| {
        let epoch = leases::acquire(tx, &id, "one")?;
        let next = journal::append(tx, &id, 0, epoch, &["\"a\"", "\"b\""])?;
        journal::append(tx, &id, next, epoch, &["\"c\""])
    });
    assert_eq!(next, Ok(3));
    let read = |from, limit| {
        let entries = scene.store.read_blocking(|tx| journal::read(tx, &run, from, limit)).unwrap();
        entries.into_iter().map(|entry| (entry.seq, entry.entry)).collect::<Vec<_>>()
    };
    assert_eq!(read(0, 2), [(0, "\"a\"".to_owned()), (1, "\"b\"".to_owned())]);
    assert_eq!(read(2, 2), [(2, "\"c\"".to_owned())]);
    let mut seen = Vec::new();
    scene
        .store
        .read_blocking(|tx| {
            journal::visit(tx, &run, 1, |seq, entry| {
                seen.push((seq, entry.to_owned()));
                Ok::<_, ReadError>(())
            })
        })
        .unwrap();
    assert_eq!(seen, read(1, 9));
}

#[test]
fn an_append_at_another_place_or_under_an_old_lease_conflicts() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let acquire = |owner: &'static str| {
        let run = run.clone();
        scene.store.write_blocking(move |tx| leases::acquire(tx, &run, owner)).unwrap()
    };
    let append = |seq, epoch| {
        let run = run.clone();
        scene.store.write_blocking(move |tx| journal::append(tx, &run, seq, epoch, &["1"]))
    };
    let first = acquire("one");
    assert_eq!(append(0, first), Ok(1));
    let conflict = |what, expected, found| {
        Err(WriteError::Conflict { what, id: "r1".to_owned(), expected, found })
    };
    assert_eq!(append(0, first), conflict("journal", 0, 1));
    assert_eq!(append(2, first), conflict("journal", 2, 1));
    let second = acquire("two");
    assert_eq!(append(1, first), conflict("lease", first, second));
    assert_eq!(append(1, second), Ok(2));
    let release = |epoch| {
        let run = run.clone();
        scene.store.write_blocking(move |tx| leases::release(tx, &run, epoch))
    };
    assert_eq!(release(first).map(|()| 0), conflict("lease", first, second));
    let row = || scene.store.read_blocking(|tx| runs::get(tx, &run)).unwrap();
    assert_eq!(row().lease_owner.as_deref(), Some("two"));
    release(second).unwrap();
    assert_eq!((row().lease_owner, row().lease_epoch, row().next_seq), (None, second, 2));
}

#[test]
fn a_missing_run_is_named() {
    let scene = Scene::new();
    let none = RunId::new("none");
    let missing = ReadError::NotFound { what: "run", id: "none".to_owned() };
    let read = scene.store.read_blocking(|tx| journal::read(tx, &none, 0, 1));
    assert_eq!(read, Err(missing.clone()));
    let missing = WriteError::Read(missing);
    let id = none.clone();
    let append = scene.store.write_blocking(move |tx| journal::append(tx, &id, 0, 0, &["1"]));
    assert_eq!(append, Err(missing.clone()));
    let put = scene.store.write_blocking(move |tx| inbox::put(tx, &none, "signal", "{}"));
    assert_eq!(put, Err(missing));
}

#[test]
fn a_run_comes_back_as_it_was_inserted() {
    let scene = Scene::new();
    let mut new = new_run("child");
    new.parent = Some(Parent { run: RunId::new("parent"), path: "Loop#2/Body[0]".to_owned() });
    new.depth = 1;
    new.sealed_seed = Some(Sealed { key_id: "k1".to_owned(), envelope: vec![0, 255, 7] });
    let inserted = new.clone();
    scene.store.write_blocking(move |tx| runs::insert(tx, &inserted)).unwrap();
    let again = new.clone();
    assert!(matches!(
        scene.store.write_blocking(move |tx| runs::insert(tx, &again)),
        Err(WriteError::Exists { what: "run", .. })
    ));
    let row = scene.store.read_blocking(|tx| runs::get(tx, &new.id)).unwrap();
    assert_eq!((row.parent, row.depth, row.sealed_seed), (new.parent, 1, new.sealed_seed));
    assert_eq!((row.next_seq, row.lease_epoch, row.lease_owner), (0, 0, None));
    assert_eq!(row.view, View { status: new.status, ..View::default() });
}

#[test]
fn runs_are_listed_newest_first_in_pages_under_every_filter() {
    let scene = Scene::new();
    scene
        .store
        .write_blocking(|tx| {
            for number in 0..7_u64 {
                let mut run = new_run(&format!("r{number}"));
                run.created_ms = 100 * (number / 2);
                run.document_name = if number % 2 == 0 { "Deploy" } else { "Drain" }.to_owned();
                run.status = if number < 3 { "Success" } else { "Pending" }.to_owned();
                run.parent = (number == 6)
                    .then(|| Parent { run: RunId::new("r0"), path: "Start".to_owned() });
                runs::insert(tx, &run)?;
            }
            Ok(())
        })
        .unwrap();
    let list = |filter: &Filter, limit| {
        let (mut ids, mut cursor) = (Vec::new(), None);
        loop {
            let page = scene
                .store
                .read_blocking(|tx| runs::list(tx, filter, cursor.as_deref(), limit))
                .unwrap();
            assert!(page.runs.len() <= limit);
            ids.extend(page.runs.into_iter().map(|run| run.id.to_string()));
            cursor = page.cursor;
            if cursor.is_none() {
                return ids.join(" ");
            }
        }
    };
    let texts = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let tag =
        |tx: &mut store::Tx<'_>| store::tags::set(tx, store::tags::AUTOMATION, "r3", "team", "a");
    scene.store.write_blocking(tag).unwrap();
    let any = Filter::default();
    assert_eq!(list(&any, 2), "r6 r5 r4 r3 r2 r1 r0");
    assert_eq!(list(&any, 7), list(&any, 3));
    let cases = [
        (Filter { statuses: texts("Success"), ..any.clone() }, "r2 r1 r0"),
        (Filter { document_name_prefixes: texts("Dr"), ..any.clone() }, "r5 r3 r1"),
        (Filter { document_name_prefixes: texts("D"), ..any.clone() }, "r6 r5 r4 r3 r2 r1 r0"),
        (Filter { parents: vec![RunId::new("r0")], ..any.clone() }, "r6"),
        (Filter { statuses: texts("Success Pending"), ..any.clone() }, "r6 r5 r4 r3 r2 r1 r0"),
        (Filter { ids: vec![RunId::new("r2"), RunId::new("r5")], ..any.clone() }, "r5 r2"),
        (Filter { tag_keys: texts("none team"), ..any.clone() }, "r3"),
        (Filter { tag_keys: texts("none"), ..any.clone() }, ""),
        (Filter { only_active: true, ..any.clone() }, "r6 r5 r4 r3 r2 r1 r0"),
        (Filter { document_name_prefixes: texts("x Dr"), ..any.clone() }, "r5 r3 r1"),
        (Filter { started_from_ms: Some(200), ..any.clone() }, "r6 r5 r4"),
        (Filter { started_before_ms: Some(200), ..any.clone() }, "r3 r2 r1 r0"),
        (Filter { statuses: texts("Success"), started_from_ms: Some(100), ..any.clone() }, "r2"),
    ];
    for (filter, expected) in cases {
        assert_eq!(list(&filter, 1), expected, "{filter:?}");
    }
    for cursor in ["", "x", "1-", "zz-1", "1-2-3"] {
        let page = scene.store.read_blocking(|tx| runs::list(tx, &any, Some(cursor), 1));
        assert_eq!(page, Err(ReadError::Cursor), "{cursor:?}");
    }
}

#[test]
fn a_run_is_active_after_its_parent_though_the_clock_stepped_back() {
    let scene = Scene::new();
    let ids = ["parent", "child", "grandchild"].map(RunId::new);
    for (id, created_ms) in ids.iter().zip([3_000, 2_000, 1_000]) {
        let run = NewRun { created_ms, ..new_run(id.as_str()) };
        scene.store.write_blocking(move |tx| runs::insert(tx, &run)).unwrap();
    }
    assert_eq!(scene.store.read_blocking(runs::active).unwrap(), ids);
}

#[test]
fn a_run_is_active_until_its_view_has_an_end() {
    let scene = Scene::new();
    let (one, two) = (scene.run("r1"), scene.run("r2"));
    let active = || scene.store.read_blocking(runs::active).unwrap();
    assert_eq!(active(), [one.clone(), two.clone()]);
    scene.end(&one, 5);
    assert_eq!(active(), [two]);
    let id = one.clone();
    scene.store.write_blocking(move |tx| runs::set_view(tx, &id, &View::default())).unwrap();
    assert_eq!(active().first(), Some(&one));
}

#[test]
fn an_inbox_keeps_its_order_and_has_a_bound() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let id = run.clone();
    scene
        .store
        .write_blocking(move |tx| {
            for number in 0..inbox::INBOX_ROWS_MAX {
                inbox::put(tx, &id, "signal", &number.to_string())?;
            }
            Ok(())
        })
        .unwrap();
    let put = || {
        let run = run.clone();
        scene.store.write_blocking(move |tx| inbox::put(tx, &run, "signal", "last"))
    };
    assert!(matches!(put(), Err(WriteError::LimitExceeded { what: "inbox", .. })));
    let peek = || scene.store.read_blocking(|tx| inbox::peek(tx, &run, 3)).unwrap();
    let payloads: Vec<_> = peek().into_iter().map(|row| row.payload).collect();
    assert_eq!(payloads, ["0", "1", "2"]);
    let ids: Vec<i64> = peek().into_iter().map(|row| row.id).collect();
    let taken = ids.clone();
    scene.store.write_blocking(move |tx| inbox::delete(tx, &taken)).unwrap();
    assert!(scene.store.write_blocking(move |tx| inbox::delete(tx, &ids)).is_err());
    assert_eq!(peek()[0].payload, "3");
    put().unwrap();
    assert_eq!(scene.store.read_blocking(inbox::runs_with_rows), Ok(vec![run.clone()]));
}
