use std::fs;
use std::path::Path;

use serde_json::json;
use services::access::{
    PolicyDiagnostic, Severity, ShownPolicy, actions, schema_text, validate_policies,
};
use services::{Actor, Operation, Settings};
use tempfile::TempDir;

use crate::fixture::Fixture;

const GOOD: &str = r#"
@id("readers")
permit (principal in Role::"support", action == Action::"ssm:GetParameter", resource);
forbid (principal, action, resource in Parameter::"/keys");
"#;

fn settings(directory: &Path) -> Settings {
    Settings { policy_directory: Some(directory.to_owned()), ..Settings::default() }
}

fn with_file(text: &str) -> (TempDir, Fixture) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("site.cedar"), text).unwrap();
    let fixture = Fixture::with(settings(directory.path()), 1);
    (directory, fixture)
}

fn own(fixture: &Fixture) -> Vec<ShownPolicy> {
    let mut all = fixture.services.list_policies();
    all.retain(|policy| !policy.id.starts_with("shipped:"));
    all
}

#[tokio::test]
async fn policies_are_called_by_their_files() {
    let (_directory, fixture) = with_file(GOOD);
    let own = own(&fixture);
    let ids: Vec<_> = own.iter().map(|policy| (policy.id.as_str(), policy.forbids)).collect();
    assert_eq!(ids, [("site:readers", false), ("site:2", true)]);
    assert!(own[0].text.contains("support"));
    let all = fixture.services.list_policies();
    for id in
        ["shipped:admin", "shipped:author", "shipped:node", "shipped:operator", "shipped:reader"]
    {
        assert!(all.iter().any(|policy| policy.id == id), "{id}");
    }
    let status = fixture.services.policy_status();
    assert!(!status.is_broken && status.count == all.len() && status.loaded_ms > 0, "{status:?}");
}

#[tokio::test]
async fn a_change_is_taken_and_written_down() {
    let (directory, fixture) = with_file(GOOD);
    let file = directory.path().join("site.cedar");
    let before = fixture.services.policy_status();
    assert_eq!(fixture.services.reload_policies().await.unwrap(), before);
    assert!(fixture.audit_actions().is_empty());
    // As long as before, so that only its content tells.
    fs::write(&file, GOOD.replace("support", "surport")).unwrap();
    fixture.services.reload_policies().await.unwrap();
    assert!(own(&fixture)[0].text.contains("surport"));
    fs::write(directory.path().join("more.cedar"), "forbid (principal, action, resource);")
        .unwrap();
    fs::write(directory.path().join("notes.txt"), "no policy").unwrap();
    fixture.services.reload_policies().await.unwrap();
    assert_eq!(own(&fixture).len(), 3);
    fs::remove_file(&file).unwrap();
    fixture.services.reload_policies().await.unwrap();
    assert_eq!(own(&fixture)[0].id, "more:1");
    let loaded = ("LoadPolicies".to_owned(), "allow".to_owned());
    assert_eq!(fixture.audit_actions(), vec![loaded; 3]);
}

#[tokio::test]
async fn what_is_broken_leaves_what_was_last_good() {
    let (directory, fixture) = with_file(GOOD);
    let file = directory.path().join("site.cedar");
    let before = own(&fixture);
    let broken = [
        "permit (principal, action, resource",
        "permit (principal, action == Action::\"ssm:GetParametr\", resource);",
        "permit (principal, action, resource) when { resource.colour == \"red\" };",
        "permit (principal == ?principal, action, resource);",
        "@id(\"a\") permit (principal, action, resource); @id(\"a\") permit (principal, action, resource);",
    ];
    for text in broken {
        fs::write(&file, text).unwrap();
        // A good file beside it does not count alone: what it lacks may be what forbids.
        fs::write(directory.path().join("more.cedar"), "permit (principal, action, resource);")
            .unwrap();
        let status = fixture.services.reload_policies().await.unwrap();
        assert!(status.is_broken && !status.diagnostics.is_empty(), "{text}");
        assert!(status.diagnostics.iter().all(|wrong| wrong.file == "site"), "{status:?}");
        assert_eq!(own(&fixture), before, "{text}");
        assert_eq!(fixture.services.policy_status(), status);
    }
    fs::remove_dir_all(directory.path()).unwrap();
    assert!(fixture.services.reload_policies().await.unwrap().is_broken);
    assert_eq!(own(&fixture), before);
    fs::create_dir(directory.path()).unwrap();
    fs::write(&file, GOOD).unwrap();
    let status = fixture.services.reload_policies().await.unwrap();
    assert!(!status.is_broken && status.diagnostics.is_empty(), "{status:?}");
    assert_eq!(own(&fixture), before);
}

