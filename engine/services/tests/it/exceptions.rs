//! What breaks the model and is answered by SSM's own exception, or in its own words.

use serde_json::{Value, json};
use services::{Actor, ServiceError};

use crate::fixture::Fixture;

const ADMINISTRATOR: &str = "arn:aws:iam::000000000000:user/administrator";

async fn scene() -> Fixture {
    let fixture = Fixture::new();
    fixture.services.ensure_administrator().await.unwrap();
    let input = json!({ "Name": "/app/port", "Value": "80", "Type": "String" });
    call(&fixture, "PutParameter", input).await.unwrap();
    fixture
}

async fn call(fixture: &Fixture, operation: &str, input: Value) -> Result<Value, ServiceError> {
    let actor = Actor::new(host_api::identifier::Principal::new(ADMINISTRATOR));
    fixture.services.call(actor, operation, input).await
}

async fn refused(operation: &str, input: Value) -> (String, String) {
    let error = call(&scene().await, operation, input).await.unwrap_err();
    (error.code.into_owned(), error.message)
}

fn many(beginning: &str) -> Vec<String> {
    (0..11).map(|number| format!("{beginning}{number}")).collect()
}

#[tokio::test]
async fn a_resource_type_that_is_none_has_its_own_exception() {
    let id = json!({ "ResourceType": "Bucket", "ResourceId": "x" });
    let with = |member: &str, value: Value| {
        let mut input = id.clone();
        input[member] = value;
        input
    };
    let requests = [
        ("ListTagsForResource", id.clone()),
        ("AddTagsToResource", with("Tags", json!([{ "Key": "a", "Value": "b" }]))),
        ("RemoveTagsFromResource", with("TagKeys", json!(["a"]))),
    ];
    for (operation, input) in requests {
        let (code, _) = refused(operation, input).await;
        assert_eq!(code, "InvalidResourceType", "{operation}");
    }
}

#[tokio::test]
async fn a_type_of_permission_that_is_none_has_its_own_exception() {
    for operation in ["DescribeDocumentPermission", "ModifyDocumentPermission"] {
        let input = json!({ "Name": "Tidy", "PermissionType": "Lend" });
        let (code, message) = refused(operation, input).await;
        assert_eq!(code, "InvalidPermissionType", "{operation}");
        assert!(message.ends_with("Member must satisfy enum value set: [Share]"), "{message}");
    }
}

#[tokio::test]
async fn too_many_labels_have_one_exception_however_they_come() {
    let too_many = |(code, message): &(String, String)| {
        assert_eq!(code, "ParameterVersionLabelLimitExceeded");
        assert!(
            message.starts_with("A parameter version can have maximum 10 labels."),
            "{message}"
        );
    };
    let at_once = json!({ "Name": "/app/port", "Labels": many("label") });
    too_many(&refused("LabelParameterVersion", at_once).await);
    let fixture = scene().await;
    let first = json!({ "Name": "/app/port", "Labels": &many("label")[1..] });
    call(&fixture, "LabelParameterVersion", first).await.unwrap();
    let second = json!({ "Name": "/app/port", "Labels": ["another"] });
    let error = call(&fixture, "LabelParameterVersion", second).await.unwrap_err();
    too_many(&(error.code.into_owned(), error.message));
}

#[tokio::test]
async fn a_label_that_is_too_long_is_no_matter_of_their_number() {
    let input = json!({ "Name": "/app/port", "Labels": ["a".repeat(101)] });
    let (code, message) = refused("LabelParameterVersion", input).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("length less than or equal to 100"), "{message}");
}

#[tokio::test]
async fn counts_and_types_are_refused_in_ssms_words() {
    let (_, message) = refused("GetParameters", json!({ "Names": many("n") })).await;
    assert!(message.ends_with("n9, n10]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10."), "{message}");
    let (_, message) =
        refused("GetParameterHistory", json!({ "Name": "/app/port", "MaxResults": 51 })).await;
    assert!(message.ends_with("Member must have value less than or equal to 50."), "{message}");
    let input = json!({ "Name": "x", "Value": "y", "Type": "Text" });
    let (code, message) = refused("PutParameter", input).await;
    assert_eq!(code, "ValidationException");
    assert_eq!(
        message,
        "1 validation error detected: Value 'Text' at 'type' failed to satisfy constraint: Member must satisfy enum value set: \
         [SecureString, StringList, String]"
    );
}

