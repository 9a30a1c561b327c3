//! Runs over targets: which there are, and a child for each.

use host_api::failure::Failure;
use host_api::port::Capabilities;
use host_api::request::{AutomationRequest, HostRequest};
use serde_json::{Value, json};
use services::Settings;

use crate::driven::{Driven, administrator, all, call, start, start_beyond, start_only};
use crate::fixture::{Fixture, node};

const ON_ONE: &str = r#"
schemaVersion: "0.3"
parameters:
  InstanceId: { type: String, allowedPattern: "[a-z0-9-]+" }
  Word: { type: String, default: a }
mainSteps:
  - { name: Hold, action: "aws:pause", inputs: {} }
"#;

#[expect(clippy::needless_pass_by_value, reason = "literals read better so")]
fn over(key: &str, values: Value) -> Value {
    json!({
        "TargetParameterName": "InstanceId",
        "Targets": [{ "Key": key, "Values": values }],
    })
}

/// Starts the child that an invoked step asks for, as its component would.
async fn child(fixture: &Fixture, run: &Driven<'_>, position: usize) -> String {
    let invoke = &run.invoked[position];
    let mut caller = Fixture::caller(&run.run, 0, &["automation:start:*"]);
    caller.principal = administrator().principal;
    caller.activation.path = invoke.path.clone();
    let request = HostRequest::Automation(AutomationRequest::Start(json!({
        "DocumentName": invoke.inputs["DocumentName"],
        "DocumentVersion": invoke.inputs["DocumentVersion"],
        "Parameters": invoke.inputs["RuntimeParameters"],
    })));
    let id = fixture.services.perform(&caller, &request).await.unwrap();
    id.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_target_has_a_child() {
    let fixture = Fixture::with(Settings::default(), 3);
    let mut more = over("tag:Role", json!(["web"]));
    more["Parameters"] = json!({ "Word": ["{{ not.a.reference }}"] });
    more["Tags"] = json!([{ "Key": "team", "Value": "a" }]);
    let mut run = start(&fixture, ON_ONE, more).await;
    let ids: Vec<String> = (0..3).map(|number| node(number).to_string()).collect();
    let shown = run.shown().await;
    assert_eq!(
        (&shown["DocumentName"], &shown["DocumentVersion"]),
        (&json!("Tested"), &json!("1"))
    );
    assert_eq!(shown["TargetParameterName"], "InstanceId");
    assert_eq!(shown["Targets"], json!([{ "Key": "tag:Role", "Values": ["web"] }]));
    assert_eq!(shown["Parameters"], json!({ "Word": ["{{ not.a.reference }}"] }));
    assert_eq!(shown["ResolvedTargets"], json!({ "ParameterValues": ids, "Truncated": false }));
    assert_eq!(all(&shown["StepExecutions"], "StepName"), ids);
    assert_eq!(all(&shown["StepExecutions"], "StepStatus"), ["InProgress", "Pending", "Pending"]);
    let first = &shown["StepExecutions"][0];
    assert_eq!(first["Action"], "aws:executeAutomation");
    let expected = json!({ "InstanceId": [ids[0]], "Word": ["{{ not.a.reference }}"] });
    assert_eq!(first["OverriddenParameters"], expected);
    assert_eq!(first.get("ParentStepDetails"), None);
    let summary = json!({
        "TotalCount": 3, "StartedCount": 1, "CompletedCount": 0, "SuccessfulCount": 0, "FailedCount": 0
    });
    assert_eq!(shown["TargetsSummary"], summary);

    let begun = child(&fixture, &run, 0).await;
    let started = Driven::begin(&fixture, &begun).await;
    let shown = started.shown().await;
    assert_eq!(shown["ParentAutomationExecutionId"], run.run.as_str());
    assert_eq!(shown["Target"], ids[0].as_str());
    assert_eq!(shown["Parameters"], expected);
    assert_eq!(shown["ExecutedBy"], "arn:aws:iam::000000000000:user/administrator");
    let filter =
        json!({ "Filters": [{ "Key": "ParentExecutionId", "Values": [run.run.as_str()] }] });
    let listed = call(&fixture, "DescribeAutomationExecutions", filter).await.unwrap();
    let listed = &listed["AutomationExecutionMetadataList"];
    assert_eq!(all(listed, "AutomationExecutionId"), [begun.as_str()]);
    assert_eq!(listed[0]["Target"], ids[0].as_str());

    run.end(0, Ok(json!({ "ExecutionId": begun }))).await;
    assert_eq!(run.invoked.len(), 2, "the first went well, so two run at a time");
    for _ in 0..2 {
        run.end(0, Ok(json!({}))).await;
    }
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Success");
    assert_eq!(shown["TargetsSummary"]["SuccessfulCount"], 3);
    assert_eq!(shown["StepExecutions"][0]["Outputs"]["ExecutionId"], json!([begun]));
}

#[tokio::test]
async fn errors_beyond_a_tenth_stop_the_run() {
    let fixture = Fixture::new();
    let values: Vec<String> = (0..50).map(|number| format!("i-{number}")).collect();
    let mut more = over("ParameterValues", json!(values));
    more["MaxErrors"] = json!("10%");
    more["MaxConcurrency"] = json!("1");
    let mut run = start(&fixture, ON_ONE, more).await;
    for errors in 1..=6 {
        assert_eq!(run.invoked.len(), 1, "after {} errors", errors - 1);
        run.end(0, Err(Failure::action("AutomationFailed", "the child failed"))).await;
    }
    assert!(run.invoked.is_empty(), "the sixth error of fifty exceeds a tenth");
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Failed");
    let summary = json!({
        "TotalCount": 50, "StartedCount": 6, "CompletedCount": 6, "SuccessfulCount": 0, "FailedCount": 6
    });
    assert_eq!(shown["TargetsSummary"], summary);
    assert_eq!((&shown["MaxErrors"], &shown["MaxConcurrency"]), (&json!("10%"), &json!("1")));
    assert_eq!(shown["ProgressCounters"]["FailedSteps"], 6);
}

#[tokio::test]
async fn maps_give_each_child_its_own_parameters() {
    let fixture = Fixture::new();
    let maps = json!([
        { "InstanceId": ["i-1"], "Word": ["one"] },
        { "InstanceId": ["i-2"] },
    ]);
    let run = start(&fixture, ON_ONE, json!({ "TargetMaps": maps })).await;
    let shown = run.shown().await;
    assert_eq!(shown["TargetMaps"], maps);
    let names = all(&shown["StepExecutions"], "StepName");
    assert_eq!(names, ["InstanceId=i-1 Word=one", "InstanceId=i-2"]);
    assert_eq!(run.invoked[0].inputs["RuntimeParameters"], maps[0]);
    let more = json!({ "TargetMaps": maps, "TargetParameterName": "InstanceId" });
    let run = start(&fixture, ON_ONE, more).await;
    assert_eq!(all(&run.shown().await["StepExecutions"], "StepName"), ["i-1", "i-2"]);
}

#[tokio::test]
async fn nodes_are_found_by_id_and_tag() {
    let fixture = Fixture::with(Settings::default(), 3);
    let (first, second) = (node(0).to_string(), node(1).to_string());
    let tag = move |tx: &mut store::Tx<'_>| {
        store::tags::set(tx, "ManagedInstance", node(1).as_str(), "zone", "b")
    };
    fixture.store.write(tag).await.unwrap();
    let cases = [
        ("InstanceIds", json!(["*"]), 3),
        ("AWS::EC2::Instance", json!(["*"]), 3),
        ("InstanceIds", json!([second, first]), 2),
        ("tag-key", json!(["Role"]), 3),
        ("tag-key", json!(["zone", "none"]), 1),
        ("tag:zone", json!(["a", "b"]), 1),
    ];
    for (key, values, count) in cases {
        let run = start(&fixture, ON_ONE, over(key, values)).await;
        let shown = run.shown().await;
        assert_eq!(shown["TargetsSummary"]["TotalCount"], count, "{key}");
    }
}

