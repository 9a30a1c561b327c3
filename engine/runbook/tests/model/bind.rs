use std::collections::BTreeMap;

use runbook::plan::{Parameter, ParameterDefault, ValueType};
use runbook::value::bind::{BindReason, Supplied, bind, check, stored};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::table;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    parameters: BTreeMap<String, Declared>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Declared {
    r#type: String,
    default: Option<Value>,
    secret: Option<String>,
    #[serde(default)]
    allowed: Vec<Value>,
    pattern: Option<String>,
    max_chars: Option<u64>,
    max_items: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    supplied: BTreeMap<String, Given>,
    is: Option<Value>,
    #[serde(default)]
    errors: Vec<String>,
    /// A text that no message may show.
    never: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Given {
    Wire(Vec<String>),
    Json(Value),
    Text(String),
}

fn parameter(declared: Declared) -> Parameter {
    let literal = declared.default.map(ParameterDefault::Literal);
    Parameter {
        default: literal.or(declared.secret.map(ParameterDefault::Secret)),
        allowed_values: declared.allowed,
        allowed_pattern: declared.pattern,
        max_chars: declared.max_chars,
        max_items: declared.max_items,
        ..plain(declared.r#type.parse().unwrap())
    }
}

fn plain(value_type: ValueType) -> Parameter {
    Parameter {
        value_type,
        description: None,
        default: None,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        min_items: None,
        max_items: None,
        min_chars: None,
        max_chars: None,
    }
}

#[test]
fn every_case_of_the_table_holds() {
    let Table { parameters, cases } = table(include_str!("../data/bind/cases.yaml"));
    let parameters: BTreeMap<String, Parameter> =
        parameters.into_iter().map(|(name, declared)| (name, parameter(declared))).collect();
    for case in cases {
        let supplied = case.supplied.iter().map(|(name, given)| {
            let supplied = match given.clone() {
                Given::Wire(strings) => Supplied::Wire(strings),
                Given::Json(value) => Supplied::Json(value),
                Given::Text(text) => Supplied::Text(text),
            };
            (name.clone(), supplied)
        });
        match (bind(&parameters, supplied.collect()), &case.is) {
            (Ok(bound), Some(expected)) => assert_eq!(&json!(bound.values), expected, "{case:?}"),
            (Err(errors), None) => {
                let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
                assert_eq!(messages.len(), case.errors.len(), "{case:?}: {messages:?}");
                for expected in &case.errors {
                    assert!(
                        messages.iter().any(|m| m.contains(expected)),
                        "{expected}: {messages:?}"
                    );
                }
                let shown = messages.join(" ");
                assert!(case.never.as_ref().is_none_or(|text| !shown.contains(text)), "{shown}");
            }
            (outcome, _) => panic!("{case:?} gave {outcome:?}"),
        }
    }
}

#[test]
fn a_parameter_without_default_must_be_given() {
    let parameters = [("Name".to_owned(), plain(ValueType::String))].into();
    let errors = bind(&parameters, BTreeMap::new()).unwrap_err();
    assert_eq!(errors[0].reason, BindReason::Missing);
}

#[test]
fn defaults_from_parameter_store_are_left_to_be_read() {
    let store = |value_type: ValueType| Parameter {
        default: Some(ParameterDefault::ParameterStore("/app/list:3".to_owned())),
        ..plain(value_type)
    };
    let parameters = [
        ("List".to_owned(), store(ValueType::StringList)),
        ("Text".to_owned(), store(ValueType::String)),
    ]
    .into();
    let supplied = [("Text".to_owned(), Supplied::Text("given".to_owned()))].into();
    let bound = bind(&parameters, supplied).unwrap();
    assert_eq!(json!(bound.values), json!({ "Text": "given" }));
    let names: Vec<_> =
        bound.parameter_store.iter().map(|d| (d.parameter.as_str(), d.name.as_str())).collect();
    assert_eq!(names, [("List", "/app/list:3")]);
    assert_eq!(stored("List", &parameters["List"], "a,b"), Ok(json!(["a", "b"])));
}

#[test]
fn a_stored_value_is_held_to_the_rules() {
    let parameter =
        Parameter { allowed_pattern: Some("[a-z]+".to_owned()), ..plain(ValueType::String) };
    assert_eq!(stored("Name", &parameter, "web"), Ok(json!("web")));
    let errors = stored("Name", &parameter, "WEB").unwrap_err();
    assert_eq!(errors[0].to_string(), "parameter `Name` does not match [a-z]+");
}

#[test]
fn patterns_that_cannot_be_used_or_take_too_long_are_said_to() {
    let broken = |pattern: &str, value: &Value| {
        let allowed_pattern = Some(pattern.to_owned());
        check(&Parameter { allowed_pattern, ..plain(ValueType::String) }, value)
    };
    assert!(matches!(broken("(", &json!("x")).as_slice(), [BindReason::BadPattern(_)]));
    let long = json!("a".repeat(60));
    let found = broken("((?=a)a|a)*b", &long);
    assert!(matches!(found.as_slice(), [BindReason::CostlyPattern { .. }]), "{found:?}");
}

#[test]
fn an_empty_default_is_not_given_and_held_to_no_rule() {
    let rules = |value_type, default| Parameter {
        allowed_pattern: Some("[a-z]+".to_owned()),
        allowed_values: vec![json!("web")],
        min_chars: Some(1),
        min_items: Some(2),
        default: Some(ParameterDefault::Literal(default)),
        ..plain(value_type)
    };
    for (value_type, default) in [
        (ValueType::String, json!("")),
        (ValueType::StringList, json!([])),
        (ValueType::StringList, json!(["", ""])),
    ] {
        let parameters = BTreeMap::from([("Name".to_owned(), rules(value_type, default.clone()))]);
        let bound = bind(&parameters, BTreeMap::new()).unwrap();
        assert_eq!(bound.values["Name"], default);
        let given = BTreeMap::from([("Name".to_owned(), Supplied::Json(default))]);
        assert!(bind(&parameters, given).is_err(), "who gives it must keep the rules");
    }
    let parameters =
        BTreeMap::from([("Name".to_owned(), rules(ValueType::StringList, json!(["", "db"])))]);
    assert!(bind(&parameters, BTreeMap::new()).is_err());
}

#[test]
fn minimums_are_held() {
    let list = Parameter { min_items: Some(2), min_chars: Some(2), ..plain(ValueType::StringList) };
    assert!(check(&list, &json!(["ab", "cd"])).is_empty());
    let broken: Vec<String> = check(&list, &json!(["a"])).iter().map(ToString::to_string).collect();
    assert_eq!(
        broken,
        ["has 1 items; at least 2 are needed", "has 1 characters; at least 2 are needed"]
    );
}
