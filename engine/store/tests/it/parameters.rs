//! Labels, policies, counts and named keys of parameters.

use store::named_keys::{self, Material};
use store::parameters::policies::{self, DuePolicy, NewPolicy};
use store::parameters::{self, NewParameter, StoredValue, labels};
use store::{ReadError, ReadTx, Sealed, Tx, WriteError};

use crate::scene::Scene;

fn parameter(name: &str, tier: &str) -> NewParameter {
    NewParameter {
        name: name.to_owned(),
        kind: "String".to_owned(),
        value: StoredValue::Plain("v".to_owned()),
        description: None,
        last_modified_ms: 5,
        last_modified_by: "os:1000".to_owned(),
        data_type: "text".to_owned(),
        allowed_pattern: None,
        tier: tier.to_owned(),
        key_name: None,
    }
}

impl Scene {
    fn put(&self, name: &str, tier: &str, expected: u64) {
        let new = parameter(name, tier);
        self.store.write_blocking(move |tx| parameters::put(tx, &new, expected)).unwrap();
    }

    fn change<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> T {
        self.store.write_blocking(body).unwrap()
    }

    fn look<T>(&self, body: impl FnOnce(&ReadTx<'_>) -> Result<T, ReadError>) -> T {
        self.store.read_blocking(body).unwrap()
    }
}

fn policy(kind: &str, after_ms: Option<u64>, due_ms: u64) -> NewPolicy {
    NewPolicy { kind: kind.to_owned(), text: format!("{{{kind}}}"), after_ms, due_ms }
}

#[test]
fn a_label_is_of_one_version_at_a_time() {
    let scene = Scene::new();
    scene.put("x", "Standard", 0);
    scene.put("x", "Standard", 1);
    scene.change(|tx| {
        labels::set(tx, "x", "b", 1)?;
        labels::set(tx, "x", "a", 1)?;
        labels::set(tx, "x", "b", 2)
    });
    let expected = vec![("a".to_owned(), 1), ("b".to_owned(), 2)];
    assert_eq!(scene.look(|tx| labels::list(tx, "x")), expected);
    assert_eq!(scene.look(|tx| labels::version(tx, "x", "b")), Some(2));
    assert_eq!(scene.look(|tx| labels::version(tx, "y", "b")), None);
    assert!(!scene.change(|tx| labels::remove(tx, "x", "b", 1)), "another version has it");
    assert!(scene.change(|tx| labels::remove(tx, "x", "b", 2)));
    assert!(scene.change(|tx| parameters::delete(tx, "x")));
    assert_eq!(scene.look(|tx| labels::list(tx, "x")), []);
}

#[test]
fn tiers_are_counted_as_parameters_come_change_and_go() {
    let scene = Scene::new();
    let counts = || {
        let count = |tier: &'static str| scene.look(|tx| parameters::count(tx, tier));
        (count("Standard"), count("Advanced"))
    };
    assert_eq!(counts(), (0, 0));
    scene.put("x", "Standard", 0);
    scene.put("y", "Standard", 0);
    scene.put("x", "Standard", 1);
    assert_eq!(counts(), (2, 0));
    scene.put("x", "Advanced", 2);
    assert_eq!(counts(), (1, 1));
    scene.change(|tx| parameters::delete(tx, "x"));
    scene.change(|tx| parameters::delete(tx, "none"));
    assert_eq!(counts(), (1, 0));
}

#[test]
fn a_due_policy_is_claimed_once() {
    let scene = Scene::new();
    scene.put("x", "Advanced", 0);
    let list = [policy("Expiration", None, 30), policy("NoChange", Some(5), 10)];
    scene.change(move |tx| policies::replace(tx, "x", 1, &list));
    assert_eq!(scene.look(policies::next_due), Some(10));
    assert_eq!(scene.look(|tx| policies::due(tx, 9, 9)), []);
    let due = scene.look(|tx| policies::due(tx, 30, 9));
    let [first, second] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!((first.position, second.position), (1, 0), "the longest due first");
    let claim = |due: &DuePolicy| {
        let due = due.clone();
        scene.change(move |tx| policies::claim(tx, &due))
    };
    assert_eq!((claim(first), claim(first)), (true, false));
    assert_eq!(scene.look(policies::next_due), Some(30));

    scene.put("x", "Advanced", 1);
    scene.change(|tx| policies::keep(tx, "x", 2, 100));
    assert!(!claim(second), "it is a policy of an earlier version");
    let statuses = |version| {
        let found = scene.look(|tx| policies::of_version(tx, "x", version));
        found.into_iter().map(|policy| policy.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(1), ["Pending", "Finished"]);
    assert_eq!(statuses(2), ["Pending", "Pending"]);
    let due = scene.look(|tx| policies::due(tx, 105, 9));
    assert_eq!(due.iter().map(|due| due.due_ms).collect::<Vec<_>>(), [30, 105]);
    scene.change(|tx| policies::replace(tx, "x", 3, &[]));
    assert_eq!(scene.look(policies::next_due), None);
    scene.change(|tx| parameters::delete_version(tx, "x", 1));
    assert_eq!(scene.look(|tx| policies::list(tx, "x")).len(), 2);
    scene.change(|tx| parameters::delete(tx, "x"));
    assert_eq!(scene.look(|tx| policies::list(tx, "x")), []);
}

fn material(key_id: &str, number: u32, wrapped_by: &str) -> Material {
    Material {
        key_id: key_id.to_owned(),
        number,
        wrapped: Sealed { key_id: wrapped_by.to_owned(), envelope: vec![1, 2] },
        created_ms: 7,
    }
}

#[test]
fn a_version_comes_with_the_material_of_its_key() {
    let scene = Scene::new();
    let create = |alias: &str, id: &str| {
        let (alias, first) = (alias.to_owned(), material(id, 1, "k1"));
        scene.store.write_blocking(move |tx| named_keys::create(tx, &alias, &first))
    };
    assert_eq!(create("alias/a", "id-a"), Ok(()));
    let taken = WriteError::Exists { what: "key", id: "alias/a".to_owned() };
    assert_eq!(create("alias/a", "id-b"), Err(taken));
    let newer = material("id-a", 2, "k1");
    let rotate = || {
        let newer = newer.clone();
        scene.store.write_blocking(move |tx| named_keys::rotate(tx, &newer))
    };
    assert_eq!(rotate(), Ok(()));
    assert!(matches!(rotate(), Err(WriteError::Conflict { expected: 1, found: 2, .. })));

    let sealed = Sealed { key_id: newer.id(), envelope: vec![9] };
    let new = NewParameter {
        value: StoredValue::Sealed(sealed),
        key_name: Some("alias/a".to_owned()),
        ..parameter("x", "Standard")
    };
    scene.change(move |tx| parameters::put(tx, &new, 0));
    let found = scene.look(|tx| parameters::get(tx, "x", None)).unwrap();
    assert_eq!(found.material, Some(newer.wrapped.clone()));
    let rewrapped = Sealed { key_id: "k2".to_owned(), envelope: vec![3] };
    let (before, after) = (newer.clone(), rewrapped.clone());
    scene.change(move |tx| named_keys::rewrap(tx, &before, &after));
    let found = scene.look(|tx| parameters::history(tx, "x")).remove(0);
    assert_eq!(found.material, Some(rewrapped));
    assert_eq!(scene.look(parameters::key_ids), ["k1", "k2"], "what the keyring must have");
    let latest = scene.look(|tx| named_keys::by_alias(tx, "alias/a")).map(|key| key.latest);
    assert_eq!(latest, Some(2));
    assert_eq!(scene.look(named_keys::list).len(), 1);
}

#[test]
fn a_page_begins_where_the_one_before_ended() {
    let scene = Scene::new();
    for number in 0..30 {
        scene.put(&format!("/p/{number:02}"), "Standard", 0);
    }
    let page = |after: &str| {
        let found = scene.look(|tx| parameters::list(tx, "/p/", Some(after), 2));
        found.into_iter().map(|found| found.parameter.name).collect::<Vec<_>>()
    };
    assert_eq!(page("/p/27"), ["/p/28", "/p/29"]);
    assert_eq!(page("/a"), ["/p/00", "/p/01"]);
    assert!(page("/q").is_empty());
    assert_eq!(scene.look(|tx| parameters::oldest_version(tx, "/p/00")), Some(1));
    assert_eq!(scene.look(|tx| parameters::oldest_version(tx, "none")), None);
}
