//! What the macros make of a type, as a user of the SDK sees it.

use std::collections::BTreeMap;

use runwright_sdk::schema::{Field, Node};
use runwright_sdk::{
    Action, ActionManifest, Amount, Call, Count, Effect, Ended, Failure, Manifest, Scalar, Schema,
    Secret, Step, TextList, TextOrSecret, Value, inputs, outputs, value,
};
use serde_json::json;

/// How much.
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
#[derive(Copy)]
enum Level {
    AllOfIt,
    #[serde(rename = "none")]
    Nothing,
}

#[value]
struct Nested {
    deep: bool,
    absent: Option<i64>,
}

#[inputs]
struct Everything {
    /// A "quoted" name,
    /// on two lines.
    name: String,
    #[input(default = "local")]
    node_id: String,
    #[input(default = ["a", "b"])]
    types: Vec<String>,
    #[input(default = 10)]
    interval_seconds: Count,
    #[input(default = -3)]
    offset: i64,
    level: Option<Level>,
    nested: Option<Vec<Nested>>,
    token: Option<Secret>,
    headers: Option<BTreeMap<String, TextOrSecret>>,
    anything: Option<Value>,
    #[serde(rename = "MaxErrors")]
    errors: Option<Amount>,
}

#[outputs]
struct Answer {
    total: f64,
    note: Option<String>,
}

enum Example {}

impl Action for Example {
    const NAME: &'static str = "acme:example";
    const SUMMARY: &'static str = "Says \"yes\".";
    const EFFECT: Effect = Effect::Read;
    const NEEDS: &'static [&'static str] = &["inventory:read:{NodeId}"];
    type Inputs = Everything;
    type Outputs = Answer;
    type State = ();

    fn run(inputs: Everything, _call: &Call) -> Result<Step<Answer, ()>, Failure> {
        let total = if inputs.types.len() == 2 { 2.0 } else { 0.0 };
        Ok(Step::Done(Answer { total, note: None }))
    }
}

fn call() -> Call {
    Call { run_id: "r".into(), step: "S".into(), attempt: 1 }
}

const MANIFEST: Manifest<'static> = Manifest {
    name: "acme:example",
    version: "1.2.3",
    interfaces: &["inventory"],
    actions: &[ActionManifest::of::<Example>()],
};
static SECTION: [u8; MANIFEST.length()] = MANIFEST.render();

#[test]
fn the_manifest_is_made_at_compile_time() {
    let manifest: Value = serde_json::from_slice(&SECTION).unwrap();
    let secret = json!({
        "type": "object", "properties": { "secret": { "type": "string" } }, "required": ["secret"],
        "additionalProperties": false, "x-runwright-secret": true
    });
    let header = json!({ "anyOf": [{ "type": "string" }, secret] });
    let mut token = secret.clone();
    token["type"] = json!("object");
    let nested = json!({
        "type": "object", "required": ["Deep"], "additionalProperties": false,
        "properties": { "Deep": { "type": "boolean" }, "Absent": { "type": "integer" } }
    });
    let digits = json!({ "type": "string", "pattern": "^[0-9]+$" });
    let amount = json!({ "type": "string", "pattern": "^[0-9]+%?$" });
    let natural = json!({ "type": "integer", "minimum": 0 });
    assert_eq!(
        manifest,
        json!({
            "name": "acme:example", "version": "1.2.3", "wit": runwright_sdk::WIT_VERSION,
            "interfaces": ["inventory"],
            "actions": [{
                "name": "acme:example", "summary": "Says \"yes\".", "effect": "read",
                "needs": ["inventory:read:{NodeId}"],
                "inputs": {
                    "type": "object", "required": ["Name"], "additionalProperties": false,
                    "properties": {
                        "Name": { "type": "string", "description": "A \"quoted\" name, on two lines." },
                        "NodeId": { "type": "string", "default": "local" },
                        "Types": { "type": "array", "items": { "type": "string" }, "default": ["a", "b"] },
                        "IntervalSeconds": { "anyOf": [natural, digits], "default": 10 },
                        "Offset": { "type": "integer", "default": -3 },
                        "Level": { "type": "string", "enum": ["ALL_OF_IT", "none"] },
                        "Nested": { "type": "array", "items": nested },
                        "Token": token,
                        "Headers": { "type": "object", "additionalProperties": header },
                        "Anything": {},
                        "MaxErrors": { "anyOf": [natural, amount] },
                    }
                },
                "outputs": {
                    "type": "object", "required": ["Total"], "additionalProperties": false,
                    "properties": { "Total": { "type": "number" }, "Note": { "type": "string" } }
                }
            }]
        })
    );
    assert_eq!(
        serde_json::from_str::<Value>(&Answer::NODE.to_json()).unwrap(),
        manifest["actions"][0]["outputs"]
    );
}

