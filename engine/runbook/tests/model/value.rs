use proptest::prelude::*;
use runbook::plan::ValueType;
use runbook::value::{as_type, check_type, from_text, from_wire, to_wire};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::table;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    value: Value,
    to: String,
    is: Option<Value>,
    error: Option<String>,
}

#[test]
fn every_conversion_of_the_table_holds() {
    let cases: Vec<Case> = table(include_str!("../data/value/conversions.yaml"));
    for case in cases {
        let value_type: ValueType = case.to.parse().unwrap();
        assert_eq!(value_type.to_string(), case.to);
        match (as_type(case.value.clone(), &value_type), &case.is, &case.error) {
            (Ok(value), Some(expected), None) => {
                assert_eq!(&value, expected, "{case:?}");
                assert_eq!(check_type(&value, &value_type), Ok(()));
            }
            (Err(mismatch), None, Some(message)) => {
                assert!(mismatch.to_string().contains(message.as_str()), "{case:?}: {mismatch}");
            }
            (outcome, _, _) => panic!("{case:?} gave {outcome:?}"),
        }
    }
}

#[test]
fn unknown_types_are_refused() {
    for text in ["string", "", "List<String>", "List<AWS::EC2::Instance::Id", "AWS", "AWS::a b"] {
        let error = text.parse::<ValueType>().unwrap_err();
        assert!(error.to_string().contains("is not a type"), "{error}");
    }
}

#[test]
fn the_wire_is_a_list_of_texts() {
    assert_eq!(to_wire(&json!("a")), ["a"]);
    assert_eq!(to_wire(&json!(5)), ["5"]);
    assert_eq!(to_wire(&json!(true)), ["true"]);
    assert_eq!(to_wire(&json!(["a", "b"])), ["a", "b"]);
    assert_eq!(to_wire(&json!({ "a": [1] })), [r#"{"a":[1]}"#]);
    assert_eq!(to_wire(&json!([{ "a": 1 }])), [r#"{"a":1}"#]);
    assert!(to_wire(&Value::Null).is_empty());
    let two = ["a".to_owned(), "b".to_owned()];
    assert!(from_wire(&two, &ValueType::String).is_err());
    assert!(from_wire(&[], &ValueType::String).is_err());
    assert_eq!(from_wire(&[], &ValueType::StringList), Ok(json!([])));
}

#[test]
fn typed_text_is_read_by_type() {
    let read = |text: &str, value_type: ValueType| from_text(text, &value_type).ok();
    assert_eq!(read("a, b,c", ValueType::StringList), Some(json!(["a", "b", "c"])));
    assert_eq!(read(r#"["a,b", "c"]"#, ValueType::StringList), Some(json!(["a,b", "c"])));
    assert_eq!(read("", ValueType::StringList), Some(json!([])));
    assert_eq!(read("a,b", ValueType::String), Some(json!("a,b")));
    assert_eq!(read("7", ValueType::Integer), Some(json!(7)));
    assert_eq!(read(r#"{"a": 1}"#, ValueType::StringMap), Some(json!({ "a": 1 })));
    assert_eq!(read(r#"[{"a": 1}]"#, ValueType::MapList), Some(json!([{ "a": 1 }])));
    assert_eq!(read("a,b", ValueType::MapList), None);
}

fn typed() -> impl Strategy<Value = (ValueType, Value)> {
    let map = || prop::collection::btree_map("[a-z]{1,4}", ".{0,6}", 0..3);
    let object = |members: std::collections::BTreeMap<String, String>| json!(members);
    prop_oneof![
        ".{0,12}".prop_map(|text| (ValueType::String, json!(text))),
        any::<i64>().prop_map(|integer| (ValueType::Integer, json!(integer))),
        any::<bool>().prop_map(|boolean| (ValueType::Boolean, json!(boolean))),
        prop::collection::vec(".{0,6}", 0..4).prop_map(|list| (ValueType::StringList, json!(list))),
        map().prop_map(move |members| (ValueType::StringMap, object(members))),
        prop::collection::vec(map().prop_map(object), 0..3)
            .prop_map(|list| (ValueType::MapList, Value::Array(list))),
        "(/[a-z0-9]{1,5}){1,3}".prop_map(|name| (ValueType::Secret, runbook::value::secret(name))),
    ]
}

proptest! {
    #[test]
    fn a_value_of_a_type_survives_the_wire((value_type, value) in typed()) {
        prop_assert_eq!(check_type(&value, &value_type), Ok(()));
        prop_assert_eq!(as_type(value.clone(), &value_type), Ok(value.clone()));
        if value_type != ValueType::Secret {
            prop_assert_eq!(from_wire(&to_wire(&value), &value_type), Ok(value));
        }
    }

    #[test]
    fn what_converts_is_of_the_type((_, value) in typed(), (to, _) in typed()) {
        if let Ok(converted) = as_type(value, &to) {
            prop_assert_eq!(check_type(&converted, &to), Ok(()));
        }
    }
}
