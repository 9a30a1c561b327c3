//! Signals and stops, from the request to what the run makes of them.

use serde_json::{Value, json};
use services::ServiceError;

use crate::driven::{Driven, all, call, start, user};
use crate::fixture::Fixture;

const APPROVE: &str = r#"
schemaVersion: "0.3"
mainSteps:
  - name: Ask
    action: aws:approve
    inputs:
      Message: May it go on?
      MinRequiredApprovals: 2
      Approvers: [ann, "arn:aws:iam::000000000000:user/bob", "arn:aws:iam::000000000000:role/ops"]
  - { name: After, action: "aws:executeAutomation", inputs: { DocumentName: D } }
"#;

const TWO: &str = r#"
schemaVersion: "0.3"
mainSteps:
  - { name: First, action: "aws:executeAutomation", onFailure: Continue, inputs: { DocumentName: D } }
  - { name: Second, action: "aws:pause", inputs: {} }
"#;

async fn signal(
    run: &Driven<'_>,
    fixture: &Fixture,
    kind: &str,
    payload: Value,
) -> Result<(), ServiceError> {
    let mut input = json!({ "AutomationExecutionId": run.run.as_str(), "SignalType": kind });
    if payload != json!({}) {
        input["Payload"] = payload;
    }
    call(fixture, "SendAutomationSignal", input).await.map(drop)
}

/// A word of a user, as the service gives it: policies are another matter.
async fn word(
    run: &mut Driven<'_>,
    fixture: &Fixture,
    name: &str,
    kind: &str,
) -> Result<(), ServiceError> {
    let request = services::automation::SendAutomationSignalRequest {
        automation_execution_id: run.run.to_string(),
        signal_type: kind.to_owned(),
        payload: Some([("Comment".to_owned(), vec!["as I see it".to_owned()])].into()),
    };
    let sent = fixture.services.send_automation_signal(&user(name), request).await;
    run.take().await;
    sent.map(drop)
}

