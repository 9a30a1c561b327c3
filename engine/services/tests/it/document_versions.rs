use serde_json::{Value, json};
use services::ServiceError;

use crate::fixture::{Fixture, SHELL, SMALLEST, actor};

impl Fixture {
    pub(crate) async fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        self.services.call(actor(), operation, input).await
    }

    async fn code(&self, operation: &str, input: Value) -> String {
        self.call(operation, input).await.unwrap_err().code.into_owned()
    }

    pub(crate) async fn create(&self, name: &str) -> Value {
        let input = json!({ "Name": name, "Content": SHELL, "DocumentFormat": "YAML" });
        self.call("CreateDocument", input).await.unwrap()["DocumentDescription"].clone()
    }

    async fn update(&self, name: &str, change: &str) -> Value {
        let content = format!("{SHELL}\n# {change}\n");
        let input = json!({ "Name": name, "Content": content, "DocumentFormat": "YAML", "DocumentVersion": "$LATEST" });
        self.call("UpdateDocument", input).await.unwrap()["DocumentDescription"].clone()
    }
}

const DESCRIBED: &str = r#"{
  "schemaVersion": "2.2",
  "description": "Says something.",
  "parameters": {
    "Second": { "type": "StringList", "default": ["a", "b"], "description": "Words." },
    "First": { "type": "String", "default": "x" }
  },
  "mainSteps": [
    { "action": "aws:runShellScript", "name": "say", "inputs": { "runCommand": ["echo {{ First }} {{ Second }}"] } }
  ]
}"#;

