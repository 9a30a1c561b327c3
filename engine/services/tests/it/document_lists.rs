use serde_json::{Value, json};
use services::ServiceError;

use crate::fixture::{Fixture, SMALLEST};

impl Fixture {
    /// Returns the names of a page of documents, and the token of the next.
    async fn names(&self, input: Value) -> Result<(Vec<String>, Option<String>), ServiceError> {
        let answer = self.call("ListDocuments", input).await?;
        let found = answer["DocumentIdentifiers"].as_array().unwrap().iter();
        let names = found.map(|one| one["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        Ok((names, answer["NextToken"].as_str().map(str::to_owned)))
    }
}

#[tokio::test]
async fn lists_are_filtered_and_paged_in_the_order_of_names() {
    let fixture = Fixture::new();
    for name in ["Web-b", "Web-a", "Job"] {
        fixture.create(name).await;
    }
    let runbook = json!({ "Name": "Runbook", "Content": SMALLEST, "DocumentType": "Automation", "DocumentFormat": "YAML",
        "TargetType": "/", "Tags": [{ "Key": "team", "Value": "web" }] });
    fixture.call("CreateDocument", runbook).await.unwrap();
    let names = async |input: Value| fixture.names(input).await;
    let all = ["AWS-RunShellScript", "Job", "Runbook", "Web-a", "Web-b"];
    assert_eq!(names(json!({})).await.unwrap().0, all);
    let filters: &[(Value, &[&str])] = &[
        (json!([{ "Key": "Owner", "Values": ["Self"] }]), &all[1..]),
        (json!([{ "Key": "Owner", "Values": ["Amazon"] }]), &all[..1]),
        (json!([{ "Key": "Owner", "Values": ["ThirdParty"] }]), &[]),
        (json!([{ "Key": "Name", "Values": ["Web-", "Job"] }]), &["Job", "Web-a", "Web-b"]),
        (
            json!([{ "Key": "Name", "Values": ["Web-"] }, { "Key": "Owner", "Values": ["Amazon"] }]),
            &[],
        ),
        (json!([{ "Key": "DocumentType", "Values": ["Automation"] }]), &["Runbook"]),
        (json!([{ "Key": "TargetType", "Values": ["/"] }]), &["Runbook"]),
        (json!([{ "Key": "PlatformTypes", "Values": ["Windows"] }]), &["Runbook"]),
        (json!([{ "Key": "SearchKeyword", "Values": ["WEB"] }]), &["Web-a", "Web-b"]),
        (json!([{ "Key": "tag:team", "Values": ["web"] }]), &["Runbook"]),
    ];
    for (filter, expected) in filters {
        assert_eq!(names(json!({ "Filters": filter })).await.unwrap().0, *expected, "{filter}");
    }
    let old = json!({ "DocumentFilterList": [{ "key": "Name", "value": "Web" }] });
    assert_eq!(names(old.clone()).await.unwrap().0, ["Web-a", "Web-b"]);
    for (input, code) in [
        (json!({ "Filters": [{ "Key": "Size", "Values": ["1"] }] }), "InvalidFilterKey"),
        (json!({ "Filters": [{ "Key": "tag:", "Values": ["1"] }] }), "InvalidFilterKey"),
        (json!({ "Filters": [{ "Key": "Name" }] }), "ValidationException"),
        (
            json!({ "Filters": [{ "Key": "Owner", "Values": ["Self", "Amazon"] }] }),
            "ValidationException",
        ),
        (json!({ "Filters": [{ "Key": "Owner", "Values": ["Nobody"] }] }), "ValidationException"),
        (
            json!({ "Filters": [{ "Key": "Name", "Values": ["a"] }], "DocumentFilterList": old["DocumentFilterList"] }),
            "ValidationException",
        ),
        (json!({ "MaxResults": 0 }), "ValidationException"),
        (json!({ "NextToken": "1" }), "InvalidNextToken"),
    ] {
        assert_eq!(names(input.clone()).await.unwrap_err().code, code, "{input}");
    }
}

#[tokio::test]
async fn pages_keep_their_place_while_documents_are_made() {
    let fixture = Fixture::new();
    for name in ["Web-b", "Web-a", "Job", "Runbook"] {
        fixture.create(name).await;
    }
    let names = async |input: Value| fixture.names(input).await;
    let (first, token) = names(json!({ "MaxResults": 2 })).await.unwrap();
    fixture.create("Kept").await;
    fixture.create("Aaa").await;
    let other = json!({ "MaxResults": 2, "NextToken": token, "Filters": [{ "Key": "Owner", "Values": ["Self"] }] });
    assert_eq!(
        names(other).await.unwrap_err().code,
        "InvalidNextToken",
        "the token of another list"
    );
    let mut found = first;
    let mut token = token;
    while let Some(next) = token {
        let (names, next) = names(json!({ "MaxResults": 2, "NextToken": next })).await.unwrap();
        assert!(names.len() <= 2);
        found.extend(names);
        token = next;
    }
    assert_eq!(found, ["AWS-RunShellScript", "Job", "Kept", "Runbook", "Web-a", "Web-b"]);
}