#[tokio::test]
async fn nothing_starts_without_the_policies_it_was_given() {
    let (directory, fixture) = with_file(GOOD);
    let keyring = || {
        let data = fixture.directory.path().join("data");
        services::Keyring::open(&data, &services::keyring::Sources::default(), &[]).unwrap()
    };
    let open = |path: &Path| {
        let shipped = services::Shipped::default();
        let store = fixture.store.clone();
        services::Services::new(settings(path), store, keyring(), fixture.nodes.clone(), shipped)
    };
    fs::write(directory.path().join("site.cedar"), "permit (principal, action,\n resource")
        .unwrap();
    let error = open(directory.path()).unwrap_err();
    assert!(error.message.contains("site:2:"), "{error}");
    assert!(open(&directory.path().join("absent")).is_err());
    fs::write(directory.path().join("site.cedar"), GOOD).unwrap();
    fs::write(directory.path().join("shipped.cedar"), GOOD).unwrap();
    assert!(open(directory.path()).unwrap_err().message.contains("shipped"));
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    assert_eq!(validate_policies(GOOD), []);
    let text = "permit (principal, action, resource);\n\n  // é\n  permit (principal, action == Action::\"ssm:Nothing\", resource);";
    let said = validate_policies(text);
    let [PolicyDiagnostic { line, column, severity, message, .. }] = &said[..] else {
        panic!("{said:?}")
    };
    assert_eq!((*line, *severity), (4, Severity::Error));
    assert!(*column >= 3 && message.contains("ssm:Nothing"), "{column} {message}");
    let said = validate_policies("permit (principal, action, resource)\nwhen { context.mfa + };");
    assert_eq!((said[0].line, said[0].column), (2, 22), "{said:?}");
    let said = validate_policies(
        "permit (principal, action, resource is Parameter) when { resource is Document };",
    );
    assert!(
        said.iter().all(|one| one.severity == Severity::Warning) && !said.is_empty(),
        "{said:?}"
    );
}

#[test]
fn actions_are_the_operations_of_the_model() {
    let model = include_str!("../../../ssm-model/model/ssm-model.json");
    let model: serde_json::Value = serde_json::from_str(model).unwrap();
    let operations: Vec<_> = model["operations"].as_object().unwrap().keys().cloned().collect();
    let mut operations: Vec<String> = operations;
    operations.sort();
    let ssm = actions().filter(|action| action.service == "ssm");
    assert_eq!(ssm.map(|action| action.operation.to_owned()).collect::<Vec<_>>(), operations);
    for operation in Operation::all() {
        let action = services::access::Action::of(operation.name);
        assert_eq!(action.access(), operation.access, "{}", operation.name);
    }
    assert!(schema_text().contains("action \"ssm:SendCommand\" in [\"ssm:write\"]"));
}

#[tokio::test]
async fn a_reload_changes_what_is_allowed() {
    let (directory, fixture) = with_file("permit (principal, action, resource);");
    let nobody =
        Actor::new(host_api::identifier::Principal::new("arn:aws:iam::000000000000:role/nobody"));
    let get = || fixture.services.call(nobody.clone(), "GetParameter", json!({ "Name": "/x" }));
    assert_eq!(get().await.unwrap_err().code, "ParameterNotFound");
    fs::write(directory.path().join("site.cedar"), "").unwrap();
    fixture.services.reload_policies().await.unwrap();
    assert_eq!(get().await.unwrap_err().code, "AccessDeniedException");
}
