use proptest::prelude::*;
use runbook::selector::Selector;
use serde::Deserialize;
use serde_json::Value;

use crate::fixture::table;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    response: Value,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    selector: String,
    is: Option<Value>,
    #[serde(default)]
    is_response: bool,
    error: Option<String>,
    offset: Option<usize>,
}

#[test]
fn every_case_of_the_table_holds() {
    let Table { response, cases } = table(include_str!("../data/selector/cases.yaml"));
    for case in cases {
        match (Selector::parse(&case.selector), &case.error) {
            (Ok(selector), None) => {
                let expected =
                    if case.is_response { Some(response.clone()) } else { case.is.clone() };
                assert_eq!(selector.select(&response), expected, "{case:?}");
                let stored = serde_json::to_string(&selector).unwrap();
                assert_eq!(stored, Value::from(case.selector.as_str()).to_string());
                assert_eq!(serde_json::from_str::<Selector>(&stored).unwrap(), selector);
            }
            (Err(error), Some(message)) => {
                assert!(error.message.contains(message.as_str()), "{case:?}: {error:?}");
                assert_eq!(Some(error.offset), case.offset, "{case:?}: {error:?}");
            }
            (outcome, _) => panic!("{case:?} gave {outcome:?}"),
        }
    }
}

#[test]
fn a_stored_selector_is_checked() {
    assert!(serde_json::from_str::<Selector>("\"a.b\"").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r#"\$?[a-z.\[\]0-9'" *@é]{0,20}"#) {
        match Selector::parse(&text) {
            Ok(selector) => prop_assert_eq!(selector.source(), text),
            Err(error) => prop_assert!(text.is_char_boundary(error.offset)),
        }
    }
}
