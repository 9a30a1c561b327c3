//! Laws that hold for all patterns and events.

use proptest::prelude::*;
use rules::{Event, Index, Pattern};
use serde_json::{Map, Value, json};

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "ab", "abc", "ba", "", "Ab", "10.0.0.1", "é"])
        .prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        word().prop_map(Value::from),
        (-2..3_i64).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!(1.5)),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["source", "detail", "x", "y", "z"]).prop_map(str::to_owned)
}

fn object(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let fields = prop::collection::vec((name(), values), 0..4);
    fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()))
}

fn event() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            2 => object(inner.clone()),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    });
    object(value)
}

fn alternative() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => scalar(),
        1 => word().prop_map(|text| json!({"prefix": text})),
        1 => word().prop_map(|text| json!({"suffix": text})),
        1 => word().prop_map(|text| json!({"suffix": {"equals-ignore-case": text}})),
        1 => word().prop_map(|text| json!({"equals-ignore-case": text})),
        1 => (word(), word()).prop_map(|(left, right)| json!({"wildcard": format!("{left}*{right}")})),
        1 => word().prop_map(|text| json!({"anything-but": [text]})),
        1 => (-2..3_i64).prop_map(|number| json!({"numeric": [">=", number]})),
        1 => Just(json!({"cidr": "10.0.0.0/8"})),
        1 => any::<bool>().prop_map(|exists| json!({"exists": exists})),
    ]
}

fn filled(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let fields = prop::collection::vec((name(), values), 1..4);
    fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()))
}

fn pattern() -> impl Strategy<Value = Value> {
    let key = prop::collection::vec(alternative(), 1..3).prop_map(Value::from);
    let fields = key.prop_recursive(3, 16, 3, |inner| filled(inner).boxed());
    let object = filled(fields).boxed();
    let branches = prop::collection::vec(object.clone(), 2..4);
    prop_oneof![
        3 => object.clone(),
        1 => (object, branches).prop_map(|(mut whole, branches)| {
            whole["$or"] = Value::from(branches);
            whole
        }),
    ]
}

fn dotted(fields: &Value, path: &str, flat: &mut Map<String, Value>) {
    for (name, value) in fields.as_object().unwrap() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if value.is_object() {
            dotted(value, &path, flat);
        } else {
            flat.insert(path, value.clone());
        }
    }
}

proptest! {
    #[test]
    fn an_index_agrees_with_each_pattern_alone(
        patterns in prop::collection::vec(pattern(), 0..12),
        removed in prop::collection::vec(any::<bool>(), 12),
        events in prop::collection::vec(event(), 1..4),
    ) {
        let mut index = Index::new();
        let parsed: Vec<_> =
            patterns.iter().map(|text| Pattern::parse(&text.to_string()).unwrap()).collect();
        for (id, pattern) in parsed.iter().enumerate() {
            index.insert(id, pattern.clone());
        }
        for (id, _) in parsed.iter().enumerate().filter(|(id, _)| removed[*id]) {
            index.remove(&id);
        }
        for value in &events {
            let event = Event::new(value).unwrap();
            let alone: Vec<_> = parsed
                .iter()
                .enumerate()
                .filter(|(id, pattern)| !removed[*id] && pattern.matches(&event))
                .map(|(id, _)| id)
                .collect();
            let matching: Vec<_> = index.matching(&event).into_iter().copied().collect();
            prop_assert_eq!(&matching, &alone);
            let candidates = index.candidates(&event);
            prop_assert!(matching.iter().all(|id| candidates.contains(&id)));
        }
    }

    #[test]
    fn an_explanation_is_there_exactly_without_a_match(text in pattern(), value in event()) {
        let pattern = Pattern::parse(&text.to_string()).unwrap();
        let event = Event::new(&value).unwrap();
        prop_assert_eq!(pattern.explain(&event).is_none(), pattern.matches(&event));
    }

    #[test]
    fn dots_and_nesting_mean_the_same(text in filled(
        prop::collection::vec(alternative(), 1..3).prop_map(Value::from)
            .prop_recursive(3, 16, 3, |inner| filled(inner).boxed())
    ), value in event()) {
        let mut flat = Map::new();
        dotted(&text, "", &mut flat);
        let nested = Pattern::parse(&text.to_string()).unwrap();
        let dots = Pattern::parse(&Value::from(flat).to_string()).unwrap();
        let event = Event::new(&value).unwrap();
        prop_assert_eq!(nested.matches(&event), dots.matches(&event));
    }

    #[test]
    fn dots_and_nesting_are_the_same_in_events(text in pattern(), value in event()) {
        let mut flat = Map::new();
        dotted(&value, "", &mut flat);
        let flat = Value::from(flat);
        let pattern = Pattern::parse(&text.to_string()).unwrap();
        let nested = pattern.matches(&Event::new(&value).unwrap());
        prop_assert_eq!(nested, pattern.matches(&Event::new(&flat).unwrap()));
    }

    #[test]
    fn a_wildcard_agrees_with_trying_everything(
        parts in prop::collection::vec("[ab]{0,2}", 1..4),
        text in "[ab]{0,8}",
    ) {
        let joined = parts.join("*");
        prop_assume!(!joined.contains("**"));
        let pattern = json!({"x": [{"wildcard": joined}]}).to_string();
        let value = json!({"x": text});
        let Ok(pattern) = Pattern::parse(&pattern) else { return Ok(()) };
        let seen = pattern.matches(&Event::new(&value).unwrap());
        prop_assert_eq!(seen, tries(joined.as_bytes(), text.as_bytes()));
    }
}

fn tries(wildcard: &[u8], text: &[u8]) -> bool {
    match wildcard.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| tries(rest, &text[at..])),
        Some((byte, rest)) => text.first() == Some(byte) && tries(rest, &text[1..]),
    }
}
