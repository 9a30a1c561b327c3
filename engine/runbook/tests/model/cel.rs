use proptest::prelude::*;
use runbook::cel::{DEPTH_MAX, SOURCE_BYTES_MAX, STEPS_MAX};
use runbook::template::Expression;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::{Fixture, scope, table};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    source: Source,
    is: Option<Value>,
    error: Option<String>,
    offset: Option<usize>,
    fails: Option<String>,
    parameters: Option<Vec<String>>,
    variables: Option<Vec<String>>,
    steps: Option<Vec<String>>,
    /// `Step.Output`.
    outputs: Option<Vec<String>>,
    #[serde(default)]
    reads_run: bool,
    #[serde(default)]
    reads_event: bool,
    #[serde(default)]
    reads_item: bool,
}

/// YAML reads `2.0` as a number.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Source(Value);

impl Source {
    fn text(&self) -> String {
        runbook::value::text(&self.0)
    }
}

#[test]
fn every_case_of_the_table_holds() {
    let cases: Vec<Case> = table(include_str!("../data/cel/cases.yaml"));
    for case in &cases {
        check(case);
    }
}

fn check(case: &Case) {
    let source = case.source.text();
    let expression = match (Expression::parse(&source), &case.error) {
        (Ok(expression), None) => expression,
        (Ok(_), Some(error)) => panic!("{source} was not refused with {error}"),
        (Err(error), None) => panic!("{source} was refused: {error:?}"),
        (Err(error), Some(message)) => {
            assert!(error.message.contains(message.as_str()), "{source}: {error:?}");
            assert!(case.offset.is_none_or(|offset| offset == error.offset), "{source}: {error:?}");
            return;
        }
    };
    check_reads(case, &expression);
    match (&case.is, &case.fails, expression.evaluate(&scope())) {
        (Some(expected), None, Ok(value)) => {
            assert_eq!(&value, expected, "{source}");
            assert_eq!(
                value.to_string(),
                expected.to_string(),
                "numbers keep their kind: {source}"
            );
        }
        (None, Some(message), Err(error)) => {
            let text = error.to_string();
            assert!(text.contains(message.as_str()) && text.contains(&source), "{source}: {text}");
        }
        (_, _, outcome) => panic!("{source} gave {outcome:?}"),
    }
}

fn check_reads(case: &Case, expression: &Expression) {
    let reads = &expression.reads;
    for (stated, read) in [
        (&case.parameters, &reads.parameters),
        (&case.variables, &reads.variables),
        (&case.steps, &reads.steps),
    ] {
        assert!(stated.as_ref().is_none_or(|stated| stated == read), "{case:?}: {reads:?}");
    }
    if let Some(stated) = &case.outputs {
        let read: Vec<String> =
            reads.outputs.iter().map(|read| format!("{}.{}", read.step, read.output)).collect();
        assert_eq!(stated, &read, "{case:?}");
    }
    assert!(!case.reads_run || reads.run, "{case:?}");
    assert!(!case.reads_event || reads.event, "{case:?}");
    assert!(!case.reads_item || reads.item, "{case:?}");
}

fn numbers(count: usize) -> Fixture {
    let items: Vec<usize> = (0..count).collect();
    Fixture { parameters: [("N".to_owned(), json!(items))].into(), ..Fixture::default() }
}

#[test]
fn a_stored_expression_evaluates_as_before() {
    let expression = Expression::parse("parameters.Count * 2").unwrap();
    let stored = serde_json::to_string(&expression).unwrap();
    assert!(!stored.contains("ompiled"), "{stored}");
    let again: Expression = serde_json::from_str(&stored).unwrap();
    assert_eq!(again, expression);
    assert_eq!(again.evaluate(&scope()), Ok(json!(6)));
}

#[test]
fn a_condition_is_true_or_false() {
    assert_eq!(Expression::parse("1 < 2").unwrap().holds(&scope()), Ok(true));
    let error = Expression::parse("1").unwrap().holds(&scope()).unwrap_err();
    assert!(error.to_string().contains("true or false"), "{error}");
}

#[test]
fn a_long_list_is_within_bounds() {
    let source = "parameters.N.filter(n, n % 2 == 0).map(n, n + 1)";
    let value = Expression::parse(source).unwrap().evaluate(&numbers(10_000)).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 5_000);
}

#[test]
fn nested_visits_are_multiplied_out() {
    let side = 10_000;
    assert!(side * side > STEPS_MAX);
    let source = "parameters.N.map(a, size(parameters.N.filter(b, b < 0)))";
    let error = Expression::parse(source).unwrap().evaluate(&numbers(side)).unwrap_err();
    assert!(error.to_string().contains("visits too many elements"), "{error}");
}

#[test]
fn values_cannot_be_multiplied_without_end() {
    let texts = ".map(a, a + a + a + a)".repeat(14);
    let lists = ".map(a, [a, a, a, a])".repeat(14);
    let maps = ".map(a, {'k': a, 'l': a, 'm': a, 'n': a})".repeat(14);
    for source in [format!("['x']{texts}"), format!("['x']{lists}"), format!("['x']{maps}")] {
        let error = Expression::parse(&source).unwrap().evaluate(&scope()).unwrap_err();
        assert!(error.to_string().contains("too large"), "{error}");
    }
}

