//! Runs with their steps, as they are shown.

use host_api::failure::Failure;
use serde_json::{Value, json};

use crate::driven::{all, call, start, start_only};
use crate::fixture::Fixture;

const SEVERAL: &str = r#"
schemaVersion: "0.3"
description: Several steps
parameters:
  Word: { type: String, default: a }
  Many: { type: StringList, default: [x, y] }
variables:
  Seen: { type: String, default: none }
outputs: [First.Value]
mainSteps:
  - name: First
    action: "aws:executeAutomation"
    maxAttempts: 2
    timeoutSeconds: 90
    onFailure: step:Last
    inputs: { DocumentName: "{{ Word }}" }
  - name: Over
    action: aws:loop
    inputs:
      Iterators: [one, two]
      Steps:
        - { name: Body, action: "aws:executeAutomation", inputs: { DocumentName: "{{ Over.CurrentIteratorValue }}" } }
  - name: Choose
    action: aws:branch
    inputs: { Choices: [{ NextStep: Last, Variable: "{{ Word }}", StringEquals: z }], Default: Last }
  - { name: Skipped, action: "aws:pause", inputs: {} }
  - { name: Last, action: "aws:pause", isEnd: true, isCritical: false, onFailure: Continue, inputs: {} }
"#;

fn step<'v>(execution: &'v Value, name: &str) -> &'v Value {
    let steps = execution["StepExecutions"].as_array().unwrap();
    steps.iter().find(|step| step["StepName"] == name).unwrap()
}

#[tokio::test]
async fn a_run_is_shown_with_its_steps() {
    let fixture = Fixture::new();
    let given = json!({ "Parameters": { "Word": ["b"] } });
    let mut run = start(&fixture, SEVERAL, given).await;
    run.end(0, Ok(json!({ "Value": "v", "ResponseCode": 7 }))).await;
    run.end(0, Ok(json!({}))).await;
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "InProgress");
    assert_eq!(shown["DocumentName"], "Tested");
    assert_eq!(shown["DocumentVersion"], "1");
    assert_eq!(shown["Parameters"], json!({ "Word": ["b"], "Many": ["x", "y"] }));
    assert_eq!(shown["Variables"], json!({ "Seen": ["none"] }));
    assert_eq!(shown["Mode"], "Auto");
    assert_eq!(shown["ExecutedBy"], "arn:aws:iam::000000000000:user/administrator");
    assert_eq!(
        (&shown["CurrentStepName"], &shown["CurrentAction"]),
        (&json!("Body"), &json!("aws:executeAutomation"))
    );
    assert_eq!(shown["StepExecutionsTruncated"], false);
    assert_eq!(shown["ExecutionStartTime"], json!(1_700_000_001.0));
    let names = all(&shown["StepExecutions"], "StepName");
    assert_eq!(names, ["First", "Over", "Body", "Body", "Choose", "Skipped", "Last"]);
    let counters = json!({
        "TotalSteps": 7, "SuccessSteps": 2, "FailedSteps": 0, "CancelledSteps": 0, "TimedOutSteps": 0
    });
    assert_eq!(shown["ProgressCounters"], counters);

    let first = step(&shown, "First");
    assert_eq!(first["Inputs"], json!({ "DocumentName": "\"b\"" }));
    assert_eq!(first["Outputs"], json!({ "Value": ["v"], "ResponseCode": ["7"] }));
    assert_eq!((&first["ResponseCode"], &first["StepStatus"]), (&json!("7"), &json!("Success")));
    let response: Value = serde_json::from_str(first["Response"].as_str().unwrap()).unwrap();
    assert_eq!(response, json!({ "Value": "v", "ResponseCode": 7 }));
    assert_eq!((&first["MaxAttempts"], &first["TimeoutSeconds"]), (&json!(2), &json!(90)));
    assert_eq!((&first["OnFailure"], &first["NextStep"]), (&json!("step:Last"), &json!("Over")));
    assert_eq!(first["ValidNextSteps"], json!(["Over", "Last"]));
    assert_eq!(step(&shown, "Choose")["ValidNextSteps"], json!(["Last", "Skipped"]));
    let last = step(&shown, "Last");
    assert_eq!(last["StepStatus"], "Pending");
    assert_eq!((&last["IsEnd"], &last["IsCritical"]), (&json!(true), &json!(false)));
    assert_eq!(last.get("ExecutionStartTime"), None);
    let body = &shown["StepExecutions"][3];
    let parent = json!({
        "StepExecutionId": step(&shown, "Over")["StepExecutionId"], "StepName": "Over",
        "Action": "aws:loop", "Iteration": 2, "IteratorValue": "two"
    });
    assert_eq!(body["ParentStepDetails"], parent);

    run.end(0, Ok(json!({}))).await;
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Waiting");
    assert_eq!(shown["CurrentStepName"], "Last");
    let input = json!({ "AutomationExecutionId": run.run.as_str(), "SignalType": "Resume" });
    call(&fixture, "SendAutomationSignal", input).await.unwrap();
    run.take().await;
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Success");
    assert_eq!(shown["Outputs"], json!({ "First.Value": ["v"] }));
    assert_eq!(step(&shown, "Skipped")["StepStatus"], "Pending", "a step not reached stays so");
    assert_eq!(shown.get("CurrentStepName"), None);
    assert!(shown["ExecutionEndTime"].as_f64() > shown["ExecutionStartTime"].as_f64());
}

