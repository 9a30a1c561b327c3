//! Lists of runs: filters and pages.

use serde_json::{Value, json};

use crate::driven::{Driven, all, call, start};
use crate::fixture::{Fixture, SMALLEST};

const PAUSE: &str = r#"
schemaVersion: "0.3"
mainSteps:
  - { name: Hold, action: "aws:pause", inputs: {} }
"#;

async fn listed(fixture: &Fixture, input: Value) -> Vec<String> {
    let (mut ids, mut input) = (Vec::new(), input);
    loop {
        let page = call(fixture, "DescribeAutomationExecutions", input.clone()).await.unwrap();
        let runs = all(&page["AutomationExecutionMetadataList"], "AutomationExecutionId");
        ids.extend(runs.into_iter().map(str::to_owned));
        let Some(token) = page.get("NextToken") else { return ids };
        input["NextToken"] = token.clone();
    }
}

async fn started(fixture: &Fixture, document: &str, tags: Value) -> String {
    let input = json!({ "DocumentName": document, "Tags": tags });
    let answer = call(fixture, "StartAutomationExecution", input).await.unwrap();
    answer["AutomationExecutionId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn runs_are_listed_newest_first_to_the_end() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services
        .put_document(&crate::driven::administrator(), "Smallest", "Automation", SMALLEST)
        .await
        .unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(started(&fixture, "Smallest", json!([])).await);
    }
    ids.reverse();
    for size in [1, 2, 5, 50] {
        assert_eq!(listed(&fixture, json!({ "MaxResults": size })).await, ids);
    }
    let page =
        call(&fixture, "DescribeAutomationExecutions", json!({ "MaxResults": 2 })).await.unwrap();
    let newer = started(&fixture, "Smallest", json!([])).await;
    let token = page["NextToken"].clone();
    let rest = listed(&fixture, json!({ "MaxResults": 2, "NextToken": token })).await;
    assert_eq!(rest, ids[2..], "a new run moves nothing");
    assert_eq!(listed(&fixture, json!({})).await[0], newer);
    let other = json!([{ "Key": "ExecutionStatus", "Values": ["Pending"] }]);
    for input in [json!({ "NextToken": "5-5" }), json!({ "NextToken": token, "Filters": other })] {
        let error = call(&fixture, "DescribeAutomationExecutions", input).await.unwrap_err();
        assert_eq!(error.code, "InvalidNextToken");
    }
}

#[tokio::test]
async fn runs_are_found_by_every_filter() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services
        .put_document(&crate::driven::administrator(), "Smallest", "Automation", SMALLEST)
        .await
        .unwrap();
    let tags = json!([{ "Key": "team", "Value": "a" }, { "Key": "empty", "Value": "" }]);
    let pending = started(&fixture, "Smallest", tags).await;
    let waiting = start(&fixture, PAUSE, json!({})).await.run.to_string();
    let mut done = Driven::begin(&fixture, &started(&fixture, "Smallest", json!([])).await).await;
    done.end(0, Ok(json!({}))).await;
    let done = done.run.to_string();
    let found = |key: &'static str, values: Value| {
        listed(&fixture, json!({ "Filters": [{ "Key": key, "Values": values }] }))
    };
    assert_eq!(found("DocumentNamePrefix", json!(["Sm"])).await, [done.as_str(), pending.as_str()]);
    assert_eq!(found("DocumentNamePrefix", json!(["Te", "None"])).await, [waiting.as_str()]);
    assert_eq!(found("ExecutionStatus", json!(["Waiting"])).await, [waiting.as_str()]);
    assert_eq!(
        found("ExecutionStatus", json!(["Success", "Pending"])).await,
        [done.as_str(), pending.as_str()]
    );
    assert_eq!(found("ExecutionId", json!([pending])).await, [pending.as_str()]);
    assert_eq!(found("CurrentAction", json!(["aws:pause"])).await, [waiting.as_str()]);
    assert_eq!(found("TagKey", json!(["team"])).await, [pending.as_str()]);
    assert_eq!(found("TagKey", json!(["none"])).await, [""; 0]);
    assert_eq!(found("AutomationType", json!(["Local"])).await.len(), 3);
    assert_eq!(found("StartTimeAfter", json!(["2020-01-01T00:00:00Z"])).await.len(), 3);
    assert_eq!(
        found("StartTimeBefore", json!(["2023-11-14T22:13:22+00:00"])).await,
        [done.as_str(), waiting.as_str()],
        "the time of the start counts, not of the request"
    );
    for (key, value) in [
        ("AutomationType", "CrossAccount"),
        ("AutomationSubtype", "ChangeRequest"),
        ("TargetResourceGroup", "group"),
        ("OpsItemId", "oi-0123456789ab"),
        ("ParentExecutionId", done.as_str()),
        ("StartTimeBefore", "2020-01-01T00:00:00Z"),
    ] {
        let filter = json!({ "Filters": [{ "Key": key, "Values": [value] }] });
        assert_eq!(listed(&fixture, filter).await, [""; 0], "{key}");
    }
    let both = json!({ "Filters": [
        { "Key": "DocumentNamePrefix", "Values": ["Smallest"] },
        { "Key": "ExecutionStatus", "Values": ["Success"] },
    ] });
    assert_eq!(listed(&fixture, both).await, [done.as_str()]);
    for (key, values, code) in [
        ("Colour", json!(["red"]), "ValidationException"),
        ("ExecutionStatus", json!(["Done"]), "InvalidFilterValue"),
        ("AutomationType", json!(["Global"]), "InvalidFilterValue"),
        ("AutomationSubtype", json!(["Any"]), "InvalidFilterValue"),
        ("StartTimeBefore", json!(["yesterday"]), "InvalidFilterValue"),
        ("ExecutionId", json!([]), "ValidationException"),
    ] {
        let input = json!({ "Filters": [{ "Key": key, "Values": values }] });
        let error = call(&fixture, "DescribeAutomationExecutions", input).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
}

#[tokio::test]
async fn a_listed_run_says_what_it_is_and_where_it_stands() {
    let fixture = Fixture::new();
    let run = start(&fixture, PAUSE, json!({})).await;
    let page = call(&fixture, "DescribeAutomationExecutions", json!({})).await.unwrap();
    let expected = json!({
        "AutomationExecutionId": run.run.as_str(), "AutomationExecutionStatus": "Waiting",
        "AutomationType": "Local", "DocumentName": "Tested", "DocumentVersion": "1",
        "ExecutionStartTime": 1_700_000_001.0, "LogFile": "", "Mode": "Auto", "Outputs": {},
        "ExecutedBy": "arn:aws:iam::000000000000:user/administrator",
        "CurrentStepName": "Hold", "CurrentAction": "aws:pause"
    });
    assert_eq!(page["AutomationExecutionMetadataList"], json!([expected]));
}
