//! The rules of command documents, by running them.

use agent::document::{Document, DocumentError};
use host_api::node::{JobStatus, JobStepStatus as Step};
use serde_json::{Value, json};

use crate::fixture::{Node, job};

fn script(name: &str, text: &str, mut inputs: Value) -> Value {
    inputs["runCommand"] = json!([text]);
    json!({ "name": name, "action": "aws:runShellScript", "inputs": inputs })
}

async fn statuses(node: &Node, id: &str, version: &str, steps: Value) -> (JobStatus, Vec<Step>) {
    let document = json!({ "schemaVersion": version, "mainSteps": steps });
    let report = node.run(job(id, document, json!({}))).await;
    (report.status, report.steps.iter().map(|step| step.status).collect())
}

/// Name; script and inputs of the first step; whether the second is a `finallyStep`; status of the job and of both steps.
type FlowCase = (&'static str, &'static str, &'static str, bool, JobStatus, [Step; 2]);

const FLOW: [FlowCase; 11] = {
    use JobStatus::{Failed, Success};
    const FF: [Step; 2] = [Step::Failed, Step::Success];
    const FS: [Step; 2] = [Step::Failed, Step::Skipped];
    const SS: [Step; 2] = [Step::Success, Step::Skipped];
    [
        ("goes-on", "exit 1", "{}", false, Failed, FF),
        ("exit", "exit 1", r#"{"onFailure":"exit"}"#, false, Failed, FS),
        ("success-and-exit", "exit 1", r#"{"onFailure":"successAndExit"}"#, false, Success, SS),
        ("on-success", "true", r#"{"onSuccess":"exit"}"#, false, Success, SS),
        ("on-success-failed", "exit 1", r#"{"onSuccess":"exit"}"#, false, Failed, FF),
        ("168", "exit 168", "{}", false, Success, SS),
        ("169", "exit 169", "{}", false, Failed, FS),
        ("194", "exit 194", "{}", false, Failed, FS),
        ("finally", "exit 169", "{}", true, Failed, FF),
        ("bad-flow", "true", r#"{"onFailure":"stop"}"#, false, Failed, FF),
        ("bad-input", "true", r#"{"runCommands":[]}"#, false, Failed, FF),
    ]
};

#[tokio::test]
async fn steps_follow_each_other_by_the_rules() {
    let node = Node::new();
    for (name, text, inputs, finally, status, steps) in FLOW {
        let first = script("first", text, serde_json::from_str(inputs).unwrap());
        let inputs = if finally { json!({ "finallyStep": true }) } else { json!({}) };
        let second = script("second", "true", inputs);
        let seen = statuses(&node, name, "2.2", json!([first, second])).await;
        assert_eq!(seen, (status, steps.to_vec()), "{name}");
    }
}

#[tokio::test]
async fn plugins_and_preconditions_decide_before_anything_runs() {
    let node = Node::new();
    let plugin = |name: &str, precondition: Value| json!({ "name": "a", "action": name, "inputs": { "runCommand": ["true"] }, "precondition": precondition });
    let equals = |left: &str, right: &str| json!({ "StringEquals": [left, right] });
    let shell = "aws:runShellScript";
    for (index, (version, step, expected)) in [
        ("2.2", plugin(shell, equals("platformType", "linux")), Step::Success),
        ("2.2", plugin(shell, equals("Windows", "platformType")), Step::Skipped),
        (
            "2.2",
            plugin(shell, json!({ "StringNotEquals": ["platformType", "Linux"] })),
            Step::Failed,
        ),
        ("2.2", plugin(shell, equals("platformType", "platformType")), Step::Failed),
        ("2.2", plugin(shell, equals("a", "b")), Step::Failed),
        ("2.2", plugin(shell, equals("{{ ssm:x }}", "b")), Step::Failed),
        ("2.2", plugin(shell, json!({ "StringEquals": ["platformType"] })), Step::Failed),
        ("2.0", plugin(shell, equals("platformType", "Linux")), Step::Failed),
        ("2.2", plugin("aws:psModule", Value::Null), Step::Skipped),
        ("2.0", plugin("aws:psModule", Value::Null), Step::Failed),
        ("2.2", plugin("aws:configurePackage", Value::Null), Step::Failed),
        ("2.2", plugin("aws:moon", Value::Null), Step::Failed),
    ]
    .into_iter()
    .enumerate()
    {
        let (_, steps) = statuses(&node, &format!("case-{index}"), version, json!([step])).await;
        assert_eq!(steps, [expected], "{version} {step}");
    }
}

#[tokio::test]
async fn a_precondition_may_compare_a_parameter() {
    let node = Node::new();
    let mut step = script("a", "true", json!({}));
    step["precondition"] = json!({ "StringEquals": ["{{ Mode }}", "full"] });
    let document = json!({
        "schemaVersion": "2.2", "parameters": { "Mode": { "type": "String", "default": "full" } }, "mainSteps": [step]
    });
    let report = node.run(job("default", document.clone(), json!({}))).await;
    assert_eq!(report.steps[0].status, Step::Success);
    let report = node.run(job("given", document, json!({ "Mode": ["part"] }))).await;
    assert_eq!(report.steps[0].status, Step::Skipped);
}

#[tokio::test]
async fn parameters_are_put_in_once_and_keep_their_type() {
    let node = Node::new();
    let document = json!({
        "schemaVersion": "2.2",
        "parameters": {
            "lines": { "type": "StringList" },
            "text": { "type": "String", "default": "plain" },
            "map": { "type": "StringMap", "default": { "a": "b" } },
            "bad-name": { "type": "String", "default": "x" },
        },
        "mainSteps": [
            { "name": "list", "action": "aws:runShellScript", "inputs": { "runCommand": "{{ lines }}" } },
            { "name": "within", "action": "aws:runShellScript", "inputs": { "runCommand": [
                "cat <<'END'", "{{text}} {{  map }} {{ bad-name }} {{ other }} {{{text}} $$", "END"
            ] } },
        ]
    });
    let parameters = json!({ "lines": ["echo a", "echo '{{ map }}'"], "text": ["{{ lines }}$$"] });
    let report = node.run(job("job", document, parameters)).await;
    assert_eq!(report.steps[0].standard_output, "a\n{{ map }}\n");
    let within = "{{ lines }}$ {\"a\":\"b\"} {{ bad-name }} {{ other }} {{{ lines }}$ $$\n";
    assert_eq!(report.steps[1].standard_output, within);
}

#[tokio::test]
async fn an_environment_parameter_never_becomes_script() {
    let node = Node::new();
    let touched = node.path("touched");
    let hostile =
        format!("\"; touch '{0}'; $(touch '{0}') `touch '{0}'` #\nnext", touched.display());
    let document = json!({
        "schemaVersion": "2.2",
        "parameters": { "Message": { "type": "String", "interpolationType": "ENV_VAR" } },
        "mainSteps": [script("a", "printf %s \"$SSM_Message\"; : '{{ Message }}'", json!({}))]
    });
    let report = node.run(job("job", document, json!({ "Message": [hostile] }))).await;
    assert_eq!(report.steps[0].standard_output, hostile);
    assert!(!touched.exists());
}

#[tokio::test]
async fn a_document_of_schema_1_2_runs() {
    let node = Node::new();
    let document = json!({
        "schemaVersion": "1.2",
        "parameters": {
            "commands": { "type": "StringList", "minItems": 1 },
            "executionTimeout": { "type": "String", "default": "60", "allowedPattern": "^[0-9]+$" },
        },
        "runtimeConfig": { "aws:runShellScript": { "properties": [{
            "id": "0.aws:runShellScript", "runCommand": "{{ commands }}", "timeoutSeconds": "{{ executionTimeout }}"
        }] } }
    });
    let report = node.run(job("job", document, json!({ "commands": ["echo 1", "echo 2"] }))).await;
    assert_eq!(report.steps[0].name, "aws:runShellScript");
    assert_eq!(report.steps[0].standard_output, "1\n2\n");
}

#[test]
fn values_are_checked() {
    let check = |parameter: Value, given: Value| {
        let document = json!({
            "schemaVersion": "2.2", "parameters": { "P": parameter },
            "mainSteps": [script("a", "true", json!({}))]
        });
        let given = serde_json::from_value(given).unwrap();
        Document::parse(&document).and_then(|document| document.check(&given))
    };
    let given = |value: Value| json!({ "P": value });
    for (parameter, good, bad) in [
        (json!({ "type": "String", "allowedPattern": "^[a-z]+$" }), json!("abc"), json!("abc1")),
        (json!({ "type": "String", "allowedValues": ["a", "b"] }), json!(["a"]), json!("c")),
        (json!({ "type": "String", "minChars": 2, "maxChars": 3 }), json!("éé"), json!("abcd")),
        (json!({ "type": "String" }), json!("x"), json!(["x", "y"])),
        (json!({ "type": "StringList", "maxItems": 1 }), json!(["a"]), json!(["a", "b"])),
        (
            json!({ "type": "StringList", "allowedValues": ["a"] }),
            json!(["a", "a"]),
            json!(["a", "b"]),
        ),
        (json!({ "type": "StringMap" }), json!("{}"), json!("text")),
        (json!({ "type": "MapList" }), json!([{}]), json!(["text"])),
        (json!({ "type": "Integer", "default": 3 }), json!("3"), json!(4)),
        (json!({ "type": "Boolean", "default": true }), json!(["true"]), json!(false)),
    ] {
        assert_eq!(check(parameter.clone(), given(good)), Ok(()), "{parameter}");
        let error = check(parameter.clone(), given(bad)).expect_err(&parameter.to_string());
        assert!(matches!(error, DocumentError::Parameter { .. }), "{error}");
    }
    let text = json!({ "type": "String" });
    assert_eq!(check(text.clone(), json!({})), Err(DocumentError::NoValue("P".to_owned())));
    assert_eq!(
        check(text, json!({ "P": "x", "Q": "y" })),
        Err(DocumentError::UnknownParameter("Q".to_owned()))
    );
    for broken in [
        json!({ "type": "Text" }),
        json!({ "type": "String", "allowedPattern": "(" }),
        json!({ "type": "StringList", "interpolationType": "ENV_VAR" }),
        json!({ "type": "String", "interpolationType": "TEXT" }),
        json!({ "type": "String", "minimum": 1 }),
    ] {
        assert!(check(broken.clone(), json!({ "P": "x" })).is_err(), "{broken}");
    }
}

#[test]
fn broken_documents_are_refused() {
    let step = || script("a", "true", json!({}));
    for (document, part) in [
        (json!([]), "document must be a map"),
        (json!({ "mainSteps": [step()] }), "no `schemaVersion`"),
        (json!({ "schemaVersion": "0.3", "mainSteps": [step()] }), "`0.3`"),
        (json!({ "schemaVersion": "2.2" }), "no `mainSteps`"),
        (json!({ "schemaVersion": "2.2", "mainSteps": [] }), "at least one"),
        (json!({ "schemaVersion": "2.2", "mainSteps": [step(), step()] }), "given twice"),
        (json!({ "schemaVersion": "2.2", "mainSteps": [{ "name": "a" }] }), "action of step 1"),
        (json!({ "schemaVersion": "2.2", "steps": [step()] }), "no key `steps`"),
        (json!({ "schemaVersion": "1.2", "mainSteps": [step()] }), "no `runtimeConfig`"),
    ] {
        let error = Document::parse(&document).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_refused_document_is_a_report_that_is_kept() {
    let node = Node::new();
    let report = node.run(job("job", json!({ "schemaVersion": "9" }), json!({}))).await;
    assert_eq!(report.status, JobStatus::Failed);
    assert!(report.steps[0].standard_error.contains("schema version `9`"));
    let document = json!({ "schemaVersion": "2.2", "mainSteps": [script("a", "true", json!({}))] });
    assert_eq!(node.run(job("job", document, json!({}))).await, report);
}