#[tokio::test]
async fn a_failed_step_says_where_and_how() {
    let fixture = Fixture::new();
    let text = r#"
schemaVersion: "0.3"
mainSteps:
  - { name: First, action: "aws:executeAutomation", inputs: { DocumentName: D } }
"#;
    let mut run = start(&fixture, text, json!({})).await;
    run.end(0, Err(Failure::action("Boom", "it broke"))).await;
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Failed");
    assert_eq!(shown["FailureMessage"], "it broke");
    let first = step(&shown, "First");
    assert_eq!(
        (&first["StepStatus"], &first["FailureMessage"]),
        (&json!("Failed"), &json!("it broke"))
    );
    let details = json!({
        "FailureStage": "Invocation", "FailureType": "Action", "Details": { "Code": ["Boom"] }
    });
    assert_eq!(first["FailureDetails"], details);
    assert_eq!(shown["ProgressCounters"]["FailedSteps"], 1);

    let listed = call(&fixture, "DescribeAutomationExecutions", json!({})).await.unwrap();
    let listed = &listed["AutomationExecutionMetadataList"][0];
    assert_eq!(listed["FailureMessage"], "it broke");
    assert_eq!(listed["AutomationExecutionStatus"], "Failed");
}

#[tokio::test]
async fn a_secret_is_shown_by_its_name() {
    let fixture = Fixture::new();
    let text = r#"
schemaVersion: "0.4"
parameters:
  Token: { type: Secret }
mainSteps:
  - { name: Hold, action: pause }
"#;
    let given = json!({ "Parameters": { "Token": ["/app/token"] } });
    let run = start(&fixture, text, given).await;
    let shown = run.shown().await;
    assert_eq!(shown["Parameters"], json!({ "Token": ["{\"secret\":\"/app/token\"}"] }));
}

#[tokio::test]
async fn a_run_is_shown_before_it_is_taken_in_hand_and_an_unknown_one_is_not() {
    let fixture = Fixture::new();
    let run = start_only(&fixture, SEVERAL, json!({})).await.unwrap();
    let input = json!({ "AutomationExecutionId": run });
    let shown = call(&fixture, "GetAutomationExecution", input).await.unwrap();
    assert_eq!(shown["AutomationExecution"]["AutomationExecutionStatus"], "Pending");
    assert_eq!(all(&shown["AutomationExecution"]["StepExecutions"], "StepStatus"), ["Pending"; 6]);
    let unknown = json!({ "AutomationExecutionId": "0b7e6a3e-92f4-4a0a-8d4e-1f5a5b1c2d3e" });
    for operation in
        ["GetAutomationExecution", "DescribeAutomationStepExecutions", "StopAutomationExecution"]
    {
        let error = call(&fixture, operation, unknown.clone()).await.unwrap_err();
        assert_eq!(error.code, "AutomationExecutionNotFoundException", "{operation}");
    }
}

async fn steps(fixture: &Fixture, run: &str, more: Value) -> Vec<String> {
    let mut names = Vec::new();
    let mut input = json!({ "AutomationExecutionId": run });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    loop {
        let page = call(fixture, "DescribeAutomationStepExecutions", input.clone()).await.unwrap();
        names.extend(all(&page["StepExecutions"], "StepName").into_iter().map(str::to_owned));
        let Some(token) = page.get("NextToken") else { return names };
        input["NextToken"] = token.clone();
    }
}

