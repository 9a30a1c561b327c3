//! Fields within arrays, held against a matcher that tries all leaves for all fields.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rules::{Event, Pattern};
use serde_json::{Map, Value, json};

/// The elements a leaf lies in: by array, the position.
type Elements = BTreeMap<usize, usize>;

struct Leaf {
    path: String,
    value: Value,
    elements: Elements,
}

fn leaves(value: &Value, path: &str, elements: &Elements, arrays: &mut usize, all: &mut Vec<Leaf>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(field, &path, elements, arrays, all);
            }
        }
        Value::Array(inner) => {
            *arrays += 1;
            let array = *arrays;
            for (position, element) in inner.iter().enumerate() {
                let mut within = elements.clone();
                if element.is_object() || element.is_array() {
                    within.insert(array, position);
                }
                leaves(element, path, &within, arrays, all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let (path, value, elements) = (path.to_owned(), value.clone(), elements.clone());
            all.push(Leaf { path, value, elements });
        }
    }
}

/// Both together, unless they have different elements of one array.
fn joined(left: &Elements, right: &Elements) -> Option<Elements> {
    let agree =
        left.iter().all(|(array, position)| right.get(array).is_none_or(|other| other == position));
    agree.then(|| left.iter().chain(right).map(|(array, position)| (*array, *position)).collect())
}

fn tries(keys: &[(String, Vec<Value>)], taken: &Elements, all: &[Leaf]) -> bool {
    let Some(((path, alternatives), rest)) = keys.split_first() else { return true };
    let here = || all.iter().filter(|leaf| leaf.path == *path);
    let matches = |value: &Value| {
        alternatives.iter().any(|wanted| wanted == value || *wanted == json!({"exists": true}))
    };
    let found = here()
        .filter(|leaf| matches(&leaf.value))
        .any(|leaf| joined(taken, &leaf.elements).is_some_and(|taken| tries(rest, &taken, all)));
    let may_be_absent = alternatives.contains(&json!({"exists": false}));
    let is_absent = || here().all(|leaf| joined(taken, &leaf.elements).is_none());
    found || (may_be_absent && is_absent() && tries(rest, taken, all))
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "a.b", "c"]).prop_map(str::to_owned)
}

fn object(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((name(), values), 1..4)
        .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()))
}

fn event() -> impl Strategy<Value = Value> {
    let value = (0..3_i64).prop_map(Value::from).prop_recursive(5, 64, 4, |inner| {
        let objects = object(inner.clone()).boxed();
        prop_oneof![
            1 => objects.clone(),
            2 => prop::collection::vec(prop_oneof![4 => objects, 1 => inner], 0..4).prop_map(Value::from),
        ]
    });
    object(value)
}

fn keys() -> impl Strategy<Value = BTreeMap<String, Vec<Value>>> {
    let alternative = prop_oneof![
        4 => (0..3_i64).prop_map(Value::from),
        1 => any::<bool>().prop_map(|exists| json!({"exists": exists})),
    ];
    let path = prop::collection::vec(name(), 1..4).prop_map(|names| names.join("."));
    prop::collection::btree_map(path, prop::collection::vec(alternative, 1..3), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_search_agrees_with_trying_all(keys in keys(), value in event()) {
        let pattern = Pattern::parse(&json!(keys).to_string()).unwrap();
        let mut all = Vec::new();
        leaves(&value, "", &Elements::new(), &mut 0, &mut all);
        let keys: Vec<_> = keys.into_iter().collect();
        let wanted = tries(&keys, &Elements::new(), &all);
        prop_assert_eq!(pattern.matches(&Event::new(&value).unwrap()), wanted);
    }
}