#[tokio::test]
async fn two_of_three_approve() {
    let fixture = Fixture::new();
    let mut run = start(&fixture, APPROVE, json!({})).await;
    let error = word(&mut run, &fixture, "eve", "Approve").await.unwrap_err();
    assert_eq!(error.code, "InvalidAutomationSignalException");
    word(&mut run, &fixture, "ann", "Approve").await.unwrap();
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Waiting");
    let ask = &shown["StepExecutions"][0];
    assert_eq!(ask["StepStatus"], "Waiting");
    assert_eq!(ask["Outputs"]["ApprovalStatus"], json!(["Waiting"]));
    let decision: Value =
        serde_json::from_str(ask["Outputs"]["ApproverDecisions"][0].as_str().unwrap()).unwrap();
    assert_eq!(decision["Approver"], "arn:aws:iam::000000000000:user/ann");
    assert_eq!(
        (&decision["Decision"], &decision["Comment"]),
        (&json!("Approve"), &json!("as I see it"))
    );
    let error = word(&mut run, &fixture, "ann", "Approve").await.unwrap_err();
    assert_eq!(error.code, "InvalidAutomationSignalException");
    word(&mut run, &fixture, "bob", "Approve").await.unwrap();
    let shown = run.shown().await;
    assert_eq!(all(&shown["StepExecutions"], "StepStatus"), ["Success", "InProgress"]);
    let outputs = &shown["StepExecutions"][0]["Outputs"];
    assert_eq!(outputs["ApprovalStatus"], json!(["Approved"]));
    assert_eq!(outputs["ApproverDecisions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn one_reject_ends_it() {
    let fixture = Fixture::new();
    let mut run = start(&fixture, APPROVE, json!({})).await;
    word(&mut run, &fixture, "ann", "Approve").await.unwrap();
    word(&mut run, &fixture, "bob", "Reject").await.unwrap();
    let shown = run.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Failed");
    let outputs = &shown["StepExecutions"][0]["Outputs"];
    assert_eq!(outputs["ApprovalStatus"], json!(["Rejected"]));
    let error = word(&mut run, &fixture, "ann", "Approve").await.unwrap_err();
    assert_eq!(error.code, "InvalidAutomationSignalException", "the run has ended");
}

#[tokio::test]
async fn an_interactive_run_waits_before_each_step() {
    let fixture = Fixture::new();
    let mut run = start(&fixture, TWO, json!({ "Mode": "Interactive" })).await;
    let shown = run.shown().await;
    assert_eq!(
        (&shown["Mode"], &shown["AutomationExecutionStatus"]),
        (&json!("Interactive"), &json!("Waiting"))
    );
    assert_eq!(all(&shown["StepExecutions"], "StepStatus"), ["Waiting", "Pending"]);
    assert_eq!(shown["CurrentStepName"], "First");
    signal(&run, &fixture, "StartStep", json!({ "StepName": ["First"] })).await.unwrap();
    run.take().await;
    run.end(0, Ok(json!({}))).await;
    let shown = run.shown().await;
    assert_eq!(all(&shown["StepExecutions"], "StepStatus"), ["Success", "Waiting"]);
    signal(&run, &fixture, "Resume", json!({ "StepName": ["Second"] })).await.unwrap();
    run.take().await;
    let again = signal(&run, &fixture, "StartStep", json!({ "StepName": ["Second"] })).await;
    assert_eq!(again.unwrap_err().code, "InvalidAutomationSignalException", "it has started");
    signal(&run, &fixture, "Resume", json!({ "StepName": ["Second"] })).await.unwrap();
    run.take().await;
    assert_eq!(run.shown().await["AutomationExecutionStatus"], "Success");
}

#[tokio::test]
async fn a_step_is_stopped_by_the_id_of_its_execution() {
    let fixture = Fixture::new();
    let mut run = start(&fixture, TWO, json!({})).await;
    let shown = run.shown().await;
    let id = shown["StepExecutions"][0]["StepExecutionId"].clone();
    let second = shown["StepExecutions"][1]["StepExecutionId"].clone();
    let refused = signal(&run, &fixture, "StopStep", json!({ "StepExecutionId": [second] })).await;
    assert_eq!(refused.unwrap_err().code, "InvalidAutomationSignalException");
    signal(&run, &fixture, "StopStep", json!({ "StepExecutionId": [id] })).await.unwrap();
    run.take().await;
    let shown = run.shown().await;
    assert_eq!(all(&shown["StepExecutions"], "StepStatus"), ["Cancelled", "Waiting"]);
}

#[tokio::test]
async fn what_no_step_waits_for_is_refused() {
    let fixture = Fixture::new();
    let run = start(&fixture, TWO, json!({})).await;
    let cases = [
        ("Approve", json!({}), "InvalidAutomationSignalException"),
        ("Resume", json!({ "StepName": ["Nobody"] }), "AutomationStepNotFoundException"),
        ("Resume", json!({ "StepName": ["Second"] }), "InvalidAutomationSignalException"),
        ("StartStep", json!({}), "InvalidAutomationSignalException"),
        ("StartStep", json!({ "StepName": ["First"] }), "InvalidAutomationSignalException"),
        ("StopStep", json!({}), "InvalidAutomationSignalException"),
        ("StopStep", json!({ "StepExecutionId": ["x"] }), "AutomationStepNotFoundException"),
        ("Revoke", json!({}), "InvalidAutomationSignalException"),
        ("Approve", json!({ "Colour": ["red"] }), "InvalidAutomationSignalException"),
        ("Approve", json!({ "Comment": ["a", "b"] }), "InvalidAutomationSignalException"),
        ("Resume", json!({ "Comment": ["a"] }), "InvalidAutomationSignalException"),
        ("Wave", json!({}), "ValidationException"),
    ];
    for (kind, payload, code) in cases {
        let error = signal(&run, &fixture, kind, payload).await.unwrap_err();
        assert_eq!(error.code, code, "{kind}: {error}");
    }
    for kind in ["Approve", "StopStep", "Revoke"] {
        let input = json!({
            "AutomationExecutionId": "00000000-0000-4000-8000-000000000000", "SignalType": kind, "Payload": { "StepExecutionId": ["x"] }
        });
        let error = call(&fixture, "SendAutomationSignal", input).await.unwrap_err();
        assert_eq!(error.code, "AutomationExecutionNotFoundException", "{kind}");
    }
}

#[tokio::test]
async fn a_run_is_cancelled_or_completed() {
    let fixture = Fixture::new();
    let stop = async |run: &Driven<'_>, kind: &str| {
        let input = json!({ "AutomationExecutionId": run.run.as_str(), "Type": kind });
        call(&fixture, "StopAutomationExecution", input).await
    };
    let mut cancelled = start(&fixture, TWO, json!({})).await;
    cancelled.end(0, Ok(json!({}))).await;
    stop(&cancelled, "Cancel").await.unwrap();
    cancelled.take().await;
    assert_eq!(cancelled.shown().await["AutomationExecutionStatus"], "Cancelled");
    for kind in ["Cancel", "Complete"] {
        let error = stop(&cancelled, kind).await.unwrap_err();
        assert_eq!(error.code, "InvalidAutomationStatusUpdateException");
    }
    let mut completed = start(&fixture, TWO, json!({})).await;
    stop(&completed, "Complete").await.unwrap();
    completed.take().await;
    assert_eq!(completed.shown().await["AutomationExecutionStatus"], "InProgress");
    completed.end(0, Ok(json!({}))).await;
    let shown = completed.shown().await;
    assert_eq!(shown["AutomationExecutionStatus"], "Success");
    assert_eq!(all(&shown["StepExecutions"], "StepStatus"), ["Success", "Pending"]);
    assert_eq!(stop(&completed, "Pause").await.unwrap_err().code, "ValidationException");
}