#[test]
fn an_open_object_says_nothing_of_further_names() {
    const FIELD: Field =
        Field { name: "A", description: "", required: true, default: None, node: &Node::Text };
    let schema: Value = serde_json::from_str(&Node::Open(&[FIELD]).to_json()).unwrap();
    let properties = json!({ "A": { "type": "string" } });
    assert_eq!(schema, json!({ "type": "object", "properties": properties, "required": ["A"] }));
}

#[test]
fn defaults_are_those_that_the_schema_states() {
    let inputs: Everything = serde_json::from_value(json!({ "Name": "x" })).unwrap();
    assert_eq!(inputs.node_id, "local");
    assert_eq!(inputs.types, ["a", "b"]);
    assert_eq!((inputs.interval_seconds, inputs.offset), (Count(10), -3));
    assert!(inputs.level.is_none() && inputs.nested.is_none() && inputs.anything.is_none());
    assert_eq!(inputs.name, "x");
}

#[test]
fn unknown_and_wrong_inputs_are_refused() {
    let cases = [
        (json!({}), "missing field `Name`"),
        (json!({ "Name": "x", "name": "x" }), "unknown field `name`"),
        (json!({ "Name": "x", "Level": "SOME" }), "unknown variant `SOME`"),
        (json!({ "Name": "x", "IntervalSeconds": "ten" }), "expected a number"),
        (json!({ "Name": "x", "MaxErrors": "%" }), "expected a number or a percentage"),
        (json!({ "Name": "x", "Nested": [{ "Deep": true, "More": 1 }] }), "unknown field `More`"),
        (json!({ "Name": "x", "Headers": { "a": 1 } }), "text, or { secret: NAME }"),
        (json!({ "Name": "x", "Token": { "secret": "h", "and": 1 } }), "unknown field `and`"),
    ];
    for (inputs, expected) in cases {
        let error = serde_json::from_value::<Everything>(inputs.clone()).unwrap_err().to_string();
        assert!(error.contains(expected), "{inputs}: {error}");
    }
}

#[test]
fn a_secret_is_not_shown() {
    let inputs = json!({ "Name": "x", "Token": { "secret": "secret:00ff" }, "Level": "none",
        "Headers": { "a": { "secret": "secret:11" }, "b": "plain" }, "MaxErrors": 5 });
    let inputs: Everything = serde_json::from_value(inputs).unwrap();
    let shown = format!("{inputs:?}");
    assert!(shown.contains("Secret(…)") && !shown.contains("00ff"), "{shown}");
    let headers = inputs.headers.unwrap();
    assert_eq!((headers["a"].as_sent(), headers["b"].as_sent()), ("secret:11", "plain"));
    assert_eq!(inputs.token.unwrap().handle(), "secret:00ff");
    assert_eq!(inputs.errors.unwrap().as_str(), "5");
    assert_eq!(inputs.level, Some(Level::Nothing));
}

#[test]
fn an_action_that_does_not_wait_is_not_resumed() {
    let inputs = || serde_json::from_value(json!({ "Name": "x" })).unwrap();
    assert!(
        matches!(Example::run(inputs(), &call()), Ok(Step::Done(answer)) if answer.total > 1.9)
    );
    let failure = Example::resume(inputs(), (), Ended::Time, &call()).unwrap_err();
    assert_eq!(failure.code, "NotResumable");
}

#[test]
fn what_documents_write_in_several_ways_is_one() {
    let lists = [json!("a"), json!(["a"]), json!([["a"]])];
    for list in lists {
        let list: TextList = serde_json::from_value(list).unwrap();
        assert_eq!(list.as_slice(), ["a"]);
    }
    assert!(serde_json::from_value::<TextList>(json!([1])).is_err());
    let of = TextList::of(&json!([1, true, ["x"], { "k": null }]));
    assert_eq!(of.as_slice(), ["1", "true", "x", "{\"k\":null}"]);
    let scalars: Vec<Scalar> = serde_json::from_value(json!(["a", 1, -1, 1.5, false])).unwrap();
    let texts: Vec<_> = scalars.iter().map(Scalar::as_str).collect();
    assert_eq!(texts, ["a", "1", "-1", "1.5", "false"]);
}

#[test]
fn handles_stand_where_secrets_were() {
    let handle = format!("secret:{}", "0a".repeat(16));
    let mut body =
        json!({ "list": [{ "secret": handle }], "secret": "x", "other": { "secret": "plain" } });
    Secret::place_handles(&mut body);
    let expected = json!({ "list": [handle], "secret": "x", "other": { "secret": "plain" } });
    assert_eq!(body, expected);
}