#[tokio::test]
async fn what_breaks_more_than_one_constraint_is_a_validation_exception() {
    let input =
        json!({ "ResourceType": "Bucket", "ResourceId": "x", "TagKeys": ["a"], "Extra": 1 });
    let (code, message) = refused("RemoveTagsFromResource", input).await;
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with("2 validation errors detected"), "{message}");
    let (code, _) = refused("ListTagsForResource", json!({ "ResourceId": "x" })).await;
    assert_eq!(code, "ValidationException");
}

#[tokio::test]
async fn a_key_that_no_filter_has_is_told_the_keys() {
    let input = json!({ "ParameterFilters": [{ "Key": "Colour", "Values": ["red"] }] });
    let (code, message) = refused("DescribeParameters", input).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier"), "{message}");
}

#[tokio::test]
async fn a_name_at_the_root_is_changed_and_deleted_with_and_without_its_slash() {
    let fixture = scene().await;
    for (stored, asked) in [("/rooted", "rooted"), ("flat", "/flat")] {
        let put = json!({ "Name": stored, "Value": "1", "Type": "String" });
        call(&fixture, "PutParameter", put.clone()).await.unwrap();
        let labels = json!({ "Name": asked, "ParameterVersion": 1, "Labels": ["live"] });
        call(&fixture, "LabelParameterVersion", labels.clone()).await.unwrap();
        let unlabelled = call(&fixture, "UnlabelParameterVersion", labels).await.unwrap();
        assert_eq!(unlabelled["RemovedLabels"], json!(["live"]));
        call(&fixture, "DeleteParameter", json!({ "Name": asked })).await.unwrap();
        call(&fixture, "PutParameter", put).await.unwrap();
        let deleted = call(&fixture, "DeleteParameters", json!({ "Names": [asked, "/none"] }));
        let deleted = deleted.await.unwrap();
        assert_eq!(deleted["DeletedParameters"], json!([asked]));
        assert_eq!(deleted["InvalidParameters"], json!(["/none"]));
        let error = call(&fixture, "GetParameter", json!({ "Name": stored })).await.unwrap_err();
        assert_eq!(error.code, "ParameterNotFound");
    }
}

#[tokio::test]
async fn of_two_names_with_one_arn_the_one_that_is_named_goes() {
    let fixture = scene().await;
    for name in ["twin", "/twin"] {
        let put = json!({ "Name": name, "Value": name, "Type": "String" });
        call(&fixture, "PutParameter", put).await.unwrap();
    }
    let both = json!({ "Names": ["/twin", "twin"] });
    call(&fixture, "DeleteParameter", json!({ "Name": "/twin" })).await.unwrap();
    let left = call(&fixture, "GetParameters", both.clone()).await.unwrap();
    assert_eq!(left["Parameters"][0]["Value"], "twin");
    let deleted = call(&fixture, "DeleteParameters", both).await.unwrap();
    assert_eq!(deleted["DeletedParameters"], json!(["/twin"]));
    assert_eq!(deleted["InvalidParameters"], json!(["twin"]));
}

#[tokio::test]
async fn only_the_latest_version_of_a_document_is_updated() {
    let fixture = scene().await;
    let content = |text: &str| {
        json!({ "schemaVersion": "2.2", "description": text, "mainSteps": [
            { "action": "aws:runShellScript", "name": "tidy", "inputs": { "runCommand": ["true"] } },
        ] })
        .to_string()
    };
    let create = json!({ "Name": "Tidy", "Content": content("one"), "DocumentType": "Command" });
    call(&fixture, "CreateDocument", create).await.unwrap();
    let update = |text: &str, version: &str| json!({ "Name": "Tidy", "Content": content(text), "DocumentVersion": version });
    call(&fixture, "UpdateDocument", update("two", "1")).await.unwrap();
    for (version, words) in [("1", "is not latest"), ("9", "not valid or does not exist")] {
        let error = call(&fixture, "UpdateDocument", update("three", version)).await.unwrap_err();
        assert_eq!(error.code, "InvalidDocumentVersion");
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_document_may_have_a_default_that_it_would_refuse() {
    let content = json!({ "schemaVersion": "2.2", "description": null, "parameters": {
        "Level": { "type": "String", "description": null, "default": "loud", "allowedPattern": "[0-9]+" },
    }, "mainSteps": [
        { "action": "aws:runShellScript", "name": "tidy", "inputs": { "runCommand": ["true"] } },
    ] });
    let create =
        json!({ "Name": "Tidy", "Content": content.to_string(), "DocumentType": "Command" });
    let made = call(&scene().await, "CreateDocument", create).await.unwrap();
    let parameter = &made["DocumentDescription"]["Parameters"][0];
    assert_eq!(parameter["DefaultValue"], "loud");
    assert!(parameter.get("Description").is_none_or(|text| text == ""), "{parameter}");
}
