//! Rule files beside their data: what is one, names, and hostile texts.

use proptest::prelude::*;
use rules::file::{self, Kind, duplicates_between, is_rule_file, names, parse};
use runbook::codes;
use runbook::diagnostic::{any_error, render};
use runbook::source::Source;

fn source(text: impl Into<String>) -> Source {
    Source::new("rules.yaml", text.into())
}

fn rule(number: usize) -> String {
    format!("- {{ name: r{number}, match: {{ source: [a] }}, start: {{ runbook: A }} }}\n")
}

#[test]
fn rule_files_are_told_by_their_keys() {
    let of_rules = [
        "rules: []",
        "webhooks:\n",
        "{\"schedules\": []}",
        "\u{feff}rules: []",
        "other: 1\nrules: 3",
        // Broken ones.
        "webhooks: []\nrules:\n  - name: [a\n",
        "\"rules\": [\n",
        "{\n  \"rules\": [ {\"name\": \"a\" \n",
        "rules : {{ x }}\n",
    ];
    for text in of_rules {
        assert!(is_rule_file(&source(text)), "{text}");
    }
    let of_others = [
        "",
        "- rules: []",
        "schemaVersion: \"0.3\"\nrules: []",
        "schemaVersion: \"0.3\"\nmainSteps: [\nrules: [a",
        "mainSteps:\n  rules: [a\n",
        "rulesets: [",
        "{\"schemaVersion\": \"2.2\", \"rules\": [",
        "# rules:\nx: [",
    ];
    for text in of_others {
        assert!(!is_rule_file(&source(text)), "{text}");
    }
}

#[test]
fn names_are_found_in_a_file_with_mistakes() {
    let source = source(
        "rules:\n  - { name: a, match: 3 }\n  - { name: 4 }\n  - x\nschedules:\n  - { name: a }\n",
    );
    let found: Vec<_> = names(&source)
        .into_iter()
        .map(|name| (name.kind, name.text, name.span.start.line))
        .collect();
    assert_eq!(found, [(Kind::Rule, "a".to_owned(), 2), (Kind::Schedule, "a".to_owned(), 6)]);
    assert!(names(&Source::new("x", "rules: [")).is_empty());
}

#[test]
fn places_are_found_by_their_paths() {
    let source = source("rules:\n  - { name: a, \"/~\": 1, \"\": 2 }\n");
    let document = file::document(&source).0.unwrap();
    let root = document.root();
    for path in ["/rules/0/name", "rules/0/name"] {
        assert_eq!(root.descend(path).text(), Some("a"));
    }
    assert_eq!(root.descend("/rules/0/~1~0").value, 1);
    assert_eq!(root.descend("/rules/0/").value, 2);
    assert_eq!(root.descend("/rules/0/none/deeper").path, "/rules/0");
    assert_eq!(root.descend("").path, "");
}

#[test]
fn a_name_is_taken_once_in_all_files() {
    let first = Source::new("first.yaml", "rules:\n".to_owned() + &rule(1) + &rule(2));
    let second = Source::new("second.yaml", "rules:\n".to_owned() + &rule(3) + &rule(2));
    let third =
        Source::new("third.yaml", "schedules:\n- { name: r2 }\nrules:\n".to_owned() + &rule(2));
    let found = duplicates_between(&[&first, &second, &third]);
    let said: Vec<_> = found
        .iter()
        .map(|(number, diagnostic)| {
            assert_eq!(diagnostic.code, codes::DUPLICATE_NAME);
            (*number, diagnostic.span.start.line, diagnostic.message.as_str())
        })
        .collect();
    let message = "a second rule is named `r2`: the first is in first.yaml, line 3";
    assert_eq!(said, [(1, 3, message), (2, 4, message)]);
    // What one file has twice is its own mistake.
    let twice = Source::new("twice.yaml", "rules:\n".to_owned() + &rule(1) + &rule(1));
    assert!(duplicates_between(&[&twice]).is_empty());
    assert_eq!(parse(&twice).1.len(), 1);
}

#[test]
fn ten_thousand_rules_are_read() {
    let text: String =
        std::iter::once("rules:\n".to_owned()).chain((0..10_000).map(rule)).collect();
    let (read, diagnostics) = parse(&source(text));
    assert!(diagnostics.is_empty());
    assert_eq!(read.unwrap().rules.len(), 10_000);
}

