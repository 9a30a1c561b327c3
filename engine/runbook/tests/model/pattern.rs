use proptest::prelude::*;
use runbook::value::pattern::Pattern;
use serde::Deserialize;

use crate::fixture::table;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    pattern: String,
    #[serde(default)]
    yes: Vec<String>,
    #[serde(default)]
    no: Vec<String>,
    /// Values that take too long.
    #[serde(default)]
    costly: Vec<String>,
    error: Option<String>,
}

#[test]
fn every_case_of_the_table_holds() {
    let cases: Vec<Case> = table(include_str!("../data/pattern/cases.yaml"));
    for case in cases {
        let pattern = match (Pattern::parse(&case.pattern), &case.error) {
            (Err(found), Some(expected)) => {
                assert!(found.contains(expected), "{}: {found}", case.pattern);
                continue;
            }
            (Ok(_), Some(_)) => panic!("{} is no mistake", case.pattern),
            (found, None) => found.unwrap_or_else(|error| panic!("{}: {error}", case.pattern)),
        };
        for text in &case.yes {
            assert_eq!(pattern.matches(text), Ok(true), "{} and {text:?}", case.pattern);
        }
        for text in &case.no {
            assert_eq!(pattern.matches(text), Ok(false), "{} and {text:?}", case.pattern);
        }
        for text in &case.costly {
            assert!(pattern.matches(text).is_err(), "{} and {text:?}", case.pattern);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        pattern in r"([\[\](){}^$.*+?|&:,<>!=-]|[a-c0-2]|\\[dDwWsShHvVRZAbBzGpPQEkxuc0-2]){0,14}",
        text in "[a-c0-2 -]{0,8}",
    ) {
        if let Ok(read) = Pattern::parse(&pattern) {
            let _ = read.matches(&text);
        }
    }

    #[test]
    fn quoted_text_matches_itself(text in "[^\\\\]{0,12}") {
        let pattern = Pattern::parse(&format!(r"\Q{text}\E")).unwrap();
        prop_assert_eq!(pattern.matches(&text), Ok(true));
    }
}