#[tokio::test]
async fn steps_are_filtered_and_paged() {
    let fixture = Fixture::new();
    let mut run = start(&fixture, SEVERAL, json!({})).await;
    for _ in 0..2 {
        run.end(0, Ok(json!({}))).await;
    }
    let shown = run.shown().await;
    let id = run.run.as_str();
    let forward = ["First", "Over", "Body", "Body", "Choose", "Skipped", "Last"];
    let mut backward = forward;
    backward.reverse();
    for size in [1, 3, 7, 50] {
        assert_eq!(steps(&fixture, id, json!({ "MaxResults": size })).await, forward);
        let reverse = json!({ "MaxResults": size, "ReverseOrder": true });
        assert_eq!(steps(&fixture, id, reverse).await, backward);
    }
    let over = step(&shown, "Over")["StepExecutionId"].clone();
    let cases = [
        ("StepName", json!(["Last", "First"]), vec!["First", "Last"]),
        ("Action", json!(["aws:branch"]), vec!["Choose"]),
        ("StepExecutionStatus", json!(["InProgress"]), vec!["Over", "Body"]),
        ("StepExecutionId", json!([over]), vec!["Over"]),
        ("ParentStepExecutionId", json!([over]), vec!["Body", "Body"]),
        ("ParentStepIteration", json!(["2"]), vec!["Body"]),
        ("ParentStepIteratorValue", json!(["one", "none"]), vec!["Body"]),
        ("StartTimeBefore", json!(["2000-01-01T00:00:00Z"]), vec![]),
        ("StartTimeAfter", json!(["2000-01-01T00:00:00Z"]), vec!["First", "Over", "Body", "Body"]),
    ];
    for (key, values, expected) in cases {
        let filters = json!({ "Filters": [{ "Key": key, "Values": values }] });
        assert_eq!(steps(&fixture, id, filters).await, expected, "{key}");
    }
    let bad = [
        (json!([{ "Key": "Colour", "Values": ["red"] }]), "ValidationException"),
        (json!([{ "Key": "StepExecutionStatus", "Values": ["Done"] }]), "InvalidFilterValue"),
        (json!([{ "Key": "ParentStepIteration", "Values": ["two"] }]), "InvalidFilterValue"),
        (json!([{ "Key": "StartTimeAfter", "Values": ["today"] }]), "InvalidFilterValue"),
        (json!([{ "Key": "StepName", "Values": [] }]), "ValidationException"),
    ];
    for (filters, code) in bad {
        let input = json!({ "AutomationExecutionId": id, "Filters": filters });
        let error = call(&fixture, "DescribeAutomationStepExecutions", input).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
    let first = json!({ "AutomationExecutionId": id, "MaxResults": 1 });
    let page = call(&fixture, "DescribeAutomationStepExecutions", first).await.unwrap();
    for (token, reverse) in [(json!("x"), false), (page["NextToken"].clone(), true)] {
        let input =
            json!({ "AutomationExecutionId": id, "NextToken": token, "ReverseOrder": reverse });
        let error = call(&fixture, "DescribeAutomationStepExecutions", input).await.unwrap_err();
        assert_eq!(error.code, "InvalidNextToken");
    }
}

#[tokio::test]
async fn pages_of_steps_go_on_while_a_loop_begins() {
    let fixture = Fixture::new();
    let mut run = start(&fixture, SEVERAL, json!({})).await;
    let input = json!({ "AutomationExecutionId": run.run.as_str(), "MaxResults": 2 });
    let page = call(&fixture, "DescribeAutomationStepExecutions", input.clone()).await.unwrap();
    assert_eq!(all(&page["StepExecutions"], "StepName"), ["First", "Over"]);
    run.end(0, Ok(json!({}))).await;
    run.end(0, Ok(json!({}))).await;
    let mut rest = input;
    rest["NextToken"] = page["NextToken"].clone();
    rest["MaxResults"] = json!(50);
    let page = call(&fixture, "DescribeAutomationStepExecutions", rest).await.unwrap();
    let names = all(&page["StepExecutions"], "StepName");
    assert_eq!(names, ["Body", "Body", "Choose", "Skipped", "Last"]);
}

#[tokio::test]
async fn items_of_a_step_are_shown_beside_it() {
    let fixture = Fixture::new();
    let text = r#"
schemaVersion: "0.4"
mainSteps:
  - name: Each
    action: executeAutomation
    forEach: [p, q]
    inputs: { DocumentName: "${{ item.value }}" }
"#;
    let mut run = start(&fixture, text, json!({})).await;
    run.end(0, Ok(json!({}))).await;
    let shown = run.shown().await;
    assert_eq!(all(&shown["StepExecutions"], "StepName"), ["Each", "Each", "Each"]);
    let second = &shown["StepExecutions"][2];
    assert_eq!(second["ParentStepDetails"]["Iteration"], 2);
    assert_eq!(second["ParentStepDetails"]["IteratorValue"], "q");
    assert_eq!(
        second["ParentStepDetails"]["StepExecutionId"],
        shown["StepExecutions"][0]["StepExecutionId"]
    );
}
