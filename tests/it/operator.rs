//! `operator.json`: what the operator of a data directory has decided holds over every runbook and plugin.

use crate::run::scratch;

const BOOK: &str = r#"schemaVersion: "0.4"
capabilities: ["parameters:write:/app/*", "parameters:write:/other/*"]
mainSteps:
  - { name: Allowed, action: putParameter, inputs: { Name: /app/a, Value: "1", Type: String } }
  - { name: Beyond, action: putParameter, inputs: { Name: /other/a, Value: "1", Type: String } }
"#;

#[test]
fn no_step_exceeds_the_ceiling() {
    let scratch = scratch();
    scratch.file("book.yaml", BOOK);
    scratch.says(0, ["param", "put", "/seed", "1"]);
    scratch.file("data/operator.json", r#"{ "ceiling": ["parameters:*:/app/*"] }"#);
    let run = scratch.json(1, ["run", "book.yaml"]);
    let status = |step: usize| run["steps"][step]["status"].as_str().unwrap();
    assert_eq!((status(0), status(1)), ("Success", "Failed"), "{run:#}");
    assert_eq!(run["steps"][1]["failure"]["kind"], "Denied", "{run:#}");
    scratch.says(0, ["param", "get", "/app/a"]);
    scratch.says(2, ["param", "get", "/other/a"]).with(&["ParameterNotFound"]);
}

#[test]
fn a_file_that_is_not_understood_is_not_without_effect() {
    for (text, cause) in [
        (r#"{ "cieling": [] }"#, "cieling"),
        (r#"{ "ceiling": ["teleport:*"] }"#, "teleport"),
        (r#"{ "requireSignature": true }"#, "requireSignature needs trustedKeys"),
        (r#"{ "activeRunsMax": 0 }"#, "operator.json"),
        (r#"{ "eventDaysMax": -1 }"#, "operator.json"),
        (r#"{ "trustedKeys": ["not a key"] }"#, "operator.json"),
        ("{", "operator.json"),
    ] {
        let scratch = scratch();
        scratch.says(0, ["param", "put", "/seed", "1"]);
        scratch.file("data/operator.json", text);
        scratch.says(2, ["param", "get", "/seed"]).with(&[cause]);
    }
}
