//! Rules of `EventBridge`, and their tags.

use host_api::identifier::Principal;
use serde_json::{Value, json};
use services::{Actor, ServiceError};

use crate::fixture::{Fixture, actor};

const PATTERN: &str = r#"{"source": ["app"], "detail": {"state": ["ready"]}}"#;

pub(crate) async fn call(
    fixture: &Fixture,
    operation: &str,
    input: Value,
) -> Result<Value, ServiceError> {
    fixture.services.call(actor(), &format!("events:{operation}"), input).await
}

pub(crate) async fn put(fixture: &Fixture, name: &str) {
    let rule = json!({ "Name": name, "EventPattern": PATTERN });
    call(fixture, "PutRule", rule).await.unwrap();
}

pub(crate) async fn refusal(fixture: &Fixture, operation: &str, input: Value) -> (String, String) {
    let error = call(fixture, operation, input.clone()).await.expect_err(&input.to_string());
    (error.code.into_owned(), error.message)
}

fn arn(name: &str) -> String {
    format!("arn:aws:events:us-east-1:000000000000:rule/{name}")
}

#[tokio::test]
async fn a_rule_is_put_shown_switched_replaced_and_deleted() {
    let fixture = Fixture::new();
    let rule = json!({
        "Name": "ready",
        "EventPattern": PATTERN,
        "ScheduleExpression": "rate(5 minutes)",
        "Description": "says so",
        "EventBusName": "arn:aws:events:us-east-1:000000000000:event-bus/default",
    });
    let answer = call(&fixture, "PutRule", rule).await.unwrap();
    assert_eq!(answer, json!({ "RuleArn": arn("ready") }));
    let mut shown = json!({
        "Name": "ready",
        "Arn": arn("ready"),
        "EventPattern": PATTERN,
        "ScheduleExpression": "rate(5 minutes)",
        "Description": "says so",
        "State": "ENABLED",
        "EventBusName": "default",
    });
    assert_eq!(call(&fixture, "ListRules", json!({})).await.unwrap(), json!({ "Rules": [shown] }));
    shown["CreatedBy"] = json!("000000000000");
    let named = json!({ "Name": "ready" });
    assert_eq!(call(&fixture, "DescribeRule", named.clone()).await.unwrap(), shown);
    for (operation, state) in [("DisableRule", "DISABLED"), ("EnableRule", "ENABLED")] {
        assert_eq!(call(&fixture, operation, named.clone()).await.unwrap(), json!({}));
        let described = call(&fixture, "DescribeRule", named.clone()).await.unwrap();
        assert_eq!(described["State"], state);
    }
    let rule =
        json!({ "Name": "ready", "ScheduleExpression": "cron(0 12 * * ? *)", "State": "DISABLED" });
    call(&fixture, "PutRule", rule).await.unwrap();
    let described = call(&fixture, "DescribeRule", named.clone()).await.unwrap();
    let expected = json!({
        "Name": "ready",
        "Arn": arn("ready"),
        "ScheduleExpression": "cron(0 12 * * ? *)",
        "State": "DISABLED",
        "EventBusName": "default",
        "CreatedBy": "000000000000",
    });
    assert_eq!(described, expected);
    for _ in 0..2 {
        assert_eq!(call(&fixture, "DeleteRule", named.clone()).await.unwrap(), json!({}));
    }
    assert_eq!(call(&fixture, "ListRules", json!({})).await.unwrap(), json!({ "Rules": [] }));
    let actions = fixture.audit_actions();
    for operation in ["PutRule", "DisableRule", "EnableRule", "DeleteRule"] {
        let expected = (format!("events:{operation}"), "allow".to_owned());
        assert!(actions.contains(&expected), "{operation}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_rule_is_refused_in_the_words_of_the_service() {
    let fixture = Fixture::new();
    let long = "x".repeat(65);
    for (rule, code, message) in [
        (
            json!({ "Name": "a" }),
            "ValidationException",
            "Parameter(s) EventPattern or ScheduleExpression must be specified.",
        ),
        (
            json!({ "Name": "a", "EventPattern": "", "ScheduleExpression": "" }),
            "ValidationException",
            "Parameter(s) EventPattern or ScheduleExpression must be specified.",
        ),
        (
            json!({ "Name": "a", "ScheduleExpression": "rate(1 minutes)" }),
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
        ),
        (
            json!({ "Name": "a", "EventPattern": r#"{"source": "app"}"# }),
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason: \"source\" must be an object or an array\n at [Source: (String)\"{\"source\": \"app\"}\"; line: 1, column: 13]",
        ),
        (
            json!({ "Name": "a b", "EventPattern": PATTERN }),
            "ValidationException",
            r"1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+",
        ),
        (
            json!({ "Name": long, "EventPattern": PATTERN }),
            "ValidationException",
            &format!(
                "1 validation error detected: Value '{long}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64"
            ),
        ),
        (
            json!({ "EventPattern": PATTERN }),
            "ValidationException",
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({ "Name": "a", "EventPattern": PATTERN, "EventBusName": "other" }),
            "ResourceNotFoundException",
            "Event bus other does not exist.",
        ),
        (
            json!({ "Name": "a", "EventPattern": PATTERN, "Tags": [
                { "Key": "k", "Value": "1" }, { "Key": "k", "Value": "2" },
            ] }),
            "ValidationException",
            "Invalid parameter: Duplicated keys are not allowed.",
        ),
    ] {
        let (code, message) = (code.to_owned(), message.to_owned());
        let input = rule.to_string();
        let refused = refusal(&fixture, "PutRule", rule).await;
        assert_eq!(refused.0, code, "{input}");
        assert_eq!(refused.1, message, "{input}");
    }
    assert_eq!(call(&fixture, "ListRules", json!({})).await.unwrap(), json!({ "Rules": [] }));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let fixture = Fixture::new();
    let target =
        json!([{ "Id": "a", "Arn": "arn:aws:ssm:us-east-1::automation-definition/Deploy" }]);
    for (operation, input) in [
        ("DescribeRule", json!({ "Name": "none" })),
        ("EnableRule", json!({ "Name": "none" })),
        ("DisableRule", json!({ "Name": "none" })),
        ("ListTargetsByRule", json!({ "Rule": "none" })),
        ("PutTargets", json!({ "Rule": "none", "Targets": target })),
        ("RemoveTargets", json!({ "Rule": "none", "Ids": ["a"] })),
        ("ListTagsForResource", json!({ "ResourceARN": arn("none") })),
        ("TagResource", json!({ "ResourceARN": arn("none"), "Tags": [] })),
        ("UntagResource", json!({ "ResourceARN": arn("none"), "TagKeys": [] })),
    ] {
        let expected = "Rule none does not exist on EventBus default.".to_owned();
        let refused = refusal(&fixture, operation, input).await;
        assert_eq!(refused, ("ResourceNotFoundException".to_owned(), expected), "{operation}");
    }
    for (operation, input) in [
        ("DeleteRule", json!({ "Name": "a", "EventBusName": "other" })),
        (
            "ListRules",
            json!({ "EventBusName": "arn:aws:events:us-east-1:111111111111:event-bus/other" }),
        ),
        ("DescribeEventBus", json!({ "Name": "other" })),
    ] {
        let refused = refusal(&fixture, operation, input).await;
        assert_eq!(refused.1, "Event bus other does not exist.", "{operation}");
    }
}

#[tokio::test]
async fn rules_come_in_pages_to_the_end_whatever_happens_meanwhile() {
    let fixture = Fixture::new();
    for name in ["a", "b1", "b2", "b3", "b4", "c"] {
        put(&fixture, name).await;
    }
    let mut names = Vec::new();
    let mut input = json!({ "NamePrefix": "b", "Limit": 2 });
    loop {
        let page = call(&fixture, "ListRules", input.clone()).await.unwrap();
        let rules = page["Rules"].as_array().unwrap();
        names.extend(rules.iter().map(|rule| rule["Name"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("NextToken") else { break };
        put(&fixture, "b0").await;
        call(&fixture, "DeleteRule", json!({ "Name": "b2" })).await.unwrap();
        input["NextToken"] = token.clone();
    }
    assert_eq!(names, ["b1", "b2", "b3", "b4"]);
    let page = call(&fixture, "ListRules", json!({ "Limit": 1 })).await.unwrap();
    let token = page["NextToken"].as_str().unwrap();
    for input in [
        json!({ "NamePrefix": "b", "NextToken": token }),
        json!({ "NextToken": "x" }),
        json!({ "Limit": 0 }),
        json!({ "Limit": 101 }),
    ] {
        assert_eq!(refusal(&fixture, "ListRules", input).await.0, "ValidationException");
    }
}

#[tokio::test]
async fn there_are_at_most_300_rules() {
    let fixture = Fixture::new();
    for number in 0..300 {
        put(&fixture, &format!("rule-{number}")).await;
    }
    let rule = json!({ "Name": "more", "EventPattern": PATTERN });
    let expected = "The requested resource exceeds the maximum number allowed.".to_owned();
    let refused = refusal(&fixture, "PutRule", rule.clone()).await;
    assert_eq!(refused, ("LimitExceededException".to_owned(), expected));
    put(&fixture, "rule-0").await;
    call(&fixture, "DeleteRule", json!({ "Name": "rule-7" })).await.unwrap();
    call(&fixture, "PutRule", rule).await.unwrap();
}

#[tokio::test]
async fn tags_come_with_a_new_rule_change_and_go_with_it() {
    let fixture = Fixture::new();
    let rule = json!({ "Name": "tagged", "EventPattern": PATTERN, "Tags": [{ "Key": "b", "Value": "1" }] });
    call(&fixture, "PutRule", rule.clone()).await.unwrap();
    let tag = json!({ "ResourceARN": arn("tagged"), "Tags": [{ "Key": "b", "Value": "2" }, { "Key": "a", "Value": "" }] });
    assert_eq!(call(&fixture, "TagResource", tag).await.unwrap(), json!({}));
    // Those of a rule that is there are not looked at.
    call(&fixture, "PutRule", rule).await.unwrap();
    let list = json!({ "ResourceARN": arn("tagged") });
    let tags = call(&fixture, "ListTagsForResource", list.clone()).await.unwrap();
    let expected = json!({ "Tags": [{ "Key": "a", "Value": "" }, { "Key": "b", "Value": "2" }] });
    assert_eq!(tags, expected);
    let untag = json!({ "ResourceARN": arn("tagged"), "TagKeys": ["a", "none"] });
    call(&fixture, "UntagResource", untag).await.unwrap();
    let tags: Vec<Value> =
        (0..50).map(|number| json!({ "Key": format!("k{number}"), "Value": "v" })).collect();
    let many = json!({ "ResourceARN": arn("tagged"), "Tags": tags });
    assert_eq!(refusal(&fixture, "TagResource", many).await.0, "ValidationException");
    call(&fixture, "DeleteRule", json!({ "Name": "tagged" })).await.unwrap();
    put(&fixture, "tagged").await;
    let tags = call(&fixture, "ListTagsForResource", list).await.unwrap();
    assert_eq!(tags, json!({ "Tags": [] }));
}

#[tokio::test]
async fn there_is_one_bus_and_what_has_no_service_says_so() {
    let fixture = Fixture::new();
    let bus = json!({
        "Name": "default",
        "Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default",
    });
    let buses = call(&fixture, "ListEventBuses", json!({})).await.unwrap();
    assert_eq!(buses, json!({ "EventBuses": [bus] }));
    let buses = call(&fixture, "ListEventBuses", json!({ "NamePrefix": "x" })).await.unwrap();
    assert_eq!(buses, json!({ "EventBuses": [] }));
    assert_eq!(call(&fixture, "DescribeEventBus", json!({})).await.unwrap(), bus);
    let create = json!({ "Name": "other" });
    assert_eq!(refusal(&fixture, "CreateEventBus", create).await.0, "Unavailable");
    assert_eq!(refusal(&fixture, "NoSuchThing", json!({})).await.0, "UnknownOperationException");
}

#[tokio::test]
async fn the_shipped_roles_look_and_only_administrators_make_rules() {
    let fixture = Fixture::new();
    put(&fixture, "ready").await;
    let rule = json!({ "Name": "new", "EventPattern": PATTERN });
    let named = json!({ "Name": "ready" });
    let entries = json!({ "Entries": [{ "Source": "app", "DetailType": "t", "Detail": "{}" }] });
    for (role, operation, input, is_allowed) in [
        ("reader", "DescribeRule", &named, true),
        ("reader", "DisableRule", &named, false),
        ("reader", "PutEvents", &entries, false),
        ("author", "ListRules", &json!({}), true),
        ("author", "PutRule", &rule, false),
        ("operator", "PutEvents", &entries, true),
        ("operator", "PutRule", &rule, false),
        ("operator", "DisableRule", &named, false),
        ("admin", "PutRule", &rule, true),
        ("node", "ListRules", &json!({}), false),
    ] {
        let role_arn = format!("arn:aws:iam::000000000000:role/{role}");
        let actor = Actor::new(Principal::new(role_arn));
        let operation = format!("events:{operation}");
        let answer = fixture.services.call(actor, &operation, input.clone()).await;
        let code = answer.map_or_else(|error| error.code.into_owned(), |_| String::new());
        let expected = if is_allowed { "" } else { "AccessDeniedException" };
        assert_eq!(code, expected, "{role} {operation}");
    }
}

#[tokio::test]
async fn patterns_are_tried() {
    let fixture = Fixture::new();
    let test = |event: &str| json!({ "EventPattern": PATTERN, "Event": event });
    for (event, is_match) in [
        (r#"{"source": "app", "detail": {"state": "ready"}}"#, true),
        (r#"{"source": "app", "detail": {"state": "gone"}}"#, false),
    ] {
        let answer = call(&fixture, "TestEventPattern", test(event)).await.unwrap();
        assert_eq!(answer, json!({ "Result": is_match }));
    }
    for event in ["", "[]", "{"] {
        let refused = refusal(&fixture, "TestEventPattern", test(event)).await;
        assert_eq!(refused.0, "ValidationException");
        assert!(refused.1.starts_with("Parameter Event is not valid."), "{}", refused.1);
    }
    let input = json!({ "EventPattern": "{}", "Event": "{}" });
    let refused = refusal(&fixture, "TestEventPattern", input).await;
    assert_eq!(refused.0, "InvalidEventPatternException");
    assert!(refused.1.starts_with("Event pattern is not valid. Reason: "), "{}", refused.1);
}
