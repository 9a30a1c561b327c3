//! Previews of runs.

use serde_json::{Value, json};

use crate::driven::{call, start_only};
use crate::fixture::Fixture;

const MIXED: &str = r#"
schemaVersion: "0.4"
flow: sequence
parameters:
  Id: { type: String }
mainSteps:
  - { name: Check, action: assertProperty, inputs: { Value: a, DesiredValues: [a] } }
  - { name: Read, action: getParameter, inputs: { Name: /a } }
  - { name: Child, action: executeAutomation, inputs: { DocumentName: D } }
  - { name: Hold, action: pause }
"#;

async fn preview(fixture: &Fixture, inputs: Value) -> Result<Value, services::ServiceError> {
    let input = json!({ "DocumentName": "Tested", "ExecutionInputs": { "Automation": inputs } });
    let started = call(fixture, "StartExecutionPreview", input).await?;
    let id = json!({ "ExecutionPreviewId": started["ExecutionPreviewId"] });
    call(fixture, "GetExecutionPreview", id).await
}

async fn fixture() -> Fixture {
    let fixture = Fixture::new();
    start_only(&fixture, MIXED, json!({ "Parameters": { "Id": ["a"] } })).await.unwrap();
    fixture
}

#[tokio::test]
async fn a_preview_counts_what_steps_do() {
    let fixture = fixture().await;
    let shown = preview(&fixture, json!({})).await.unwrap();
    assert_eq!(shown["Status"], "Success");
    assert!(shown["EndedAt"].is_number());
    let automation = json!({
        "StepPreviews": { "Mutating": 0, "NonMutating": 3, "Undetermined": 1 },
        "TargetPreviews": [], "Regions": ["us-east-1"], "TotalAccounts": 1
    });
    assert_eq!(shown["ExecutionPreview"], json!({ "Automation": automation }));
    let inputs = json!({
        "TargetParameterName": "Id", "Targets": [{ "Key": "tag:Role", "Values": ["web"] }]
    });
    let shown = preview(&fixture, inputs).await.unwrap();
    let targets = json!([{ "Count": 1, "TargetType": "AWS::SSM::ManagedInstance" }]);
    assert_eq!(shown["ExecutionPreview"]["Automation"]["TargetPreviews"], targets);
}

#[tokio::test]
async fn what_could_not_be_started_is_not_previewed() {
    let fixture = fixture().await;
    let target = json!([{ "Key": "ParameterValues", "Values": ["a"] }]);
    for inputs in [
        json!({ "Parameters": { "Nothing": ["a"] } }),
        json!({ "Parameters": { "Id": ["a", "b"] } }),
        json!({ "TargetParameterName": "Nothing", "Targets": target }),
        json!({ "TargetParameterName": "Id", "Targets": [{ "Key": "tag:Role", "Values": ["db"] }] }),
    ] {
        let error = preview(&fixture, inputs.clone()).await.unwrap_err();
        assert_eq!(error.code, "ValidationException", "{inputs}");
    }
    let locations = json!({ "TargetLocations": [{ "Accounts": ["111111111111"] }] });
    assert_eq!(preview(&fixture, locations).await.unwrap_err().code, "Unavailable");
    let unknown = json!({ "DocumentName": "Nothing" });
    let error = call(&fixture, "StartExecutionPreview", unknown).await.unwrap_err();
    assert_eq!(error.code, "ValidationException");
}

const OLD: &str = "00000000-0000-4000-8000-000000000001";

#[tokio::test]
async fn an_unknown_or_expired_preview_is_not_found() {
    let fixture = fixture().await;
    let old = store::previews::PreviewRow {
        id: OLD.to_owned(),
        preview: "{}".to_owned(),
        created_ms: 1,
        expires_ms: 2,
    };
    fixture.store.write(move |tx| store::previews::insert(tx, &old)).await.unwrap();
    for id in ["00000000-0000-4000-8000-000000000000", OLD] {
        let input = json!({ "ExecutionPreviewId": id });
        let error = call(&fixture, "GetExecutionPreview", input).await.unwrap_err();
        assert_eq!(error.code, "ResourceNotFoundException");
    }
    preview(&fixture, json!({})).await.unwrap();
    let kept = fixture.store.read_blocking(|tx| store::previews::find(tx, OLD, 0)).unwrap();
    assert_eq!(kept, None, "making one forgets those that have expired");
}
