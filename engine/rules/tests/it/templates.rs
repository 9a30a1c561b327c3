//! Inputs of targets.

use rules::target::TargetError;
use rules::template::{RenderError, RuleContext, TemplateError};
use rules::{Target, Template};
use serde_json::{Value, json};

const CONTEXT: RuleContext<'_> = RuleContext {
    rule_arn: "arn:aws:events:us-east-1:000000000000:rule/mine",
    rule_name: "mine",
    ingestion_time: "2026-01-02T03:04:05Z",
};
const PATHS: [(&str, &str); 9] = [
    ("type", "$.detail-type"),
    ("command", "$.detail.command"),
    ("payload", "$.detail.payload"),
    ("states", "$.detail.states"),
    ("flag", "$.detail.flag"),
    ("count", "$.detail.count"),
    ("quote", "$.detail.quote"),
    ("nothing", "$.detail.nothing"),
    ("missing", "$.detail.missing"),
];

fn event() -> Value {
    json!({
        "version": "0", "id": "1", "detail-type": "customer", "source": "s", "time": "2026-01-02T03:04:00Z",
        "detail": {
            "command": "update", "payload": {"acc_id": "0a78", "sf_id": "baz"}, "states": ["ACTIVE", "INACTIVE"],
            "flag": true, "count": 1.5, "quote": "a \"b\"\n\\c", "nothing": null,
        },
    })
}

fn render(template: &str) -> Result<String, RenderError> {
    Template::parse(template, PATHS).unwrap().render(&event(), &CONTEXT)
}

#[test]
fn templates_are_filled_in() {
    let rows = [
        (r#""Event of <type> type, info <command>""#, r#""Event of customer type, info update""#),
        (r#""Event of <type> type, info <missing>""#, r#""Event of customer type, info ""#),
        (r#""{[/Check <type>""#, r#""{[/Check customer""#),
        (r#""first <type>""#, r#""first customer""#),
        ("\"one <type>\"\n\"two <command>\"", "\"one customer\"\n\"two update\""),
        (r#"{"t": <type>,  "c": <command>}"#, r#"{"t": "customer",  "c": "update"}"#),
        (r#"{"t": "<type>"}"#, r#"{"t": "customer"}"#),
        (r#"{"t": <missing>}"#, r#"{"t": ""}"#),
        (r#"{"t": "<missing>"}"#, r#"{"t": ""}"#),
        (r#"{"t": <nothing>}"#, r#"{"t": null}"#),
        (r#"{"p": <payload>}"#, r#"{"p": {"acc_id":"0a78","sf_id":"baz"}}"#),
        (r#"{"p": "Payload <payload>"}"#, r#"{"p": "Payload {acc_id:0a78,sf_id:baz}"}"#),
        (r#"{"s": <states>}"#, r#"{"s": ["ACTIVE","INACTIVE"]}"#),
        (r#"{"s": "now <states>"}"#, r#"{"s": "now [ACTIVE,INACTIVE]"}"#),
        (r#"{"f": "is <flag>, <count>", "g": <flag>}"#, r#"{"f": "is true, 1.5", "g": true}"#),
        (r#"{"q": "<quote>"}"#, r#"{"q": "a \"b\"\n\\c"}"#),
        (r#"{"q": "\"<type>\""}"#, r#"{"q": "\"customer\""}"#),
        ("[<type>, <count>]", r#"["customer", 1.5]"#),
        (r"<states>", r#"["ACTIVE","INACTIVE"]"#),
        (r#""a < b, <b c>""#, r#""a < b, <b c>""#),
        (
            r#""<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>""#,
            r#""arn:aws:events:us-east-1:000000000000:rule/mine mine 2026-01-02T03:04:05Z""#,
        ),
        (
            r#"{"e": <aws.events.event>}"#,
            r#"{"e": {"version":"0","id":"1","detailType":"customer","source":"s","time":"2026-01-02T03:04:00Z"}}"#,
        ),
    ];
    for (template, wanted) in rows {
        assert_eq!(render(template).as_deref(), Ok(wanted), "{template}");
    }
    let whole = render(r"<aws.events.event.json>").unwrap();
    assert_eq!(serde_json::from_str::<Value>(&whole).unwrap(), event());
}

#[test]
fn a_quoted_structure_cannot_be_rendered() {
    for (template, name) in [(r#"{"p": "<payload>"}"#, "payload"), (r#""<states>""#, "states")] {
        assert_eq!(render(template), Err(RenderError::QuotedStructure(name.to_owned())));
    }
}

#[test]
fn templates_are_checked_when_read() {
    let refused = |template: &str| Template::parse(template, PATHS).unwrap_err();
    let unknown = refused(r#""Event <unknown>""#);
    assert_eq!(unknown, TemplateError::Placeholder("unknown".to_owned()));
    assert_eq!(
        unknown.message("t1"),
        "InputTemplate for target t1 contains invalid placeholder unknown."
    );
    let predefined = refused("<aws.events.nothing>");
    assert_eq!(predefined, TemplateError::Placeholder("aws.events.nothing".to_owned()));
    assert_eq!(refused(""), TemplateError::Length(0));
    assert_eq!(refused(&"x".repeat(8193)), TemplateError::Length(8193));
    for template in ["{\"a\": <type>", "{<type>: 1}", "text <type>", "<type> <command>", " "] {
        assert!(matches!(refused(template), TemplateError::Json(_)), "{template}");
    }
}

#[test]
fn paths_of_a_template_are_checked() {
    let refused = |name: &str, path: &str| Template::parse("1", [(name, path)]).unwrap_err();
    for name in ["", "a.b", "aws-x", "AWS.x", "é"] {
        assert_eq!(refused(name, "$"), TemplateError::Name(name.to_owned()));
    }
    assert!(matches!(refused("a", "$.."), TemplateError::Path { .. }));
    let names: Vec<_> = (0..101).map(|at| format!("n{at}")).collect();
    let many = names.iter().map(|name| (name.as_str(), "$"));
    assert_eq!(Template::parse("1", many).unwrap_err(), TemplateError::TooManyPaths(101));
}

#[test]
fn targets_get_their_input() {
    let input = |target: &Target| target.input(&event(), &CONTEXT);
    assert_eq!(input(&Target::default()).unwrap(), event().to_string());
    assert_eq!(input(&Target::constant(r#"{"a": 1}"#).unwrap()).unwrap(), r#"{"a":1}"#);
    assert_eq!(input(&Target::path("$.detail.command").unwrap()).unwrap(), r#""update""#);
    let nothing = Target::path("$.detail.missing").unwrap();
    assert_eq!(input(&nothing), Err(RenderError::NothingAtPath("$.detail.missing".to_owned())));
    let template = Template::parse("<type>", PATHS).unwrap();
    assert_eq!(input(&Target::Template(template)).unwrap(), r#""customer""#);
}

#[test]
fn inputs_are_checked() {
    assert!(matches!(Target::constant("{"), Err(TargetError::Json(_))));
    let long = format!("\"{}\"", "x".repeat(8192));
    assert_eq!(Target::constant(&long).unwrap_err(), TargetError::TooLong(8194));
    assert!(matches!(Target::path("$.a["), Err(TargetError::Path(_))));
}