#[test]
fn patterns_are_compiled_a_bounded_number_of_times() {
    let once = "size(parameters.N.filter(n, string(n).matches('^[0-9]+$')))";
    assert_eq!(Expression::parse(once).unwrap().evaluate(&numbers(10_000)), Ok(json!(10_000)));
    let squared = "size(parameters.N.filter(n, parameters.N.all(m, string(m).matches('[0-9]'))))";
    let error = Expression::parse(squared).unwrap().evaluate(&numbers(400)).unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}

#[test]
fn a_large_result_is_refused() {
    let scope = Fixture {
        parameters: [("P".to_owned(), Value::String("x".repeat(600 << 10)))].into(),
        ..Fixture::default()
    };
    let error =
        Expression::parse("parameters.P + parameters.P").unwrap().evaluate(&scope).unwrap_err();
    assert!(error.to_string().contains("the result is too large"), "{error}");
}

/// Every way to nest, `count` times.
fn nested(count: usize) -> Vec<String> {
    let around =
        |open: &str, close: &str| format!("{}1{}", open.repeat(count), close.repeat(count));
    let after = |first: &str, next: &str| format!("{first}{}", next.repeat(count));
    vec![
        around("(", ")"),
        around("[", "]"),
        around("{'a': ", "}"),
        around("string(", ")"),
        around("1 + (", ")"),
        after("0", " + 1"),
        after("8", " - 1"),
        after("true", " && true"),
        after("'a'", ".trim()"),
        after("event", ".a"),
        after("event", "[0]"),
        after("event", ".?a"),
        after("[1]", ".map(a, a)"),
        format!("{}true", "!".repeat(count)),
        format!("{}1", "- ".repeat(count)),
        format!("{}1", "true ? 1 : ".repeat(count)),
        "(".repeat(count),
    ]
}

#[test]
fn text_that_is_too_long_or_too_deep_is_refused() {
    let long = format!("'{}'", "x".repeat(SOURCE_BYTES_MAX));
    assert!(Expression::parse(&long).unwrap_err().message.contains("at most 4096 bytes"));
    for deep in nested(350) {
        let error = Expression::parse(&deep).unwrap_err();
        assert!(error.message.contains("deep"), "{deep}: {error:?}");
    }
}

#[test]
fn what_is_not_too_deep_needs_little_stack() {
    const STACK_BYTES: usize = 1 << 20;
    let on_small_stack = std::thread::Builder::new().stack_size(STACK_BYTES);
    let checked = on_small_stack.spawn(|| {
        let read = |source: &String| Expression::parse(source).ok();
        let deepest = (1..=DEPTH_MAX).flat_map(nested).filter_map(|source| read(&source));
        deepest.flat_map(|expression| expression.evaluate(&scope())).count()
    });
    assert!(checked.unwrap().join().unwrap() > 8 * DEPTH_MAX);
}

#[test]
fn evaluations_on_other_threads_are_apart() {
    let expression = Expression::parse("parameters.N.map(n, n * 2).size()").unwrap();
    std::thread::scope(|threads| {
        for count in [10, 100, 1_000] {
            let expression = &expression;
            threads
                .spawn(move || assert_eq!(expression.evaluate(&numbers(count)), Ok(json!(count))));
        }
    });
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        ".{0,8}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_passes_through_unchanged(value in json_value()) {
        let expression = Expression::parse("parameters.P").unwrap();
        let scope = Fixture { parameters: [("P".to_owned(), value.clone())].into(), ..Fixture::default() };
        let seen = expression.evaluate(&scope).unwrap();
        prop_assert_eq!(seen.to_string(), value.to_string());
    }

    #[test]
    fn json_text_passes_through_unchanged(value in json_value()) {
        let expression = Expression::parse("fromJson(toJson(parameters.P))").unwrap();
        let scope = Fixture { parameters: [("P".to_owned(), value.clone())].into(), ..Fixture::default() };
        prop_assert_eq!(expression.evaluate(&scope).unwrap(), value);
    }

    #[test]
    fn any_text_is_read_or_refused(source in ".{0,60}") {
        if let Err(error) = Expression::parse(&source) {
            prop_assert!(error.offset <= source.len());
        }
    }

    #[test]
    fn any_tokens_are_read_or_refused_and_evaluate_or_fail(
        tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..14)
    ) {
        let source = tokens.join(" ");
        match Expression::parse(&source) {
            Ok(expression) => { let _outcome = expression.evaluate(&scope()); }
            Err(error) => prop_assert!(error.offset <= source.len()),
        }
    }
}

const TOKENS: &[&str] = &[
    "1",
    "0",
    "-",
    "1.5",
    "2u",
    "'a'",
    "b'x'",
    "r'\\'",
    "\"",
    "true",
    "null",
    "+",
    "*",
    "/",
    "%",
    "<",
    "==",
    "in",
    "&&",
    "||",
    "!",
    "?",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ".?",
    "[?",
    "parameters",
    "parameters.Names",
    "item",
    "event",
    "steps.Nodes.outputs.Ids",
    ".map(x,",
    ".filter(x,",
    ".all(x,",
    "x",
    "has(",
    "size(",
    "default(",
    "join(",
    "split(",
    "string(",
    "int(",
    "duration(",
    "timestamp(",
    "first(",
    "optional.of(",
    ".orValue(",
    "'90s'",
    "`a`",
    "\\",
    "@result",
    "9223372036854775807",
    "-9223372036854775808",
    "'2030-01-01T00:00:00Z'",
    ".getHours(",
    "matches(",
    "'('",
    "type(",
    "dyn(",
    "bytes(",
    "M{a:",
    "//",
    "\n",
];