#[test]
fn what_is_too_large_is_refused() {
    let aliases = |text: &str, count: usize| {
        format!("x: &x {text}\nrules: [{}]", vec!["*x"; count].join(", "))
    };
    let deep = |depth: usize| format!("rules: {}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&source(deep(100_000))).0.is_none());
    let mut laughs = "a: &a [x, x]\n".to_owned();
    for (last, next) in ('a'..'t').zip('b'..'u') {
        laughs.push_str(&format!("{next}: &{next} [*{last}, *{last}]\n"));
    }
    let cases = [
        "#".repeat(file::TEXT_BYTES_MAX + 1),
        deep(100),
        laughs + "rules: *t\n",
        aliases(&"y".repeat(100_000), 50),
        format!("rules: [{}]", "0,".repeat(file::VALUES_MAX)),
        format!("rules:\n  - ? {}\n    : 1\n", "k".repeat(2_000)),
    ];
    for text in cases {
        let begin: String = text.chars().take(40).collect();
        let (read, diagnostics) = parse(&source(text));
        assert!(read.is_none(), "{begin}");
        assert!(diagnostics.iter().any(|found| found.code == codes::TOO_LARGE), "{begin}");
    }
}

#[test]
fn a_large_pattern_is_refused_and_not_searched() {
    let values = vec!["x"; 100_000].join(", ");
    let text = format!(
        "rules:\n  - name: a\n    match: {{ source: [{values}] }}\n    start: {{ runbook: A }}\n"
    );
    let (read, diagnostics) = parse(&source(text));
    assert!(read.is_none());
    assert_eq!(diagnostics.len(), 1);
    assert!(diagnostics[0].message.contains("more than 4096"), "{}", diagnostics[0].message);
}

#[test]
fn the_mistakes_of_one_value_are_bounded() {
    let fields: Vec<_> = (0..200).map(|number| format!("f{number}: 1")).collect();
    let fields = fields.join(", ");
    let paths = vec!["$.x"; 50_000].join(", ");
    let text = format!(
        "rules:\n  - name: a\n    match: {{ detail: {{ {fields} }} }}\n    call: {{ url: \"https://a.b\", secret: c, body: [{paths}] }}\n"
    );
    let (_, diagnostics) = parse(&source(text));
    assert_eq!(diagnostics.len(), 40);
}

/// Pieces of which rule files are made, sound and broken.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "rules:",
        "webhooks:",
        "schedules:",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "name: ",
        "a",
        "match: ",
        "{ ",
        " }",
        "[",
        "]",
        ", ",
        ": ",
        "source: ",
        "detail: ",
        "$or: ",
        "once: ",
        "within: ",
        "10m",
        "by: ",
        "$.detail.x",
        "\"{{ $.y }}\"",
        "start: ",
        "runbook: ",
        "send: ",
        "call: ",
        "at: ",
        "cron(0 2 ? * SUN#2 *)",
        "rate(5 minutes)",
        "&x ",
        "*x",
        "<<: ",
        "prefix: ",
        "'",
        "\"",
        "é",
        "\u{feff}",
        "\0",
        "null",
        "true",
        "1",
        "1e999",
        "|\n",
        ">-\n",
        "!!str ",
        "? ",
        "---\n",
        "numeric: ",
        "cidr: ",
        "wildcard: ",
        "anything-but: ",
        "exists: ",
        "not: ",
        "all: ",
        "of: ",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

const KEYS: [&str; 41] = [
    "name",
    "match",
    "all",
    "not",
    "of",
    "once",
    "accumulate",
    "within",
    "after",
    "by",
    "count",
    "start",
    "runbook",
    "parameters",
    "send",
    "opsItem",
    "call",
    "url",
    "secret",
    "nodes",
    "targets",
    "title",
    "severity",
    "retry",
    "at",
    "timezone",
    "offset",
    "starts",
    "ends",
    "verify",
    "scheme",
    "event",
    "id",
    "each",
    "source",
    "detail",
    "$or",
    "prefix",
    "cidr",
    "",
    "/~",
];

const TEXTS: [&str; 14] = [
    "a",
    "",
    "10m",
    "$.x",
    "$.detail.a",
    "{{ $.id }}",
    "{{ x",
    "rate(1 day)",
    "cron(é 2 ? * SUN *)",
    "https://a.b",
    "10.0.0.0/99",
    "a**",
    "é\u{1F600}",
    "\\",
];

/// Any value as a part of a sound frame: most texts of pieces are no YAML.
fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let key = prop::sample::select(KEYS.to_vec());
    let leaf = prop_oneof![
        prop::sample::select(TEXTS.to_vec()).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|fields| {
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

/// Reads, and holds what must be so of any text.
fn read(text: String) {
    let source = source(text);
    let (read, diagnostics) = parse(&source);
    assert_eq!(read.is_none(), any_error(&diagnostics));
    for diagnostic in &diagnostics {
        assert!(diagnostic.span.end.offset <= source.text.len());
        assert!(render::plain(&source, diagnostic).contains(diagnostic.code.as_str()));
    }
    let _either = is_rule_file(&source);
    assert!(duplicates_between(&[&source]).is_empty());
    for schedule in read.iter().flat_map(|read| &read.schedules) {
        assert!(schedule.when.timetable(0).is_ok());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(pieces in prop::collection::vec(piece(), 0..60)) {
        read(pieces.concat());
    }

    #[test]
    fn no_value_makes_the_reader_panic(
        kind in prop::sample::select(vec!["rules", "webhooks", "schedules"]),
        values in prop::collection::vec(value(), 0..4),
    ) {
        let text = serde_json::json!({ kind: values }).to_string();
        read(text);
    }

    #[test]
    fn no_pattern_makes_the_reader_panic(pattern in value()) {
        let rule = serde_json::json!({ "name": "a", "match": pattern, "start": { "runbook": "A" } });
        read(serde_json::json!({ "rules": [rule] }).to_string());
    }
}
