//! Targets of rules of `EventBridge`, and what the dispatcher makes of them.

use std::collections::BTreeMap;
use std::fs;

use host_api::identifier::Principal;
use rules::template::RuleContext;
use serde_json::{Value, json};
use services::event_bridge::{EventTarget, TargetKind};
use services::{Actor, Settings};

use crate::event_bridge::{call, put, refusal};
use crate::fixture::Fixture;

const DEPLOY: &str = "arn:aws:ssm:us-east-1:000000000000:automation-definition/Deploy:3";
const SHELL: &str = "arn:aws:ssm:us-east-1::document/AWS-RunShellScript";

fn automation(id: &str, more: &Value) -> Value {
    let mut target = json!({ "Id": id, "Arn": DEPLOY });
    for (name, value) in more.as_object().unwrap() {
        target[name] = value.clone();
    }
    target
}

async fn put_targets(fixture: &Fixture, targets: Value) -> Value {
    let input = json!({ "Rule": "ready", "Targets": targets });
    call(fixture, "PutTargets", input).await.unwrap()
}

async fn loaded(fixture: &Fixture) -> Vec<EventTarget> {
    let rules = fixture.services.event_rules().await.unwrap();
    rules.into_iter().find(|rule| rule.name == "ready").unwrap().targets
}

