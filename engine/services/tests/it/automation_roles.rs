//! As whom a run acts.

use host_api::identifier::Principal;
use serde_json::json;
use services::Actor;
use services::automation::StartAutomationExecutionRequest;

use crate::driven::{Driven, administrator, start_only, user};
use crate::fixture::{Fixture, actor};

const WITH_ROLE: &str = r#"
schemaVersion: "0.3"
assumeRole: "{{ AutomationAssumeRole }}"
parameters:
  AutomationAssumeRole: { type: String, default: "" }
mainSteps:
  - { name: Hold, action: "aws:pause", inputs: {} }
"#;

const ROLE: &str = "arn:aws:iam::000000000000:role/ops";

fn given(role: &str) -> serde_json::Value {
    json!({ "Parameters": { "AutomationAssumeRole": [role] } })
}

fn principal_of(fixture: &Fixture, run: &str) -> String {
    let run = host_api::identifier::RunId::new(run);
    let row = fixture.store.read_blocking(|tx| store::runs::get(tx, &run)).unwrap();
    row.principal.to_string()
}

#[tokio::test]
async fn a_run_acts_as_the_role_of_its_document() {
    let fixture = Fixture::new();
    let run = start_only(&fixture, WITH_ROLE, given("arn:aws:iam::000000000000:role/path/ops"))
        .await
        .unwrap();
    assert_eq!(principal_of(&fixture, &run), ROLE);
    let shown = Driven::begin(&fixture, &run).await.shown().await;
    assert_eq!(shown["ExecutedBy"], "arn:aws:iam::000000000000:user/administrator");
    let run = start_only(&fixture, WITH_ROLE, json!({})).await.unwrap();
    assert_eq!(principal_of(&fixture, &run), administrator().principal.to_string());
    let literal = WITH_ROLE
        .replace("{{ AutomationAssumeRole }}", "arn:aws:iam::{{ global:ACCOUNT_ID }}:role/ops");
    let run = start_only(&fixture, &literal, json!({})).await.unwrap();
    assert_eq!(principal_of(&fixture, &run), ROLE);
}

#[tokio::test]
async fn a_run_over_targets_acts_as_the_role_too() {
    let fixture = Fixture::new();
    let text = WITH_ROLE.replace("parameters:", "parameters:\n  Id: { type: String }");
    let mut more = given(ROLE);
    more["TargetParameterName"] = json!("Id");
    more["Targets"] = json!([{ "Key": "ParameterValues", "Values": ["a"] }]);
    let run = start_only(&fixture, &text, more).await.unwrap();
    assert_eq!(principal_of(&fixture, &run), ROLE);
}

#[tokio::test]
async fn what_is_no_role_here_is_refused() {
    let fixture = Fixture::new();
    for role in [
        "ops",
        "arn:aws:iam::111111111111:role/ops",
        "arn:aws:iam::000000000000:user/ops",
        "arn:aws:iam::000000000000:role/",
        "arn:aws:sts::000000000000:assumed-role/ops/x",
    ] {
        let error = start_only(&fixture, WITH_ROLE, given(role)).await.unwrap_err();
        assert_eq!(error.code, "InvalidAutomationExecutionParametersException", "{role}");
    }
}

#[tokio::test]
async fn a_role_is_passed_by_who_may_and_by_itself() {
    let fixture = Fixture::new();
    start_only(&fixture, WITH_ROLE, json!({})).await.unwrap();
    let start = async |actor: &Actor| {
        let parameters = [("AutomationAssumeRole".to_owned(), vec![ROLE.to_owned()])];
        let request = StartAutomationExecutionRequest {
            document_name: "Tested".to_owned(),
            parameters: Some(parameters.into()),
            ..StartAutomationExecutionRequest::default()
        };
        let started = fixture.services.start_automation_execution(actor, request).await?;
        Ok::<_, services::ServiceError>(started.automation_execution_id.unwrap())
    };
    let error = start(&user("ann")).await.unwrap_err();
    assert_eq!(error.code, "AccessDeniedException");
    assert!(fixture.audit_actions().contains(&("PassRole".to_owned(), "deny".to_owned())));
    let run = start(&Actor::new(Principal::new(ROLE))).await.unwrap();
    assert_eq!(principal_of(&fixture, &run), ROLE);
    let run = start(&actor()).await.unwrap();
    assert_eq!(principal_of(&fixture, &run), "os:1000", "an embedded engine has no roles");
}
