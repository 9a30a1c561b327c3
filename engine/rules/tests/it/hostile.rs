//! Text that somebody means ill: nothing panics, nothing hangs.

use proptest::prelude::*;
use rules::pattern::{Limits, Reason, WildcardError};
use rules::template::RuleContext;
use rules::{Event, JsonPath, Pattern, Template};
use serde_json::{Value, json};

/// What a fuzzer may call with any text.
fn try_all(text: &str, value: &Value) {
    let pattern = Pattern::parse(text);
    if let (Ok(pattern), Ok(event)) = (&pattern, Event::new(value)) {
        assert_eq!(pattern.matches(&event), pattern.explain(&event).is_none());
    }
    if let Err(error) = &pattern {
        assert!(error.to_string().starts_with("Event pattern is not valid. Reason: "));
    }
    if let Ok(path) = JsonPath::parse(text) {
        path.find(value);
    }
    let context = RuleContext { rule_arn: "a", rule_name: "r", ingestion_time: "t" };
    if let Ok(template) = Template::parse(text, [("a", "$.a"), ("b", "$.b[*]")])
        && let Ok(output) = template.render(value, &context)
    {
        assert!(
            output.trim_start().starts_with('"') || serde_json::from_str::<Value>(&output).is_ok()
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        try_all(&text, &json!({"a": text}));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_all(&String::from_utf8_lossy(&bytes), &json!({"a": [1]}));
    }

    #[test]
    fn what_looks_like_a_pattern_is_read_or_refused(
        text in r#"(\{|\}|\[|\]|:|,|"a"|"\$or"|"prefix"|"anything-but"|"numeric"|"wildcard"|"\*a\\\\\*"|"cidr"|"::/0"|"exists"|true|null|"<"|"="|-?[0-9]{1,3}|1e400| |\n|"\\u00|é|<a>|<b>|\$){0,40}"#,
    ) {
        try_all(&text, &json!({"a": [{"a": 1}, "a"], "b": [[1, {"a": null}]]}));
    }

    #[test]
    fn a_pattern_with_a_piece_changed_is_read_or_refused(at in 0..200_usize, piece in any::<char>()) {
        let whole = r#"{"a": {"b": [{"numeric": [">", 0, "<=", 5]}, {"anything-but": {"prefix": ["x"]}}]}, "$or": [{"c": [{"exists": false}]}, {"d": [{"cidr": "10.0.0.0/8"}, "z"]}]}"#;
        let changed: String =
            whole.chars().enumerate().map(|(place, old)| if place == at { piece } else { old }).collect();
        try_all(&changed, &json!({"a": {"b": [3, "y"]}, "d": "10.1.1.1"}));
    }
}

/// With a number of steps that grew by the power of the stars, this would not end.
#[test]
fn wildcards_take_time_in_proportion_to_the_value() {
    let limits = Limits::default();
    let wildcard = "*ab*ac*ad*ae*b".to_owned();
    let pattern = json!({"x": [{"wildcard": wildcard}]}).to_string();
    let pattern = Pattern::parse_within(&pattern, &limits).unwrap();
    let value = json!({"x": "ab".repeat(2_000_000)});
    assert!(!pattern.matches(&Event::new(&value).unwrap()));
    let value = json!({"x": format!("{}acadaeb", "a".repeat(4_000_000))});
    assert!(!pattern.matches(&Event::new(&value).unwrap()));
}

#[test]
fn a_wildcard_of_many_stars_is_refused_at_once() {
    let pattern = json!({"x": [{"wildcard": "*a".repeat(2000)}]}).to_string();
    let refused = Pattern::parse(&pattern).unwrap_err().reason;
    assert_eq!(refused, Reason::Wildcard(WildcardError::TooComplex));
}

/// Each of ten fields can be taken from a hundred elements of its own list: a search of all combinations would not end.
#[test]
fn lists_that_have_nothing_to_do_with_each_other_are_not_combined() {
    let names: Vec<_> = (0..10).map(|at| format!("l{at}")).collect();
    let list: Vec<_> = (0..100).map(|_| json!({"v": 1})).collect();
    let mut event = json!({"z": [{"a": 1}, {"b": 1}]});
    let mut pattern = json!({"z": {"a": [1], "b": [1]}});
    for name in &names {
        event[name] = Value::from(list.clone());
        pattern[name] = json!({"v": [1]});
    }
    let refusing = Pattern::parse(&pattern.to_string()).unwrap();
    assert!(!refusing.matches(&Event::new(&event).unwrap()));
    event["z"] = json!([{"a": 1}, {"a": 1, "b": 1}]);
    assert!(refusing.matches(&Event::new(&event).unwrap()));
}

/// Forty fields, each in some of a thousand elements and never two in one: all but the first are absent where that one is.
#[test]
fn fields_that_may_be_absent_are_not_combined() {
    let elements: Vec<_> = (0..1000).map(|at| json!({(format!("f{:02}", at % 40)): 1})).collect();
    let event = json!({"a": elements});
    let keys = |last: Value| {
        let keys = (0..40).map(|at| (format!("f{at:02}"), json!([1, {"exists": false}])));
        json!({"a": keys.chain([("g".to_owned(), last)]).collect::<serde_json::Map<_, _>>()})
    };
    let event = Event::new(&event).unwrap();
    let absent = Pattern::parse(&keys(json!([{"exists": false}])).to_string()).unwrap();
    assert!(absent.matches(&event));
    let missing = Pattern::parse(&keys(json!([1])).to_string()).unwrap();
    assert!(!missing.matches(&event));
}

#[test]
fn deep_patterns_are_refused() {
    let pattern = format!("{}[1]{}", "{\"a\":".repeat(500), "}".repeat(500));
    assert_eq!(Pattern::parse(&pattern).unwrap_err().reason, Reason::TooDeep(100));
}

#[test]
fn or_does_not_explode() {
    let or = r#"{"$or":[{"a":[1]},{"b":[1]}]}"#;
    let many = (0..40).map(|at| format!("\"k{at}\":{or}")).collect::<Vec<_>>().join(",");
    let refused = Pattern::parse(&format!("{{{many}}}")).unwrap_err().reason;
    assert_eq!(refused, Reason::TooManyCombinations(1000));
}

/// A thousand combinations of thirty fields, against lists of many elements: what a field says is found out once.
#[test]
fn combinations_do_not_multiply_the_work() {
    let list = |prefix: &str| {
        let branches: Vec<_> =
            (0..10).map(|at| json!({(format!("{prefix}{at}")): [{"wildcard": "*a*b*"}]})).collect();
        Value::from(branches)
    };
    let pattern =
        json!({"x": {"$or": list("p")}, "y": {"$or": list("q")}, "z": {"$or": list("r")}});
    let pattern = Pattern::parse(&pattern.to_string()).unwrap();
    let long = Value::from(vec![Value::from("a".repeat(100)); 1000]);
    let fields = |prefix: &str| {
        (0..10).map(|at| (format!("{prefix}{at}"), long.clone())).collect::<serde_json::Map<_, _>>()
    };
    let event = json!({"x": fields("p"), "y": fields("q"), "z": fields("r")});
    assert!(!pattern.matches(&Event::new(&event).unwrap()));
}