#[tokio::test]
async fn targets_are_put_replaced_listed_found_and_removed() {
    let fixture = Fixture::new();
    put(&fixture, "ready").await;
    put(&fixture, "other").await;
    let first = automation("one", &json!({ "Input": r#"{"Site": ["a"]}"# }));
    let second = json!({
        "Id": "two",
        "Arn": SHELL,
        "RunCommandParameters": { "RunCommandTargets": [{ "Key": "tag:Role", "Values": ["web"] }] },
        "Input": r#"{"commands": ["uptime"]}"#,
        "RetryPolicy": { "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60 },
        "DeadLetterConfig": {},
    });
    let none_failed = json!({ "FailedEntryCount": 0, "FailedEntries": [] });
    assert_eq!(
        put_targets(&fixture, json!([second, automation("one", &json!({}))])).await,
        none_failed
    );
    assert_eq!(put_targets(&fixture, json!([first])).await, none_failed);
    let listed = call(&fixture, "ListTargetsByRule", json!({ "Rule": "ready" })).await.unwrap();
    assert_eq!(listed, json!({ "Targets": [first, second] }));
    let input = json!({ "Rule": "other", "Targets": [first] });
    call(&fixture, "PutTargets", input).await.unwrap();
    let by_arn = json!({ "TargetArn": DEPLOY });
    let found = call(&fixture, "ListRuleNamesByTarget", by_arn.clone()).await.unwrap();
    assert_eq!(found, json!({ "RuleNames": ["other", "ready"] }));
    let refused = refusal(&fixture, "DeleteRule", json!({ "Name": "ready", "Force": true })).await;
    let expected = "Rule can't be deleted since it has targets.".to_owned();
    assert_eq!(refused, ("ValidationException".to_owned(), expected));
    let remove = json!({ "Rule": "ready", "Ids": ["one", "none"] });
    let removed = call(&fixture, "RemoveTargets", remove).await.unwrap();
    let expected = json!({ "FailedEntryCount": 1, "FailedEntries": [{
        "TargetId": "none",
        "ErrorCode": "ResourceNotFoundException",
        "ErrorMessage": "Rule 'ready' does not have a target with the Id 'none'.",
    }] });
    assert_eq!(removed, expected);
    let found = call(&fixture, "ListRuleNamesByTarget", by_arn).await.unwrap();
    assert_eq!(found, json!({ "RuleNames": ["other"] }));
}

#[tokio::test]
async fn targets_and_names_come_in_pages() {
    let fixture = Fixture::new();
    put(&fixture, "ready").await;
    let ids = ["a", "b", "c", "d", "e"];
    let targets: Vec<Value> = ids.iter().map(|id| automation(id, &json!({}))).collect();
    put_targets(&fixture, json!(targets)).await;
    let mut found = Vec::new();
    let mut input = json!({ "Rule": "ready", "Limit": 2 });
    loop {
        let page = call(&fixture, "ListTargetsByRule", input.clone()).await.unwrap();
        let targets = page["Targets"].as_array().unwrap();
        found.extend(targets.iter().map(|target| target["Id"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("NextToken") else { break };
        input["NextToken"] = token.clone();
    }
    assert_eq!(found, ids);
    for name in ["a", "b"] {
        put(&fixture, name).await;
        let input = json!({ "Rule": name, "Targets": [automation("x", &json!({}))] });
        call(&fixture, "PutTargets", input).await.unwrap();
    }
    let mut input = json!({ "TargetArn": DEPLOY, "Limit": 2 });
    let page = call(&fixture, "ListRuleNamesByTarget", input.clone()).await.unwrap();
    assert_eq!(page["RuleNames"], json!(["a", "b"]));
    input["NextToken"] = page["NextToken"].clone();
    let page = call(&fixture, "ListRuleNamesByTarget", input).await.unwrap();
    assert_eq!(page, json!({ "RuleNames": ["ready"] }));
}

#[tokio::test]
async fn a_rule_has_at_most_five_targets() {
    let fixture = Fixture::new();
    put(&fixture, "ready").await;
    let targets =
        |ids: &[&str]| -> Value { ids.iter().map(|id| automation(id, &json!({}))).collect() };
    put_targets(&fixture, targets(&["a", "b", "c", "d"])).await;
    put_targets(&fixture, targets(&["d", "e"])).await;
    let input = json!({ "Rule": "ready", "Targets": targets(&["e", "f"]) });
    let expected = "The requested resource exceeds the maximum number allowed.".to_owned();
    let refused = refusal(&fixture, "PutTargets", input).await;
    assert_eq!(refused, ("LimitExceededException".to_owned(), expected));
    assert_eq!(loaded(&fixture).await.len(), 5);
}

#[tokio::test]
async fn what_is_not_supported_fails_alone_and_says_what_is() {
    let fixture = Fixture::new();
    put(&fixture, "ready").await;
    for (target, expected) in [
        (
            json!({ "Id": "bad", "Arn": "arn:aws:lambda:us-east-1:000000000000:function:f" }),
            "Target bad has the unsupported Arn arn:aws:lambda:us-east-1:000000000000:function:f. A target is",
        ),
        (
            json!({ "Id": "bad", "Arn": DEPLOY.replace("us-east-1", "eu-west-1") }),
            "Target bad has the unsupported Arn",
        ),
        (
            automation("bad", &json!({ "SqsParameters": { "MessageGroupId": "x" } })),
            "Parameter SqsParameters is not supported for target bad.",
        ),
        (
            automation(
                "bad",
                &json!({ "DeadLetterConfig": { "Arn": "arn:aws:sqs:us-east-1:000000000000:q" } }),
            ),
            "Events cannot be sent to the queue arn:aws:sqs:us-east-1:000000000000:q",
        ),
        (
            automation(
                "bad",
                &json!({ "RunCommandParameters": { "RunCommandTargets": [{ "Key": "k", "Values": ["v"] }] } }),
            ),
            "RunCommandParameters is only for a document",
        ),
    ] {
        let answer = put_targets(&fixture, json!([target, automation("good", &json!({}))])).await;
        assert_eq!(answer["FailedEntryCount"], 1);
        let failed = &answer["FailedEntries"][0];
        assert_eq!(
            (&failed["TargetId"], &failed["ErrorCode"]),
            (&json!("bad"), &json!("ValidationException"))
        );
        let message = failed["ErrorMessage"].as_str().unwrap();
        assert!(message.starts_with(expected), "{message}");
        let targets = loaded(&fixture).await;
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0].id, "good");
    }
}

#[tokio::test]
async fn what_is_wrong_refuses_the_request() {
    let fixture = Fixture::new();
    put(&fixture, "ready").await;
    let template = |text: &str| json!({ "InputTransformer": { "InputTemplate": text } });
    for (target, message) in [
        (
            automation("t", &json!({ "Input": "{}", "InputPath": "$.detail" })),
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        (
            automation("t", &template("{\"a\": <b>}")),
            "InputTemplate for target t contains invalid placeholder b.",
        ),
        (
            json!({ "Id": "t", "Arn": "test_arn" }),
            "Parameter test_arn is not valid. Reason: Provided Arn is not in correct format.",
        ),
        (
            json!({ "Id": "t", "Arn": SHELL }),
            "Parameter(s) RunCommandParameters must be specified for target: t.",
        ),
        (
            json!({ "Id": "!@", "Arn": DEPLOY }),
            r"1 validation error detected: Value '!@' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+",
        ),
        (
            automation("t", &json!({ "RetryPolicy": { "MaximumRetryAttempts": 186 } })),
            "1 validation error detected: Value '186' at 'targets.1.member.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 185",
        ),
    ] {
        let input = json!({ "Rule": "ready", "Targets": [automation("fine", &json!({})), target] });
        let expected = message.replace("targets.1.", "targets.2.");
        let refused = refusal(&fixture, "PutTargets", input).await;
        assert_eq!(refused, ("ValidationException".to_owned(), expected));
    }
    let input = json!({ "Rule": "ready", "Targets": [automation("t", &json!({ "Input": "{" }))] });
    let refused = refusal(&fixture, "PutTargets", input).await;
    assert!(refused.1.starts_with("Invalid Input for target t : "), "{}", refused.1);
    let twice = json!({ "Rule": "ready", "Targets": [automation("t", &json!({})), automation("t", &json!({}))] });
    assert_eq!(refusal(&fixture, "PutTargets", twice).await.0, "ValidationException");
    assert!(loaded(&fixture).await.is_empty());
}

#[tokio::test]
async fn the_dispatcher_sees_rules_with_all_they_say() {
    let fixture = Fixture::new();
    let rule = json!({
        "Name": "ready",
        "ScheduleExpression": "rate(1 hour)",
        "RoleArn": "arn:aws:iam::000000000000:role/service/deployer",
    });
    call(&fixture, "PutRule", rule).await.unwrap();
    put_targets(&fixture, json!([
        automation("a", &json!({ "RoleArn": "arn:aws:iam::000000000000:role/other" })),
        {
            "Id": "b",
            "Arn": SHELL,
            "RunCommandParameters": { "RunCommandTargets": [{ "Key": "InstanceIds", "Values": ["mi-1"] }] },
            "RetryPolicy": { "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 90 },
        },
    ])).await;
    let rules = fixture.services.event_rules().await.unwrap();
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert!(rule.is_enabled && rule.pattern.is_none() && rule.created_ms > 0);
    assert_eq!(rule.schedule.as_ref().unwrap().source(), "rate(1 hour)");
    assert_eq!(rule.role.as_deref(), Some("deployer"));
    assert_eq!(rule.arn, "arn:aws:events:us-east-1:000000000000:rule/ready");
    let [a, b] = rule.targets.as_slice() else { panic!("{:?}", rule.targets) };
    let deploy =
        TargetKind::StartAutomation { document: "Deploy".to_owned(), version: "3".to_owned() };
    assert_eq!((&a.kind, a.role.as_deref()), (&deploy, Some("other")));
    assert_eq!((a.attempts_max, a.age_ms_max), (186, 86_400_000));
    assert!(matches!(&b.kind, TargetKind::RunCommand { document, targets }
        if document == "AWS-RunShellScript" && targets[0].key == "InstanceIds"));
    assert_eq!((b.attempts_max, b.age_ms_max, b.role.as_deref()), (3, 90_000, None));
}

#[tokio::test]
async fn an_event_becomes_parameters() {
    let fixture = Fixture::new();
    put(&fixture, "ready").await;
    let context = RuleContext {
        rule_arn: "arn:aws:events:us-east-1:000000000000:rule/ready",
        rule_name: "ready",
        ingestion_time: "2026-01-01T00:00:00Z",
    };
    let event = json!({ "source": "app", "detail": { "node": "i-1", "given": { "A": ["x", "y"], "B": 2 } } });
    let transformer = |template: &str| json!({ "InputTransformer": { "InputPathsMap": { "node": "$.detail.node" }, "InputTemplate": template } });
    for (more, expected) in [
        (json!({}), Ok(vec![])),
        (
            json!({ "Input": r#"{"A": ["1"], "B": "2"}"# }),
            Ok(vec![("A", vec!["1"]), ("B", vec!["2"])]),
        ),
        (
            json!({ "InputPath": "$.detail.given" }),
            Ok(vec![("A", vec!["x", "y"]), ("B", vec!["2"])]),
        ),
        (
            transformer(r#"{"Node": [<node>], "Rule": ["of <aws.events.rule-name>"]}"#),
            Ok(vec![("Node", vec!["i-1"]), ("Rule", vec!["of ready"])]),
        ),
        (
            json!({ "InputPath": "$.detail.none" }),
            Err("the path `$.detail.none` leads to nothing in this event"),
        ),
        (json!({ "Input": "[]" }), Err("the input is no object of parameters: it is []")),
        (
            json!({ "Input": r#"{"A": {}}"# }),
            Err("the input is no object of parameters: A is neither a text nor a list of texts"),
        ),
    ] {
        put_targets(&fixture, json!([automation("t", &more)])).await;
        let parameters = loaded(&fixture).await[0].parameters(&event, &context);
        let expected = expected.map_err(str::to_owned).map(|pairs| {
            let owned = |(name, values): (&str, Vec<&str>)| {
                (name.to_owned(), values.into_iter().map(str::to_owned).collect::<Vec<_>>())
            };
            pairs.into_iter().map(owned).collect::<BTreeMap<_, _>>()
        });
        assert_eq!(parameters, expected, "{more}");
    }
}

#[tokio::test]
async fn who_puts_a_target_may_pass_the_role_that_it_acts_as() {
    let directory = tempfile::tempdir().unwrap();
    let policy = r#"
        permit (principal in Role::"maker", action in [Action::"events:read", Action::"events:write"], resource);
        permit (principal in Role::"maker", action == Action::"iam:PassRole", resource == Role::"deployer");
    "#;
    fs::write(directory.path().join("site.cedar"), policy).unwrap();
    let policy_directory = Some(directory.path().to_owned());
    let fixture = Fixture::with(Settings { policy_directory, ..Settings::default() }, 1);
    let maker = Actor::new(Principal::new("arn:aws:iam::000000000000:role/maker"));
    let arn = |role: &str| format!("arn:aws:iam::000000000000:role/{role}");
    let rule = |acting: Option<&str>| {
        let mut put = json!({ "Name": "ready", "EventPattern": r#"{"source": ["app"]}"# });
        put.as_object_mut()
            .unwrap()
            .extend(acting.map(|name| ("RoleArn".to_owned(), json!(arn(name)))));
        put
    };
    let target = |acting: Option<&str>| {
        let more = acting.map_or_else(|| json!({}), |name| json!({ "RoleArn": arn(name) }));
        json!({ "Rule": "ready", "Targets": [automation("t", &more)] })
    };
    for (operation, input, is_allowed) in [
        ("PutRule", rule(None), false),
        ("PutRule", rule(Some("admin")), false),
        ("PutRule", rule(Some("deployer")), true),
        ("PutTargets", target(Some("admin")), false),
        ("PutTargets", target(Some("deployer")), true),
        ("PutTargets", target(None), true),
        ("PutRule", rule(None), false),
    ] {
        let operation = format!("events:{operation}");
        let answer = fixture.services.call(maker.clone(), &operation, input.clone()).await;
        let code = answer.map_or_else(|error| error.code.into_owned(), |_| String::new());
        let expected = if is_allowed { "" } else { "AccessDeniedException" };
        assert_eq!(code, expected, "{operation} {input}");
    }
    put(&fixture, "ready").await;
    let answer = fixture.services.call(maker, "events:PutTargets", target(None)).await;
    assert_eq!(answer.unwrap_err().code, "AccessDeniedException");
    let foreign = json!({ "Name": "x", "EventPattern": "{\"a\": [1]}", "RoleArn": "arn:aws:iam::111111111111:role/a" });
    assert_eq!(refusal(&fixture, "PutRule", foreign).await.0, "ValidationException");
}

#[tokio::test]
async fn a_rule_of_a_file_is_changed_by_its_file_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file =
        "rules:\n  - name: ready\n    match: { source: [app] }\n    start: { runbook: Deploy }\n";
    fs::write(directory.path().join("site.yaml"), file).unwrap();
    let rule_directory = Some(directory.path().to_owned());
    let fixture = Fixture::with(Settings { rule_directory, ..Settings::default() }, 1);
    let names: Vec<String> = fixture.services.rules().rule_names().map(str::to_owned).collect();
    assert_eq!(names, ["ready"]);
    let arn = "arn:aws:events:us-east-1:000000000000:rule/ready";
    for (operation, input) in [
        ("PutRule", json!({ "Name": "ready", "EventPattern": r#"{"source": ["a"]}"# })),
        ("DeleteRule", json!({ "Name": "ready", "Force": true })),
        ("EnableRule", json!({ "Name": "ready" })),
        ("DisableRule", json!({ "Name": "ready" })),
        ("PutTargets", json!({ "Rule": "ready", "Targets": [automation("t", &json!({}))] })),
        ("RemoveTargets", json!({ "Rule": "ready", "Ids": ["t"] })),
        ("TagResource", json!({ "ResourceARN": arn, "Tags": [] })),
        ("UntagResource", json!({ "ResourceARN": arn, "TagKeys": [] })),
    ] {
        let refused = refusal(&fixture, operation, input).await;
        assert_eq!(refused.0, "ManagedRuleException", "{operation}: {}", refused.1);
    }
}
