use host_api::identifier::{Digest, NodeId, RunId};
use store::nodes::{self, NodeRow};
use store::parameters::{self, NewParameter, StoredValue};
use store::plugins::{self, Plugin, PluginName};
use store::{ReadError, Sealed, WriteError, plans, state, tags};

use crate::scene::Scene;

fn parameter(name: &str, value: StoredValue) -> NewParameter {
    NewParameter {
        name: name.to_owned(),
        kind: "String".to_owned(),
        value,
        description: Some("for tests".to_owned()),
        last_modified_ms: 5,
        last_modified_by: "os:1000".to_owned(),
        data_type: "text".to_owned(),
        allowed_pattern: None,
        tier: "Standard".to_owned(),
        key_name: None,
    }
}

fn plain(text: &str) -> StoredValue {
    StoredValue::Plain(text.to_owned())
}

#[test]
fn a_parameter_is_put_upon_the_version_that_the_caller_knows() {
    let scene = Scene::new();
    let put = |value: StoredValue, expected| {
        let new = parameter("/app/a", value);
        scene.store.write_blocking(move |tx| parameters::put(tx, &new, expected))
    };
    let sealed = Sealed { key_id: "k1".to_owned(), envelope: vec![1, 0, 255] };
    assert_eq!(put(plain("one"), 0), Ok(1));
    let conflict = |expected, found| {
        Err(WriteError::Conflict { what: "parameter", id: "/app/a".to_owned(), expected, found })
    };
    assert_eq!(put(plain("two"), 0), conflict(0, 1));
    assert_eq!(put(plain("two"), 2), conflict(2, 1));
    assert_eq!(put(StoredValue::Sealed(sealed.clone()), 1), Ok(2));
    let get = |version| {
        let found = scene.store.read_blocking(|tx| parameters::get(tx, "/app/a", version)).unwrap();
        found.map(|found| (found.version, found.parameter.value))
    };
    assert_eq!(get(None), Some((2, StoredValue::Sealed(sealed.clone()))));
    assert_eq!(get(Some(1)), Some((1, plain("one"))));
    assert_eq!(get(Some(3)), None);
    let key_ids = || scene.store.read_blocking(parameters::key_ids).unwrap();
    assert_eq!(key_ids(), ["k1"]);
    let rotated = Sealed { key_id: "k2".to_owned(), envelope: vec![9] };
    let reseal = |version| {
        let rotated = rotated.clone();
        scene.store.write_blocking(move |tx| parameters::reseal(tx, "/app/a", version, &rotated))
    };
    reseal(2).unwrap();
    assert!(reseal(1).is_err(), "a plain value is not sealed by the way");
    assert_eq!(key_ids(), ["k2"]);
    let delete_version = |version| {
        scene.store.write_blocking(move |tx| parameters::delete_version(tx, "/app/a", version))
    };
    assert_eq!((delete_version(2), delete_version(1)), (Ok(false), Ok(true)));
    let history = scene.store.read_blocking(|tx| parameters::history(tx, "/app/a")).unwrap();
    assert_eq!(history.iter().map(|version| version.version).collect::<Vec<_>>(), [2]);
    assert_eq!(scene.store.write_blocking(|tx| parameters::delete(tx, "/app/a")), Ok(true));
    assert_eq!((get(None), put(plain("anew"), 0)), (None, Ok(1)));
}

#[test]
fn parameters_are_found_below_a_path() {
    let scene = Scene::new();
    let names = ["/app/a", "/app/b/c", "/app/é", "/apple", "/app0", "top", "/top", "/app"];
    scene
        .store
        .write_blocking(move |tx| {
            names.iter().try_for_each(|name| {
                parameters::put(tx, &parameter(name, plain("1")), 0).map(|_| ())
            })
        })
        .unwrap();
    let cases = [
        ("/app", true, "/app/a /app/b/c /app/é"),
        ("/app/", false, "/app/a /app/é"),
        ("/app/b", false, "/app/b/c"),
        ("/nothing", true, ""),
        ("/", false, "/app /app0 /apple /top top"),
        ("/", true, "/app /app/a /app/b/c /app/é /app0 /apple /top top"),
    ];
    for (path, recursive, expected) in cases {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = scene
                .store
                .read_blocking(|tx| parameters::by_path(tx, path, recursive, after.as_deref(), 2))
                .unwrap();
            found.extend(page.into_iter().map(|version| version.parameter.name));
            if found.last() == after.as_ref() {
                break;
            }
            after = found.last().cloned();
        }
        assert_eq!(found.join(" "), expected, "{path} {recursive}");
    }
}

