//! JSON paths.

use std::borrow::Cow;

use rules::JsonPath;
use rules::path::PathError;
use serde_json::{Value, json};

#[test]
fn paths_lead_to_values() {
    let event = json!({
        "detail-type": "t",
        "detail": {"a": {"b": 1}, "list": [{"n": 1}, {"n": 2}, {"m": 3}], "x.y": 4, "$": 5, "none": null},
        "resources": ["r0", "r1"],
    });
    let rows: [(&str, Option<Value>); 22] = [
        ("$", Some(event.clone())),
        ("$.detail-type", Some(json!("t"))),
        ("$.detail.a.b", Some(json!(1))),
        ("detail.a.b", Some(json!(1))),
        ("$['detail']['a'].b", Some(json!(1))),
        ("$[\"detail\"].a", Some(json!({"b": 1}))),
        ("['detail-type']", Some(json!("t"))),
        ("$.detail['x.y']", Some(json!(4))),
        ("$.detail.$", Some(json!(5))),
        ("$.detail.none", Some(json!(null))),
        ("$.resources[1]", Some(json!("r1"))),
        ("resources[0]", Some(json!("r0"))),
        ("$.resources[2]", None),
        ("$.resources[*]", Some(json!(["r0", "r1"]))),
        ("$.detail.list[*].n", Some(json!([1, 2]))),
        ("$.detail.list[1].n", Some(json!(2))),
        ("$.detail.list[*].k", None),
        ("$.detail.a.*", Some(json!([1]))),
        ("$.detail.list.n", None),
        ("$.detail.missing", None),
        ("$.detail.a.b.c", None),
        ("$.detail.a[0]", None),
    ];
    for (path, wanted) in rows {
        let found = JsonPath::parse(path).unwrap().find(&event).map(Cow::into_owned);
        assert_eq!(found, wanted, "{path}");
    }
}

#[test]
fn what_is_no_path_is_refused() {
    let path = |path: &str| path.to_owned();
    let rows = [
        ("", PathError::Empty),
        ("$.", PathError::NoName { path: path("$."), offset: 2 }),
        ("$..a", PathError::NoName { path: path("$..a"), offset: 2 }),
        ("a.", PathError::NoName { path: path("a."), offset: 2 }),
        (".a", PathError::NoName { path: path(".a"), offset: 0 }),
        ("$.a[0]b", PathError::NoSeparator { path: path("$.a[0]b"), offset: 6 }),
        ("$.a[0", PathError::Unclosed { path: path("$.a[0"), offset: 3 }),
        ("$['a]", PathError::Unclosed { path: path("$['a]"), offset: 1 }),
        ("$['a'x]", PathError::Unclosed { path: path("$['a'x]"), offset: 1 }),
        ("$.a[]", PathError::Brackets { path: path("$.a[]"), offset: 3 }),
        ("$.a[-1]", PathError::Brackets { path: path("$.a[-1]"), offset: 3 }),
        ("$.a[?(@.b)]", PathError::Brackets { path: path("$.a[?(@.b)]"), offset: 3 }),
    ];
    for (source, wanted) in rows {
        assert_eq!(JsonPath::parse(source), Err(wanted), "{source}");
    }
    let long = format!("$.a{}", "[0]".repeat(200));
    assert_eq!(JsonPath::parse(&long), Err(PathError::TooLong));
}