#[tokio::test]
async fn targets_that_cannot_be_are_refused() {
    let fixture = Fixture::new();
    let both = json!({
        "TargetParameterName": "InstanceId", "TargetMaps": [{ "InstanceId": ["i-1"] }],
        "Targets": [{ "Key": "ParameterValues", "Values": ["i-1"] }],
    });
    let one = json!({ "Key": "ParameterValues", "Values": ["i-1"] });
    let two = json!({ "TargetParameterName": "InstanceId", "Targets": [one, one] });
    let parameters = "InvalidAutomationExecutionParametersException";
    let wrong_case = json!({ "TargetParameterName": "instanceid", "Targets": [one] });
    let given_twice = json!({
        "TargetParameterName": "InstanceId", "Targets": [one], "Parameters": { "InstanceId": ["i-2"] }
    });
    let interactive =
        json!({ "TargetParameterName": "InstanceId", "Targets": [one], "Mode": "Interactive" });
    let cases = [
        (both, "InvalidTarget"),
        (two, "ValidationException"),
        (over("ParameterValues", json!([])), "InvalidTarget"),
        (over("ParameterValues", json!(["i-1", "i-1"])), "InvalidTarget"),
        (over("tag:Role", json!(["db"])), "InvalidTarget"),
        (over("tag:", json!(["db"])), "InvalidTarget"),
        (over("InstanceIds", json!(["i-1"])), "InvalidTarget"),
        (over("Colour", json!(["red"])), "InvalidTarget"),
        (over("ResourceGroup", json!(["group"])), "Unavailable"),
        (over("ParameterValues", json!(["NOT THIS"])), parameters),
        (json!({ "TargetParameterName": "InstanceId" }), parameters),
        (json!({ "Targets": [one] }), parameters),
        (json!({ "TargetMaps": [{ "Nothing": ["i-1"] }] }), parameters),
        (wrong_case, parameters),
        (given_twice, parameters),
        (interactive, parameters),
    ];
    for (more, code) in cases {
        let error = start_only(&fixture, ON_ONE, more.clone()).await.unwrap_err();
        assert_eq!(error.code, code, "{more}: {error}");
    }
    let count = services::automation::TARGETS_MAX + 1;
    let values: Vec<String> = (0..count).map(|number| format!("i-{number}")).collect();
    let error = start_beyond(&fixture, ON_ONE, over("ParameterValues", json!(values))).await;
    assert_eq!(error.unwrap_err().code, "AutomationExecutionLimitExceededException");
}

#[tokio::test]
async fn many_targets_are_shown_in_parts() {
    let fixture = Fixture::new();
    let values: Vec<String> = (0..130).map(|number| format!("i-{number}")).collect();
    let run = start_beyond(&fixture, ON_ONE, over("ParameterValues", json!(values))).await.unwrap();
    let run = Driven::begin(&fixture, &run).await;
    let shown = run.shown().await;
    assert_eq!(shown["StepExecutions"].as_array().unwrap().len(), 100);
    assert_eq!(shown["StepExecutionsTruncated"], true);
    assert_eq!(shown["ResolvedTargets"]["Truncated"], true);
    let (mut names, mut input) = (Vec::new(), json!({ "AutomationExecutionId": run.run.as_str() }));
    loop {
        let page = call(&fixture, "DescribeAutomationStepExecutions", input.clone()).await.unwrap();
        names.extend(all(&page["StepExecutions"], "StepName").into_iter().map(str::to_owned));
        let Some(token) = page.get("NextToken") else { break };
        input["NextToken"] = token.clone();
    }
    assert_eq!(names, values);
}
