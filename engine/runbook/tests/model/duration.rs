use proptest::prelude::*;
use runbook::duration::{self, DURATION_MS_MAX};
use serde::Deserialize;
use serde_json::Value;

use crate::fixture::table;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    text: Value,
    is: Option<u64>,
    error: Option<String>,
}

#[test]
fn every_case_of_the_table_holds() {
    let cases: Vec<Case> = table(include_str!("../data/duration/cases.yaml"));
    for case in cases {
        match (duration::parse(&runbook::value::text(&case.text)), case.is, &case.error) {
            (Ok(found_ms), Some(expected_ms), None) => {
                assert_eq!(found_ms, expected_ms, "{case:?}");
            }
            (Err(error), None, Some(message)) => {
                assert!(error.to_string().contains(message.as_str()), "{case:?}: {error}");
            }
            (outcome, _, _) => panic!("{case:?} gave {outcome:?}"),
        }
    }
}

#[test]
fn timestamps_need_an_offset() {
    assert_eq!(duration::timestamp("1970-01-01T00:00:01Z"), Ok(1_000));
    assert_eq!(duration::timestamp("2030-01-31T08:00:00Z"), Ok(1_896_076_800_000));
    assert_eq!(duration::timestamp("2030-01-31T10:00:00+02:00"), Ok(1_896_076_800_000));
    assert_eq!(duration::timestamp("1960-01-01T00:00:00Z"), Ok(0));
    for text in ["2030-01-31T08:00:00", "2030-01-31", "tomorrow", ""] {
        let error = duration::timestamp(text).unwrap_err().to_string();
        assert!(error.contains("is not a timestamp"), "{error}");
    }
    assert_eq!(duration::display_timestamp(1_896_076_800_000).unwrap(), "2030-01-31T08:00:00Z");
    assert_eq!(duration::display_timestamp(u64::MAX), None);
}

proptest! {
    #[test]
    fn a_displayed_duration_reads_back(duration_ms in 0..=DURATION_MS_MAX) {
        prop_assert_eq!(duration::parse(&duration::display(duration_ms)), Ok(duration_ms));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[PT0-9dhmswDHMSW., é-]{0,16}") {
        if let Ok(found_ms) = duration::parse(&text) {
            prop_assert!(found_ms <= DURATION_MS_MAX);
        }
    }

    #[test]
    fn a_displayed_timestamp_reads_back(at_ms in 0..4_102_444_800_000_u64) {
        let text = duration::display_timestamp(at_ms).unwrap();
        prop_assert_eq!(duration::timestamp(&text), Ok(at_ms));
    }
}
