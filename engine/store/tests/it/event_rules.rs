//! Rules that the API of `EventBridge` makes.

use store::event_rules::{self, RuleRow, TargetRow};

use crate::scene::Scene;

fn rule(name: &str, created_ms: u64) -> RuleRow {
    RuleRow {
        name: name.to_owned(),
        description: None,
        pattern: Some("{}".to_owned()),
        schedule: None,
        state: "ENABLED".to_owned(),
        role_arn: None,
        created_ms,
        created_by: format!("of {created_ms}"),
    }
}

fn target(rule: &str, id: &str, arn: &str) -> TargetRow {
    let text = str::to_owned;
    TargetRow { rule: text(rule), id: text(id), arn: text(arn), target: text("{}") }
}

#[test]
fn a_rule_that_is_put_again_keeps_its_beginning_and_its_targets() {
    let scene = Scene::new();
    scene
        .store
        .write_blocking(|tx| {
            event_rules::put(tx, &rule("a", 1))?;
            event_rules::put_target(tx, &target("a", "t", "x"))?;
            event_rules::put(tx, &RuleRow { role_arn: Some("r".to_owned()), ..rule("a", 2) })
        })
        .unwrap();
    let found = scene.store.read_blocking(|tx| event_rules::find(tx, "a")).unwrap();
    assert_eq!(found, Some(RuleRow { role_arn: Some("r".to_owned()), ..rule("a", 1) }));
    let targets = scene.store.read_blocking(event_rules::all_targets).unwrap();
    assert_eq!(targets, [target("a", "t", "x")]);
}

#[test]
fn targets_go_with_their_rule_and_need_one() {
    let scene = Scene::new();
    let put = |tx: &mut store::Tx<'_>| event_rules::put_target(tx, &target("a", "t", "x"));
    scene.store.write_blocking(put).unwrap_err();
    scene
        .store
        .write_blocking(move |tx| {
            event_rules::put(tx, &rule("a", 1))?;
            put(tx)?;
            event_rules::put(tx, &rule("b", 1))?;
            event_rules::put_target(tx, &target("b", "t", "x"))
        })
        .unwrap();
    let names = |scene: &Scene| {
        scene.store.read_blocking(|tx| event_rules::rules_of_target(tx, "x", "", 10)).unwrap()
    };
    assert_eq!(names(&scene), ["a", "b"]);
    assert!(scene.store.write_blocking(|tx| event_rules::delete(tx, "a")).unwrap());
    assert_eq!(names(&scene), ["b"]);
    assert!(!scene.store.write_blocking(|tx| event_rules::delete(tx, "a")).unwrap());
}

#[test]
fn a_list_begins_with_a_prefix_and_after_a_name() {
    let scene = Scene::new();
    scene
        .store
        .write_blocking(|tx| {
            ["a", "b", "b-1", "b-2", "c"]
                .into_iter()
                .try_for_each(|name| event_rules::put(tx, &rule(name, 1)))
        })
        .unwrap();
    for (prefix, after, limit, expected) in [
        ("", "", 10, &["a", "b", "b-1", "b-2", "c"][..]),
        ("b", "", 10, &["b", "b-1", "b-2"]),
        ("b", "b", 1, &["b-1"]),
        ("b-", "a", 10, &["b-1", "b-2"]),
        ("d", "", 10, &[]),
    ] {
        let list = move |tx: &store::ReadTx<'_>| event_rules::list(tx, prefix, after, limit);
        let found = scene.store.read_blocking(list).unwrap();
        let names: Vec<_> = found.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, expected, "{prefix} {after}");
    }
    assert_eq!(scene.store.read_blocking(event_rules::count).unwrap(), 5);
}