#[tokio::test]
async fn a_document_is_described_as_it_was_created() {
    let fixture = Fixture::new();
    let input = json!({
        "Name": "Say", "Content": DESCRIBED, "DocumentType": "Command", "VersionName": "base",
        "DisplayName": "Say it", "TargetType": "/AWS::EC2::Instance",
        "Requires": [{ "Name": "Other", "Version": "1" }],
        "Tags": [{ "Key": "team", "Value": "web" }],
    });
    let created =
        fixture.call("CreateDocument", input).await.unwrap()["DocumentDescription"].clone();
    let found = fixture.call("DescribeDocument", json!({ "Name": "Say" })).await.unwrap();
    assert_eq!(found["Document"], created);
    let expected = json!({
        "Name": "Say", "Owner": "000000000000", "DocumentVersion": "1", "LatestVersion": "1", "DefaultVersion": "1",
        "Description": "Says something.", "DocumentType": "Command", "DocumentFormat": "JSON", "SchemaVersion": "2.2",
        "Status": "Active", "HashType": "Sha256", "VersionName": "base", "DisplayName": "Say it",
        "TargetType": "/AWS::EC2::Instance", "PlatformTypes": ["Linux", "MacOS"],
        "Requires": [{ "Name": "Other", "Version": "1" }], "Tags": [{ "Key": "team", "Value": "web" }],
        "Author": "os:1000",
        "Parameters": [
            { "Name": "Second", "Type": "StringList", "Description": "Words.", "DefaultValue": "[\"a\",\"b\"]" },
            { "Name": "First", "Type": "String", "DefaultValue": "x" },
        ],
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(created[member], *value, "{member}");
    }
    let digest = host_api::identifier::Digest::of(DESCRIBED.as_bytes());
    assert_eq!(created["Hash"], digest.as_str());
    assert!(created["CreatedDate"].as_f64().unwrap() > 1_700_000_000.0);
}

#[tokio::test]
async fn creation_is_refused_under_ssm_s_names() {
    let fixture = Fixture::new();
    fixture.create("Taken").await;
    let huge = format!("{SHELL}\n# {}", "x".repeat(64 << 10));
    let cases = [
        (
            json!({ "Name": "Taken", "Content": SHELL, "DocumentFormat": "YAML" }),
            "DocumentAlreadyExists",
        ),
        (
            json!({ "Name": "Huge", "Content": huge, "DocumentFormat": "YAML" }),
            "MaxDocumentSizeExceeded",
        ),
        (json!({ "Name": "Yaml", "Content": SHELL }), "InvalidDocumentContent"),
        (
            json!({ "Name": "Run", "Content": SMALLEST, "DocumentFormat": "YAML" }),
            "InvalidDocumentContent",
        ),
        (
            json!({ "Name": "Text", "Content": SHELL, "DocumentFormat": "TEXT" }),
            "ValidationException",
        ),
        (
            json!({ "Name": "amazon-mine", "Content": SHELL, "DocumentFormat": "YAML" }),
            "ValidationException",
        ),
        (
            json!({ "Name": "AWS-RunShellScript", "Content": SHELL, "DocumentFormat": "YAML" }),
            "ValidationException",
        ),
        (
            json!({ "Name": "Session", "Content": "{}", "DocumentType": "Session" }),
            "InvalidDocumentSchemaVersion",
        ),
        (
            json!({ "Name": "Policy", "Content": "{\"schemaVersion\":\"1.2\"}", "DocumentType": "Policy" }),
            "InvalidDocumentSchemaVersion",
        ),
        (
            json!({ "Name": "Package", "Content": "{\"schemaVersion\":\"2.0\"}", "DocumentType": "Package" }),
            "InvalidDocumentContent",
        ),
        (
            json!({ "Name": "Calendar", "Content": "{}", "DocumentType": "ChangeCalendar" }),
            "InvalidDocumentContent",
        ),
        (
            json!({ "Name": "Calendar", "Content": "no", "DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT" }),
            "InvalidDocumentContent",
        ),
        (
            json!({ "Name": "Nothing", "Content": "{}", "DocumentType": "Nothing" }),
            "ValidationException",
        ),
        (
            json!({ "Name": "Tags", "Content": SHELL, "DocumentFormat": "YAML", "Tags": [{ "Key": "aws:x", "Value": "" }] }),
            "ValidationException",
        ),
    ];
    for (input, code) in cases {
        let error = fixture.call("CreateDocument", input.clone()).await.unwrap_err();
        assert_eq!(error.code, code, "{} {error}", input["Name"]);
    }
    let error = fixture
        .call("CreateDocument", json!({ "Name": "Yaml", "Content": "{\n  a" }))
        .await
        .unwrap_err();
    assert!(error.message.starts_with("JSON not well-formed. at Line: 2, Column: 3"), "{error}");
    let names = fixture.services.document_names().await.unwrap();
    assert_eq!(names.len(), 2, "nothing else was stored: {names:?}");
}

#[tokio::test]
async fn other_types_are_stored_as_they_are() {
    let fixture = Fixture::new();
    let cases = [
        ("Session", "{\"schemaVersion\":\"1.0\",\"sessionType\":\"Standard_Stream\"}"),
        ("Policy", "{\"schemaVersion\":\"2.0\",\"mainSteps\":[]}"),
        ("Package", "{\"schemaVersion\":\"2.0\",\"packages\":{\"windows\":{}},\"files\":{}}"),
        ("ApplicationConfiguration", "[1,2]"),
        ("CloudFormation", "{\"Resources\":{}}"),
    ];
    for (kind, content) in cases {
        let input =
            json!({ "Name": format!("My{kind}"), "Content": content, "DocumentType": kind });
        fixture.call("CreateDocument", input).await.unwrap();
        let found =
            fixture.call("GetDocument", json!({ "Name": format!("My{kind}") })).await.unwrap();
        assert_eq!((&found["Content"], &found["DocumentType"]), (&json!(content), &json!(kind)));
    }
    let package = fixture.call("DescribeDocument", json!({ "Name": "MyPackage" })).await.unwrap();
    assert_eq!(package["Document"]["PlatformTypes"], json!(["Windows"]));
}

#[tokio::test]
async fn versions_follow_the_latest_and_never_become_the_default_by_themselves() {
    let fixture = Fixture::new();
    let input = json!({ "Name": "Mine", "Content": SHELL, "DocumentFormat": "YAML", "VersionName": "base", "DisplayName": "Kept" });
    fixture.call("CreateDocument", input).await.unwrap();
    let next = |version: Option<&str>, content: &str, name: Option<&str>| {
        let mut input = json!({ "Name": "Mine", "Content": content, "DocumentFormat": "YAML" });
        if let Some(version) = version {
            input["DocumentVersion"] = json!(version);
        }
        if let Some(name) = name {
            input["VersionName"] = json!(name);
        }
        input
    };
    let changed = format!("{SHELL}\n# changed\n");
    for version in [None, Some("2"), Some("$DEFAULT")] {
        assert_eq!(
            fixture.code("UpdateDocument", next(version, &changed, None)).await,
            "InvalidDocumentVersion",
            "{version:?}"
        );
    }
    assert_eq!(
        fixture.code("UpdateDocument", next(Some("1"), SHELL, None)).await,
        "DuplicateDocumentContent"
    );
    assert_eq!(
        fixture.code("UpdateDocument", next(Some("1"), &changed, Some("base"))).await,
        "DuplicateDocumentVersionName"
    );
    let updated = fixture
        .call("UpdateDocument", next(Some("1"), &changed, Some("next")))
        .await
        .unwrap()["DocumentDescription"]
        .clone();
    assert_eq!(
        (
            &updated["DocumentVersion"],
            &updated["LatestVersion"],
            &updated["DefaultVersion"],
            &updated["DisplayName"]
        ),
        (&json!("2"), &json!("2"), &json!("1"), &json!("Kept"))
    );
    let default = json!({ "Name": "Mine", "DocumentVersion": "2" });
    let moved = fixture.call("UpdateDocumentDefaultVersion", default).await.unwrap();
    assert_eq!(
        moved["Description"],
        json!({ "DefaultVersion": "2", "DefaultVersionName": "next", "Name": "Mine" })
    );
    let unknown = json!({ "Name": "Mine", "DocumentVersion": "9" });
    assert_eq!(
        fixture.code("UpdateDocumentDefaultVersion", unknown).await,
        "InvalidDocumentVersion"
    );
    let missing = json!({ "Name": "None", "DocumentVersion": "1" });
    assert_eq!(fixture.code("UpdateDocumentDefaultVersion", missing).await, "InvalidDocument");
    let missing = json!({ "Name": "None", "Content": SHELL, "DocumentVersion": "1" });
    assert_eq!(fixture.code("UpdateDocument", missing).await, "InvalidDocument");
}

#[tokio::test]
async fn a_version_is_meant_by_number_alias_or_name() {
    let fixture = Fixture::new();
    for (operation, content, name) in [
        ("CreateDocument", SHELL.to_owned(), "base"),
        ("UpdateDocument", format!("{SHELL}\n# next\n"), "next"),
    ] {
        let mut input = json!({ "Name": "Mine", "Content": content, "DocumentFormat": "YAML", "VersionName": name });
        if operation == "UpdateDocument" {
            input["DocumentVersion"] = json!("1");
        }
        fixture.call(operation, input).await.unwrap();
    }
    let default = json!({ "Name": "Mine", "DocumentVersion": "2" });
    fixture.call("UpdateDocumentDefaultVersion", default).await.unwrap();
    for (asked, expected) in [
        (json!({ "Name": "Mine" }), Ok("2")),
        (json!({ "Name": "Mine", "DocumentVersion": "$DEFAULT" }), Ok("2")),
        (json!({ "Name": "Mine", "VersionName": "base" }), Ok("1")),
        (json!({ "Name": "Mine", "VersionName": "next", "DocumentVersion": "2" }), Ok("2")),
        (
            json!({ "Name": "Mine", "VersionName": "next", "DocumentVersion": "1" }),
            Err("InvalidDocumentVersion"),
        ),
        (json!({ "Name": "Mine", "VersionName": "none" }), Err("InvalidDocumentVersion")),
        (json!({ "Name": "Mine", "DocumentVersion": "3" }), Err("InvalidDocumentVersion")),
        (json!({ "Name": "None" }), Err("InvalidDocument")),
        (json!({ "Name": "arn:aws:ssm:eu-west-1:000000000000:document/Mine" }), Ok("2")),
        (
            json!({ "Name": "arn:aws:ssm:eu-west-1:111111111111:document/Mine" }),
            Err("InvalidDocument"),
        ),
    ] {
        for operation in ["GetDocument", "DescribeDocument"] {
            let answer = fixture.call(operation, asked.clone()).await;
            let version = answer.as_ref().map(|answer| {
                let place = if operation == "GetDocument" { answer } else { &answer["Document"] };
                place["DocumentVersion"].as_str().unwrap().to_owned()
            });
            assert_eq!(version.as_deref().map_err(|error| &*error.code), expected, "{asked}");
        }
    }
}

#[tokio::test]
async fn two_updates_of_one_version_make_one_version() {
    let fixture = Fixture::new();
    fixture.create("Mine").await;
    let update = |change: &str| {
        let content = format!("{SHELL}\n# {change}\n");
        fixture.call(
            "UpdateDocument",
            json!({ "Name": "Mine", "Content": content, "DocumentFormat": "YAML", "DocumentVersion": "1" }),
        )
    };
    let (one, other) = tokio::join!(update("one"), update("other"));
    let codes: Vec<_> =
        [one, other].into_iter().filter_map(Result::err).map(|error| error.code).collect();
    assert_eq!(codes, ["InvalidDocumentVersion"]);
    let versions = fixture.call("ListDocumentVersions", json!({ "Name": "Mine" })).await.unwrap();
    assert_eq!(versions["DocumentVersions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn content_is_turned_into_the_other_format() {
    let fixture = Fixture::new();
    fixture.call("CreateDocument", json!({ "Name": "Json", "Content": DESCRIBED })).await.unwrap();
    fixture.create("Yaml").await;
    let content = async |name: &str, format: Option<&str>| {
        let mut input = json!({ "Name": name });
        if let Some(format) = format {
            input["DocumentFormat"] = json!(format);
        }
        let found = fixture.call("GetDocument", input).await?;
        Ok::<_, ServiceError>((
            found["DocumentFormat"].as_str().unwrap().to_owned(),
            found["Content"].as_str().unwrap().to_owned(),
        ))
    };
    let as_stored = ("YAML".to_owned(), SHELL.to_owned());
    assert_eq!(content("Yaml", Some("YAML")).await.unwrap(), as_stored);
    assert_eq!(
        content("Yaml", None).await.unwrap(),
        content("Yaml", Some("JSON")).await.unwrap(),
        "JSON is what is answered unless another format is asked for"
    );
    assert_eq!(content("Json", None).await.unwrap(), ("JSON".to_owned(), DESCRIBED.to_owned()));
    let (format, text) = content("Yaml", Some("JSON")).await.unwrap();
    assert_eq!(format, "JSON");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schemaVersion"], "2.2");
    assert_eq!(value["mainSteps"][0]["inputs"]["timeoutSeconds"], "{{ executionTimeout }}");
    let (_, yaml) = content("Json", Some("YAML")).await.unwrap();
    let again = fixture
        .call(
            "CreateDocument",
            json!({ "Name": "Again", "Content": yaml, "DocumentFormat": "YAML" }),
        )
        .await;
    again.unwrap();
    let (_, json) = content("Again", Some("JSON")).await.unwrap();
    let original: Value = serde_json::from_str(DESCRIBED).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), original);
    assert_eq!(content("Json", Some("TEXT")).await.unwrap_err().code, "ValidationException");
}

#[tokio::test]
async fn versions_are_deleted_except_the_default() {
    let fixture = Fixture::new();
    fixture.create("Mine").await;
    for change in ["two", "three"] {
        fixture.update("Mine", change).await;
    }
    let delete = |version: &str| {
        fixture.call("DeleteDocument", json!({ "Name": "Mine", "DocumentVersion": version }))
    };
    for version in ["1", "$DEFAULT"] {
        assert_eq!(delete(version).await.unwrap_err().code, "InvalidDocumentOperation");
    }
    assert_eq!(delete("9").await.unwrap_err().code, "InvalidDocument");
    delete("$LATEST").await.unwrap();
    let found = fixture.call("DescribeDocument", json!({ "Name": "Mine" })).await.unwrap();
    assert_eq!(found["Document"]["LatestVersion"], "2");
    assert_eq!(
        fixture.update("Mine", "four").await["DocumentVersion"],
        "4",
        "3 is not given again"
    );
    fixture.call("DeleteDocument", json!({ "Name": "Mine" })).await.unwrap();
    assert_eq!(fixture.code("GetDocument", json!({ "Name": "Mine" })).await, "InvalidDocument");
    assert_eq!(fixture.code("DeleteDocument", json!({ "Name": "Mine" })).await, "InvalidDocument");
    let schema = json!({ "Name": "Schema", "Content": "{}", "DocumentType": "ApplicationConfigurationSchema" });
    fixture.call("CreateDocument", schema).await.unwrap();
    assert_eq!(
        fixture.code("DeleteDocument", json!({ "Name": "Schema" })).await,
        "InvalidDocumentOperation"
    );
    fixture.call("DeleteDocument", json!({ "Name": "Schema", "Force": true })).await.unwrap();
}

#[tokio::test]
async fn tags_do_not_outlive_a_document() {
    let fixture = Fixture::new();
    let input = json!({ "Name": "Mine", "Content": SHELL, "DocumentFormat": "YAML", "Tags": [{ "Key": "team", "Value": "web" }] });
    fixture.call("CreateDocument", input).await.unwrap();
    fixture.call("DeleteDocument", json!({ "Name": "Mine" })).await.unwrap();
    assert!(fixture.create("Mine").await.get("Tags").is_none());
}

#[tokio::test]
async fn shipped_documents_are_amazon_s_and_stay_as_they_are() {
    let fixture = Fixture::new();
    let name = json!({ "Name": "AWS-RunShellScript" });
    let described =
        fixture.call("DescribeDocument", name.clone()).await.unwrap()["Document"].clone();
    assert_eq!(
        (&described["Owner"], &described["DocumentType"]),
        (&json!("Amazon"), &json!("Command"))
    );
    let stored = json!({ "Name": "AWS-RunShellScript", "DocumentFormat": "YAML" });
    let content = fixture.call("GetDocument", stored).await.unwrap()["Content"].clone();
    assert_eq!(content, SHELL);
    let versions = fixture.call("ListDocumentVersions", name.clone()).await.unwrap();
    assert_eq!(versions["DocumentVersions"][0]["IsDefaultVersion"], true);
    let with = |more: Value| {
        let mut input = name.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    for (operation, input, code) in [
        ("DeleteDocument", name.clone(), "InvalidDocumentOperation"),
        (
            "UpdateDocument",
            with(json!({ "Content": SHELL, "DocumentVersion": "1" })),
            "InvalidDocumentOperation",
        ),
        (
            "UpdateDocumentDefaultVersion",
            with(json!({ "DocumentVersion": "1" })),
            "InvalidDocument",
        ),
        ("ModifyDocumentPermission", with(json!({ "PermissionType": "Share" })), "InvalidDocument"),
        (
            "UpdateDocumentMetadata",
            with(json!({ "DocumentReviews": { "Action": "Approve" } })),
            "InvalidDocumentOperation",
        ),
        ("GetDocument", with(json!({ "DocumentVersion": "2" })), "InvalidDocumentVersion"),
    ] {
        assert_eq!(fixture.code(operation, input).await, code, "{operation}");
    }
}

#[tokio::test]
async fn versions_are_listed_newest_first() {
    let fixture = Fixture::new();
    fixture.create("Mine").await;
    for change in ["two", "three"] {
        fixture.update("Mine", change).await;
    }
    let mut token = Value::Null;
    let mut found = Vec::new();
    loop {
        let mut input = json!({ "Name": "Mine", "MaxResults": 2 });
        if token.is_string() {
            input["NextToken"] = token;
        }
        let page = fixture.call("ListDocumentVersions", input).await.unwrap();
        for version in page["DocumentVersions"].as_array().unwrap() {
            found.push((
                version["DocumentVersion"].as_str().unwrap().to_owned(),
                version["IsDefaultVersion"].clone(),
            ));
        }
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let expected = [("3", false), ("2", false), ("1", true)];
    assert_eq!(
        found,
        expected.map(|(version, is_default)| (version.to_owned(), json!(is_default)))
    );
    assert_eq!(
        fixture.code("ListDocumentVersions", json!({ "Name": "None" })).await,
        "InvalidDocument"
    );
}