#[test]
fn a_plugin_stays_while_a_run_that_has_not_ended_uses_it() {
    let scene = Scene::new();
    let run = scene.run("r1");
    let digest = Digest::of(b"component");
    let plugin = Plugin {
        digest: digest.clone(),
        manifest: "{}".to_owned(),
        signer_key_id: Some("0123456789abcdef".to_owned()),
        registered_ms: 3,
    };
    let name = PluginName {
        name: "acme:tools".to_owned(),
        version: "1.0.0".to_owned(),
        digest: digest.clone(),
    };
    let (stored, named, id) = (plugin.clone(), name.clone(), run.clone());
    scene
        .store
        .write_blocking(move |tx| {
            plugins::put(tx, &stored, b"component")?;
            plugins::name(tx, &named)?;
            plugins::name(tx, &named)?;
            plugins::pin(tx, &id, "acme:greet", &stored.digest)
        })
        .unwrap();
    let taken = PluginName { digest: Digest::of(b"other"), ..name.clone() };
    let other = Plugin { digest: Digest::of(b"other"), ..plugin.clone() };
    let result = scene.store.write_blocking(move |tx| {
        plugins::put(tx, &other, b"other")?;
        plugins::name(tx, &taken)
    });
    assert!(matches!(result, Err(WriteError::Exists { what: "plugin", .. })));
    let remove = || scene.store.write_blocking(|tx| plugins::remove(tx, "acme:tools", "1.0.0"));
    let Err(WriteError::InUse { by, .. }) = remove() else { panic!("it is in use") };
    assert_eq!(by, "run r1");
    let component = || scene.store.read_blocking(|tx| plugins::component(tx, &digest));
    assert_eq!(component().as_deref(), Ok(b"component".as_slice()));
    assert_eq!(scene.store.read_blocking(|tx| plugins::get(tx, &digest)), Ok(plugin));
    let pinned = scene.store.read_blocking(|tx| plugins::pinned(tx, &run)).unwrap();
    assert_eq!(pinned, [("acme:greet".to_owned(), digest.clone())]);
    assert_eq!(scene.store.read_blocking(plugins::names), Ok(vec![name]));
    scene.end(&run, 10);
    remove().unwrap();
    assert_eq!(scene.store.read_blocking(plugins::names), Ok(vec![]));
    assert!(component().is_ok(), "an ended run can still be replayed");
    let delete_unused = || scene.store.write_blocking(|tx| plugins::delete_unused(tx, 9, 9));
    assert_eq!(delete_unused(), Ok(0));
    scene.store.write_blocking(|tx| store::retention::delete_runs(tx, 99, 9)).unwrap();
    assert_eq!(delete_unused(), Ok(1));
    assert!(component().is_err());
    assert!(matches!(remove(), Err(WriteError::Read(ReadError::NotFound { .. }))));
}

#[test]
fn a_plan_goes_when_no_run_refers_to_it() {
    let scene = Scene::new();
    scene.run("r1");
    let (used, unused) = (Digest::of(b"plan"), Digest::of(b"unused"));
    let digests = [used.clone(), unused.clone()];
    scene
        .store
        .write_blocking(move |tx| {
            digests.iter().try_for_each(|digest| plans::put(tx, digest, "{}", 1))
        })
        .unwrap();
    assert_eq!(scene.store.write_blocking(|tx| plans::delete_unused(tx, 1, 10)), Ok(0));
    assert_eq!(scene.store.write_blocking(|tx| plans::delete_unused(tx, 2, 10)), Ok(1));
    assert_eq!(scene.store.read_blocking(|tx| plans::get(tx, &used)).as_deref(), Ok("{}"));
    assert!(scene.store.read_blocking(|tx| plans::get(tx, &unused)).is_err());
}

#[test]
fn state_and_tags_are_kept_by_key() {
    let scene = Scene::new();
    scene
        .store
        .write_blocking(|tx| {
            for key in ["a/1", "a/2", "b"] {
                state::put(tx, "acme", key, "0")?;
                state::put(tx, "acme", key, "1")?;
            }
            tags::set(tx, "Node", "mi-1", "Role", "db")?;
            tags::set(tx, "Node", "mi-1", "Role", "web")?;
            tags::set(tx, "Node", "mi-2", "Role", "db")
        })
        .unwrap();
    let store = &scene.store;
    let keys = store.read_blocking(|tx| state::list_keys(tx, "acme", "a/", None, 9)).unwrap();
    assert_eq!(keys, ["a/1", "a/2"]);
    let keys = store.read_blocking(|tx| state::list_keys(tx, "acme", "", Some("a/1"), 1)).unwrap();
    assert_eq!(keys, ["a/2"]);
    let delete = || store.write_blocking(|tx| state::delete(tx, "acme", "b"));
    assert_eq!((delete(), delete()), (Ok(true), Ok(false)));
    let find =
        |value| store.read_blocking(|tx| tags::find(tx, "Node", "Role", value, None, 9)).unwrap();
    assert_eq!(find(Some("web")), ["mi-1"]);
    assert_eq!(find(None), ["mi-1", "mi-2"]);
    assert_eq!(store.write_blocking(|tx| tags::remove(tx, "Node", "mi-1", "Role")), Ok(true));
    assert!(store.read_blocking(|tx| tags::list(tx, "Node", "mi-1")).unwrap().is_empty());
    assert_eq!(store.write_blocking(|tx| tags::remove_all(tx, "Node", "mi-2")), Ok(1));
}

#[test]
fn a_node_answers_to_its_id_and_its_alias() {
    let scene = Scene::new();
    let node = NodeRow {
        id: NodeId::new("mi-0123456789abcdef0"),
        alias: Some("local".to_owned()),
        facts: "{}".to_owned(),
        registered_ms: 1,
    };
    let insert = |node: NodeRow| scene.store.write_blocking(move |tx| nodes::insert(tx, &node));
    insert(node.clone()).unwrap();
    let other = NodeRow { id: NodeId::new("mi-1"), ..node.clone() };
    assert!(matches!(insert(other), Err(WriteError::Exists { what: "node", .. })));
    let id = node.id.clone();
    scene.store.write_blocking(move |tx| nodes::set_facts(tx, &id, "{\"os\":1}")).unwrap();
    let facts = NodeRow { facts: "{\"os\":1}".to_owned(), ..node };
    for name in ["local", "mi-0123456789abcdef0"] {
        let found = scene.store.read_blocking(|tx| nodes::find(tx, name)).unwrap();
        assert_eq!(found.as_ref(), Some(&facts));
    }
    assert_eq!(scene.store.read_blocking(|tx| nodes::list(tx, None, 5)), Ok(vec![facts]));
    assert!(
        scene.store.read_blocking(|tx| plugins::pinned(tx, &RunId::new("x"))).unwrap().is_empty()
    );
}
