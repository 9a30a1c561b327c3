//! The rows of `tests/patterns`: verdicts and messages, most of them as the service gives them; and explanations.

use std::fs;
use std::path::Path;

use rules::pattern::{Found, Limits, Place, Reason};
use rules::{Event, Index, Pattern};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    case: String,
    /// JSON, or a text where the text itself matters.
    pattern: Value,
    event: Option<Value>,
    matches: Option<bool>,
    error: Option<String>,
    #[serde(default = "one")]
    line: usize,
    /// Missing where the service's message has no place.
    column: Option<usize>,
    /// How often the message has the place.
    #[serde(default = "one")]
    times: usize,
}

fn one() -> usize {
    1
}

impl Row {
    fn text(&self) -> String {
        self.pattern.as_str().map_or_else(|| self.pattern.to_string(), str::to_owned)
    }

    fn fault(&self) -> Option<String> {
        match (&self.event, self.matches, &self.error) {
            (Some(event), Some(matches), None) => self.verdict_fault(event, matches),
            (None, None, Some(error)) => self.message_fault(error),
            (_, _, _) => Some("must have `event` and `matches`, or `error`".to_owned()),
        }
    }

    fn verdict_fault(&self, event: &Value, matches: bool) -> Option<String> {
        let pattern = match Pattern::parse(&self.text()) {
            Ok(pattern) => pattern,
            Err(error) => return Some(error.to_string()),
        };
        let event = Event::new(event).unwrap();
        let mut index = Index::new();
        index.insert((), pattern.clone());
        let seen = (
            pattern.matches(&event),
            pattern.explain(&event).is_none(),
            index.matching(&event) == [&()],
        );
        (seen != (matches, matches, matches)).then(|| {
            format!("wanted {matches}; seen {seen:?} by the pattern, its explanation and the index")
        })
    }

    fn message_fault(&self, error: &str) -> Option<String> {
        let text = self.text();
        let Err(seen) = Pattern::parse(&text) else { return Some("is accepted".to_owned()) };
        let line = self.line;
        let place = self.column.map(|column| Place { line, column });
        let place_text = self.column.map_or_else(String::new, |column| {
            format!("\n at [Source: (String)\"{text}\"; line: {line}, column: {column}]")
        });
        let wanted =
            format!("Event pattern is not valid. Reason: {error}{}", place_text.repeat(self.times));
        (seen.to_string() != wanted || seen.place() != place)
            .then(|| format!("wanted: {wanted}\n  seen: {seen}"))
    }
}

#[test]
fn rows_hold() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/patterns");
    let mut faults = Vec::new();
    let mut rows = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let read: Vec<Row> = serde_json::from_str(&text).unwrap();
        for row in read {
            rows += 1;
            let name = path.file_stem().unwrap().to_string_lossy();
            faults.extend(row.fault().map(|fault| format!("{name}: {}: {fault}", row.case)));
        }
    }
    assert!(rows > 0);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn explain(pattern: &Value, event: &Value) -> String {
    let pattern = Pattern::parse(&pattern.to_string()).unwrap();
    pattern.explain(&Event::new(event).unwrap()).unwrap().to_string()
}

#[test]
fn explanations_name_the_first_field_that_failed() {
    let event =
        json!({"source": "s", "detail": {"state": "off", "list": [{"a": 1, "b": 0}, {"b": 2}]}});
    let rows = [
        (json!({"source": ["t"], "detail": {"x": [1]}}), r#"source: wanted ["t"], found "s""#),
        (json!({"source": ["s"], "detail": {"x": [1]}}), "detail.x: wanted [1], found nothing"),
        (json!({"detail": {"list": {"b": [5]}}}), "detail.list.b: wanted [5], found 0, 2"),
        (
            json!({"detail": {"list": {"a": [1], "b": [2]}}}),
            "detail.list.a: wanted [1], found 1 in other array elements than the other fields",
        ),
        (
            json!({"$or": [{"source": ["t"]}, {"source": ["s"], "detail": {"state": ["on"]}}]}),
            r#"detail.state: wanted ["on"], found "off""#,
        ),
    ];
    for (pattern, wanted) in rows {
        assert_eq!(explain(&pattern, &event), wanted, "{pattern}");
    }
}

#[test]
fn explanations_carry_values() {
    let pattern = Pattern::parse(r#"{"a": [{"prefix": "x"}]}"#).unwrap();
    let event = json!({"a": ["y", null]});
    let mismatch = pattern.explain(&Event::new(&event).unwrap()).unwrap();
    assert_eq!(mismatch.path, "a");
    assert_eq!(mismatch.wanted, r#"[{"prefix": "x"}]"#);
    assert_eq!(mismatch.found, Found::Values(vec![json!("y"), json!(null)]));
}

#[test]
fn limits_are_held() {
    let limits = Limits { characters: 30, nesting_levels: 3, combinations: 3 };
    let refused = |text: &str| Pattern::parse_within(text, &limits).unwrap_err().reason;
    assert!(Pattern::parse_within(r#"{"a": {"b": [1]}}"#, &limits).is_ok());
    assert_eq!(
        refused(r#"{"a": ["ééééééééééééééééééééé"]}"#),
        Reason::TooLong { characters: 32, characters_max: 30 }
    );
    assert_eq!(refused(r#"{"a":{"b":{"c":[1]}}}"#), Reason::TooDeep(3));
    let limits = Limits { combinations: 3, ..Limits::default() };
    let text = r#"{"$or": [{"a": [1]}, {"b": [1]}], "d": {"$or": [{"e": [1]}, {"f": [1]}]}}"#;
    let error = Pattern::parse_within(text, &limits).unwrap_err();
    assert_eq!(error.reason, Reason::TooManyCombinations(3));
    assert!(Pattern::parse(text).is_ok());
    assert!(Pattern::parse(&" ".repeat(5000)).is_err());
}

#[test]
fn a_long_pattern_is_quoted_in_part() {
    let text = format!(r#"{{"a": 1, "b": "{}"}}"#, "x".repeat(600));
    let message = Pattern::parse(&text).unwrap_err().to_string();
    assert!(message.ends_with(r#"x"[truncated 117 chars]; line: 1, column: 8]"#), "{message}");
}

#[test]
fn an_event_is_an_object() {
    assert!(Event::new(&json!([1])).is_err());
}

#[test]
fn what_a_field_rules_out_is_known_before_the_event() {
    let (ssm, shop) = (json!("aws.ssm"), json!("shop"));
    for (pattern, may_ssm, may_shop) in [
        (json!({"source": ["shop"]}), false, true),
        (json!({"source": [{"prefix": "aws."}], "detail": {"a": [1]}}), true, false),
        (json!({"detail": {"a": [1]}}), true, true),
        (json!({"source": [{"exists": false}]}), false, false),
        (json!({"source": [{"anything-but": "shop"}]}), true, false),
        (json!({"$or": [{"source": ["shop"]}, {"detail-type": ["x"]}]}), true, true),
        (json!({"$or": [{"source": ["shop"]}, {"source": ["bar"]}]}), false, true),
    ] {
        let parsed = Pattern::parse(&pattern.to_string()).unwrap();
        assert_eq!(parsed.may_match(&[("source", &ssm)]), may_ssm, "{pattern}");
        assert_eq!(parsed.may_match(&[("source", &shop)]), may_shop, "{pattern}");
    }
}
