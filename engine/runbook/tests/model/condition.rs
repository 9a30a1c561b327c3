use runbook::plan::{Condition, Operator, Schema};
use runbook::template::Template;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::{scope, table};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    op: Operator,
    variable: Value,
    value: Value,
    holds: Option<bool>,
    fails: Option<String>,
}

#[test]
fn every_operator_compares_as_the_table_says() {
    let cases: Vec<Case> = table(include_str!("../data/condition/cases.yaml"));
    for operator in Operator::ALL {
        assert!(cases.iter().any(|case| case.op == operator), "{} has no case", operator.name());
        assert_eq!(Operator::named(operator.name()), Some(operator));
    }
    for case in cases {
        match (case.op.compare(&case.variable, &case.value), case.holds, &case.fails) {
            (Ok(holds), Some(expected), None) => assert_eq!(holds, expected, "{case:?}"),
            (Err(error), None, Some(message)) => {
                assert!(error.to_string().contains(message.as_str()), "{case:?}: {error}");
            }
            (outcome, _, _) => panic!("{case:?} gave {outcome:?}"),
        }
    }
}

fn compare(variable: &str, operator: Operator, value: &Value) -> Condition {
    Condition::Compare {
        variable: Template::parse_text(variable, Schema::V0_3).unwrap(),
        operator,
        value: Template::from_value(value.clone(), Schema::V0_3).unwrap(),
    }
}

#[test]
fn conditions_combine_and_stop_early() {
    let yes = compare("{{ Tier }}", Operator::StringEquals, &json!("web"));
    let no = compare("{{ Count }}", Operator::NumericGreater, &json!(10));
    let broken = compare("{{ Missing }}", Operator::StringEquals, &json!("x"));
    let holds = |condition: Condition| condition.holds(&scope());
    assert_eq!(holds(Condition::And(vec![yes.clone(), no.clone()])), Ok(false));
    assert_eq!(holds(Condition::Or(vec![no.clone(), yes.clone()])), Ok(true));
    assert_eq!(holds(Condition::Not(Box::new(no.clone()))), Ok(true));
    assert_eq!(holds(Condition::And(vec![no.clone(), broken.clone()])), Ok(false));
    assert_eq!(holds(Condition::Or(vec![yes.clone(), broken.clone()])), Ok(true));
    assert!(holds(Condition::And(vec![yes, broken])).is_err());
}

#[test]
fn operands_on_both_sides_may_be_references() {
    let condition =
        compare("{{ Nodes.First }}", Operator::StringEquals, &json!("{{ Nodes.First }}"));
    assert_eq!(condition.holds(&scope()), Ok(true));
    let references = Condition::Not(Box::new(condition)).references();
    assert_eq!(Vec::from_iter(references.steps), ["Nodes"]);
}
