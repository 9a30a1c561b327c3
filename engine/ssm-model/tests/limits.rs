//! Hostile requests get a bounded answer in a bounded time.

use serde_json::{Map, Value, json};
use ssm_model::{Operation, Refused};

fn operation(name: &str) -> &'static Operation {
    ssm_model::operation(name).expect("SSM has it")
}

fn nested(levels: usize) -> Value {
    let mut value = json!({ "AggregatorType": "count" });
    for _ in 0..levels {
        value = json!({ "AggregatorType": "count", "Aggregators": [value] });
    }
    json!({ "Aggregators": [value] })
}

#[test]
fn a_request_may_be_nested_so_deep_and_no_deeper() {
    let operation = operation("GetOpsSummary");
    operation.check_input(&nested(30)).expect("a deep request passes");
    for levels in [32, 500] {
        let refused = operation.check_input(&nested(levels)).expect_err("it is too deep");
        assert_eq!(refused.code(), "SerializationException");
        let text = refused.to_string();
        assert!(
            text.starts_with("Nested deeper than 64 levels (at 'aggregators.1.member.aggregators."),
            "{text}"
        );
        assert!(text.len() < 1_000);
    }
}

#[test]
fn a_deep_value_is_redacted_where_it_is_too_deep() {
    let redacted = operation("GetOpsSummary").redacted_input(nested(500)).to_string();
    assert!(redacted.contains(ssm_model::HIDDEN));
    assert!(redacted.len() < 5_000);
}

#[test]
fn many_violations_are_counted_and_some_are_told() {
    let unknown: Map<String, Value> =
        (0..100_000).map(|index| (format!("Nane{index}"), Value::Null)).collect();
    let refused = operation("GetParameter")
        .check_input(&Value::Object(unknown))
        .expect_err("no member is known");
    let text = refused.to_string();
    assert!(text.starts_with("100001 validation errors detected: "), "{text}");
    assert!(text.ends_with("; and 99937 more"), "{text}");
    assert!(text.len() < 20_000);
    assert!(
        matches!(refused, Refused::Invalid { violations, total: 100_001 } if violations.len() == 64)
    );
}

#[test]
fn long_values_and_paths_are_cut_between_characters() {
    let value = "é".repeat(100_000);
    let refused = operation("GetParameter")
        .check_input(&json!({ "Name": value }))
        .expect_err("it is too long");
    let expected = format!(
        "1 validation error detected: Value '{}...' at 'name' failed to satisfy constraint: \
         Member must have length less than or equal to 2048",
        "é".repeat(256)
    );
    assert_eq!(refused.to_string(), expected);

    let refused = operation("GetParameter")
        .check_input(&json!({ "Name": "n", value: 1 }))
        .expect_err("it is unknown");
    let Refused::Invalid { violations, total: 1 } = refused else {
        panic!("one member is unknown")
    };
    assert_eq!(violations[0].path, format!("{}...", "é".repeat(256)));
}

#[test]
fn a_list_of_many_wrong_items_is_one_violation() {
    let names = vec!["*"; 10_000];
    let refused = operation("CancelCommand")
        .check_input(&json!({ "CommandId": "c", "InstanceIds": names }))
        .expect_err("these are no nodes");
    let Refused::Invalid { violations, total } = refused else { panic!("the types are right") };
    let paths: Vec<_> = violations.iter().map(|violation| violation.path.as_str()).collect();
    assert_eq!(total, 3);
    assert_eq!(paths, ["commandId", "instanceIds", "instanceIds"]);
}
