use services::documents::{AUTOMATION, COMMAND};
use services::{Beside, BesideDocument, Settings};
use std::io;
use std::sync::Arc;

use crate::fixture::{Fixture, SHELL, SMALLEST, actor};

#[derive(Debug)]
struct OneFile;

impl Beside for OneFile {
    fn read(&self, name: &str) -> io::Result<Option<BesideDocument>> {
        let document = BesideDocument { content: SMALLEST.to_owned(), lock: None };
        Ok(matches!(name, "Beside" | "AWS-RunShellScript").then_some(document))
    }
}

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
        let found = services.find_document("Mine", version, AUTOMATION).await.unwrap();
        assert_eq!(found.version, expected, "{version:?}");
    }
    for version in ["3", "0", "latest"] {
        let error = services.find_document("Mine", Some(version), AUTOMATION).await.unwrap_err();
        assert_eq!(error.code, "InvalidDocumentVersion", "{version}");
    }
    let found = services.find_document("Mine", Some("2"), AUTOMATION).await.unwrap();
    let plan = services.compile_document(&found).await.unwrap();
    assert_eq!((&*plan.document.version, &*plan.steps[0].name), ("2", "Changed"));
    let listed = services.list_documents().await.unwrap();
    let expected = [("AWS-RunShellScript", COMMAND), ("Mine", AUTOMATION)];
    assert_eq!(listed, expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
}

#[tokio::test]
async fn the_store_comes_before_files_beside_and_these_before_shipped_ones() {
    let settings = Settings { beside: Some(Arc::new(OneFile)), ..Settings::default() };
    let fixture = Fixture::with(settings, 1);
    let services = &fixture.services;
    let found = services.find_document("AWS-RunShellScript", None, AUTOMATION).await.unwrap();
    assert_eq!(found.content, SMALLEST);
    let changed = SMALLEST.replace("Check", "Changed");
    services.put_document(&actor(), "Beside", AUTOMATION, &changed).await.unwrap();
    let found = services.find_document("Beside", None, AUTOMATION).await.unwrap();
    assert_eq!(found.content, changed);
    let error = services.find_document("Nowhere", None, AUTOMATION).await.unwrap_err();
    assert_eq!(error.code, "InvalidDocument");
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
        ("Mine", "Package", SMALLEST, "Unavailable"),
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
