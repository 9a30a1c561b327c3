use std::collections::BTreeMap;

use host_api::identifier::RunId;
use services::BesideDocument;
use services::automation::Start;
use services::documents::{AUTOMATION, COMMAND};

use crate::automation::plan;
use crate::fixture::{Fixture, SHELL, SMALLEST, actor};

#[tokio::test]
async fn versions_are_immutable_and_found_by_number_and_alias() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let changed = SMALLEST.replace("Check", "Changed");
    for (content, version) in [(SMALLEST, 1), (&*changed, 2), (SMALLEST, 1)] {
        let put = services.put_document(&actor(), "Mine", AUTOMATION, content).await;
        assert_eq!(put, Ok(version));
    }
    for (version, expected) in
        [(None, "1"), (Some("$DEFAULT"), "1"), (Some("$LATEST"), "2"), (Some("2"), "2")]
    {
        let found = services.find_document("Mine", version, AUTOMATION, None).await.unwrap();
        assert_eq!(found.version, expected, "{version:?}");
    }
    for version in ["3", "0", "latest"] {
        let error =
            services.find_document("Mine", Some(version), AUTOMATION, None).await.unwrap_err();
        assert_eq!(error.code, "InvalidDocumentVersion", "{version}");
    }
    let found = services.find_document("Mine", Some("2"), AUTOMATION, None).await.unwrap();
    let plan = services.compile_document(&found).await.unwrap();
    assert_eq!((&*plan.document.version, &*plan.steps[0].name), ("2", "Changed"));
    let listed = services.document_names().await.unwrap();
    let expected = [("AWS-RunShellScript", COMMAND), ("Mine", AUTOMATION)];
    assert_eq!(listed, expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
}

#[tokio::test]
async fn the_store_comes_before_files_beside_and_these_before_shipped_ones() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let found = async |name: &str, run: Option<&RunId>| {
        services.find_document(name, None, AUTOMATION, run).await
    };
    let document = BesideDocument { content: SMALLEST.to_owned(), lock: None };
    let beside = ["Beside", "AWS-RunShellScript"].map(|name| (name.to_owned(), document.clone()));
    let plan = plan(&fixture, SMALLEST).await;
    let start = Start { beside: beside.into(), ..Start::by_hand(plan.clone(), BTreeMap::new()) };
    let run = services.start_plan(&actor(), start).await.unwrap();
    let other = services.start_plan(&actor(), Start::by_hand(plan, BTreeMap::new())).await.unwrap();

    assert_eq!(found("AWS-RunShellScript", Some(&run)).await.unwrap().content, SMALLEST);
    // No other run meets what lay beside this one's runbook.
    for run in [None, Some(&other)] {
        assert_eq!(found("Beside", run).await.unwrap_err().code, "InvalidDocument");
        assert_eq!(found("AWS-RunShellScript", run).await.unwrap_err().code, "InvalidDocument");
    }
    let changed = SMALLEST.replace("Check", "Changed");
    services.put_document(&actor(), "Beside", AUTOMATION, &changed).await.unwrap();
    assert_eq!(found("Beside", Some(&run)).await.unwrap().content, changed);
    assert_eq!(found("Nowhere", Some(&run)).await.unwrap_err().code, "InvalidDocument");
}

#[tokio::test]
async fn bad_documents_are_refused_with_every_place() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let two_mistakes = "schemaVersion: \"0.3\"\nmainSteps:\n  - { name: A, action: aws:nothing }\n  - { name: A, action: aws:pause, inputs: {} }\n";
    let cases = [
        ("Mine", AUTOMATION, two_mistakes, "InvalidDocumentContent"),
        ("Mine", COMMAND, SMALLEST, "InvalidDocumentContent"),
        ("Mine", AUTOMATION, SHELL, "InvalidDocumentContent"),
        ("Mine", "Package", SMALLEST, "InvalidDocumentSchemaVersion"),
        ("Mine", "Nothing", SMALLEST, "ValidationException"),
        ("a", AUTOMATION, SMALLEST, "ValidationException"),
        ("a b c", AUTOMATION, SMALLEST, "ValidationException"),
        ("AWS-Mine", AUTOMATION, SMALLEST, "ValidationException"),
    ];
    for (name, kind, content, code) in cases {
        let error = services.put_document(&actor(), name, kind, content).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
    let error =
        services.put_document(&actor(), "Mine", AUTOMATION, two_mistakes).await.unwrap_err();
    assert!(error.message.contains("Mine:3:") && error.message.contains("Mine:4:"), "{error}");
    assert!(error.details["diagnostics"].as_array().unwrap().len() >= 2);
    services.put_document(&actor(), "Mine", AUTOMATION, SMALLEST).await.unwrap();
    let error = services.put_document(&actor(), "Mine", COMMAND, SHELL).await.unwrap_err();
    assert_eq!(error.code, "InvalidDocument");
}

#[tokio::test]
async fn an_arn_means_the_document_of_its_name() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services.put_document(&actor(), "Mine", AUTOMATION, SMALLEST).await.unwrap();
    for (arn, kind, name) in [
        ("arn:aws:ssm:us-east-1::document/AWS-RunShellScript", COMMAND, "AWS-RunShellScript"),
        ("arn:aws:ssm:eu-west-1::document/AWS-RunShellScript", COMMAND, "AWS-RunShellScript"),
        ("arn:aws:ssm:us-east-1:000000000000:document/Mine", AUTOMATION, "Mine"),
        ("arn:aws-cn:ssm:cn-north-1:000000000000:document/Mine", AUTOMATION, "Mine"),
    ] {
        let found = services.find_document(arn, None, kind, None).await.unwrap();
        assert_eq!(found.name, name, "{arn}");
    }
    for arn in [
        "arn:aws:ssm:us-east-1:111111111111:document/Mine",
        "arn:aws:ssm:us-east-1:000000000000:parameter/Mine",
        "arn:aws:s3:us-east-1:000000000000:document/Mine",
        "arn:aws:ssm:us-east-1:000000000000:document/../Mine",
        "arn:aws:ssm:us-east-1:000000000000:document/",
        "arn:aws:ssm:us-east-1:000000000000:document/Other",
        "arn:aws:ssm",
    ] {
        let error = services.find_document(arn, None, AUTOMATION, None).await.unwrap_err();
        assert_eq!(error.code, "InvalidDocument", "{arn}");
    }
}
