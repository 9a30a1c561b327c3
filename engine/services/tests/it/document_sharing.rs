use host_api::grant::GrantSet;
use host_api::identifier::Digest;
use serde_json::{Value, json};
use services::Settings;
use services::outbound::OutboundSettings;

use crate::fixture::{Fixture, SMALLEST};
use crate::outbound::{Table, ok, redirect};
use crate::server::{Server, certified};

impl Fixture {
    async fn share(&self, name: &str, more: Value) -> Result<Value, services::ServiceError> {
        let mut input = json!({ "Name": name, "PermissionType": "Share" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call("ModifyDocumentPermission", input).await
    }

    async fn shares(&self, name: &str) -> Value {
        let input = json!({ "Name": name, "PermissionType": "Share" });
        self.call("DescribeDocumentPermission", input).await.unwrap()
    }
}

const ONE: &str = "111111111111";
const TWO: &str = "222222222222";

#[tokio::test]
async fn accounts_are_kept_in_their_order() {
    let fixture = Fixture::new();
    fixture.create("Mine").await;
    assert_eq!(
        fixture.shares("Mine").await,
        json!({ "AccountIds": [], "AccountSharingInfoList": [] })
    );
    fixture.share("Mine", json!({ "AccountIdsToAdd": [TWO, ONE] })).await.unwrap();
    let more = json!({ "AccountIdsToAdd": [ONE], "SharedDocumentVersion": "$ALL" });
    fixture.share("Mine", more).await.unwrap();
    let expected = json!({
        "AccountIds": [TWO, ONE],
        "AccountSharingInfoList": [
            { "AccountId": TWO, "SharedDocumentVersion": "$DEFAULT" },
            { "AccountId": ONE, "SharedDocumentVersion": "$ALL" },
        ],
    });
    assert_eq!(fixture.shares("Mine").await, expected);
    let page = json!({ "Name": "Mine", "PermissionType": "Share", "MaxResults": 1 });
    let first = fixture.call("DescribeDocumentPermission", page.clone()).await.unwrap();
    let mut second = page;
    second["NextToken"] = first["NextToken"].clone();
    let second = fixture.call("DescribeDocumentPermission", second).await.unwrap();
    assert_eq!((&first["AccountIds"], &second["AccountIds"]), (&json!([TWO]), &json!([ONE])));
    assert!(second.get("NextToken").is_none());
    let error = fixture.call("DeleteDocument", json!({ "Name": "Mine" })).await.unwrap_err();
    assert_eq!(error.code, "InvalidDocumentOperation");
    let both = json!({ "AccountIdsToAdd": ["333333333333"], "AccountIdsToRemove": [ONE, TWO, "333333333333"] });
    fixture.share("Mine", both).await.unwrap();
    assert_eq!(fixture.shares("Mine").await["AccountIds"], json!([]), "taking back wins");
    fixture.call("DeleteDocument", json!({ "Name": "Mine" })).await.unwrap();
}

#[tokio::test]
async fn everybody_stands_alone() {
    let fixture = Fixture::new();
    fixture.create("Mine").await;
    fixture.share("Mine", json!({ "AccountIdsToAdd": [ONE] })).await.unwrap();
    fixture.share("Mine", json!({ "AccountIdsToAdd": ["All"] })).await.unwrap();
    assert_eq!(fixture.shares("Mine").await["AccountIds"], json!(["All"]));
    let public = json!({ "Filters": [{ "Key": "Owner", "Values": ["Public"] }] });
    let listed = fixture.call("ListDocuments", public).await.unwrap();
    assert_eq!(listed["DocumentIdentifiers"][0]["Name"], "Mine");
    fixture.share("Mine", json!({ "AccountIdsToAdd": [TWO] })).await.unwrap();
    assert_eq!(fixture.shares("Mine").await["AccountIds"], json!([TWO]));
    fixture.share("Mine", json!({ "AccountIdsToAdd": ["all"] })).await.unwrap();
    fixture.share("Mine", json!({ "AccountIdsToRemove": ["all"] })).await.unwrap();
    assert_eq!(fixture.shares("Mine").await["AccountIds"], json!([]));
}

#[tokio::test]
async fn sharing_has_limits() {
    let fixture = Fixture::new();
    fixture.create("Mine").await;
    for (more, code) in [
        (json!({ "AccountIdsToAdd": ["all", ONE] }), "DocumentPermissionLimit"),
        (json!({ "AccountIdsToRemove": [ONE, "ALL"] }), "DocumentPermissionLimit"),
        (json!({ "AccountIdsToAdd": ["1234"] }), "ValidationException"),
        (json!({ "AccountIdsToAdd": [], "SharedDocumentVersion": "1" }), "ValidationException"),
    ] {
        assert_eq!(fixture.share("Mine", more.clone()).await.unwrap_err().code, code, "{more}");
    }
    let wrong = json!({ "Name": "Mine", "PermissionType": "Own" });
    for operation in ["ModifyDocumentPermission", "DescribeDocumentPermission"] {
        let error = fixture.services.call(crate::fixture::actor(), operation, wrong.clone()).await;
        assert_eq!(error.unwrap_err().code, "InvalidPermissionType");
    }
    assert_eq!(fixture.share("None", json!({})).await.unwrap_err().code, "InvalidDocument");
    for number in 0..services::documents::PUBLIC_MAX {
        let name = format!("Public-{number}");
        fixture.create(&name).await;
        fixture.share(&name, json!({ "AccountIdsToAdd": ["all"] })).await.unwrap();
    }
    let error = fixture.share("Mine", json!({ "AccountIdsToAdd": ["all"] })).await.unwrap_err();
    assert_eq!(error.code, "DocumentPermissionLimit");
    assert_eq!(fixture.shares("Mine").await["AccountIds"], json!([]), "nothing was kept");
    let accounts: Vec<String> = (0..1_000).map(|number| format!("{number:012}")).collect();
    for some in accounts.chunks(20) {
        fixture.share("Mine", json!({ "AccountIdsToAdd": some })).await.unwrap();
    }
    let error =
        fixture.share("Mine", json!({ "AccountIdsToAdd": ["999999999999"] })).await.unwrap_err();
    assert_eq!(error.code, "DocumentPermissionLimit");
}

#[tokio::test]
async fn a_review_is_asked_for_before_it_is_given() {
    let fixture = Fixture::new();
    let content = json!({ "Name": "Mine", "Content": SMALLEST, "DocumentType": "Automation", "DocumentFormat": "YAML" });
    fixture.call("CreateDocument", content).await.unwrap();
    let review = async |action: &str, comment: Option<&str>| {
        let mut reviews = json!({ "Action": action });
        if let Some(comment) = comment {
            reviews["Comment"] = json!([{ "Type": "Comment", "Content": comment }]);
        }
        let input = json!({ "Name": "Mine", "DocumentVersion": "1", "DocumentReviews": reviews });
        fixture.call("UpdateDocumentMetadata", input).await
    };
    for action in ["Approve", "Reject", "UpdateReview"] {
        assert_eq!(
            review(action, None).await.unwrap_err().code,
            "InvalidDocumentOperation",
            "{action}"
        );
    }
    review("SendForReview", Some("please")).await.unwrap();
    assert_eq!(review("SendForReview", None).await.unwrap_err().code, "InvalidDocumentOperation");
    let described =
        fixture.call("DescribeDocument", json!({ "Name": "Mine" })).await.unwrap()["Document"]
            .clone();
    assert_eq!(
        (&described["ReviewStatus"], &described["PendingReviewVersion"]),
        (&json!("PENDING"), &json!("1"))
    );
    review("Approve", Some("fine")).await.unwrap();
    let described =
        fixture.call("DescribeDocument", json!({ "Name": "Mine" })).await.unwrap()["Document"]
            .clone();
    assert_eq!(
        (&described["ReviewStatus"], &described["ApprovedVersion"]),
        (&json!("APPROVED"), &json!("1"))
    );
    assert_eq!(described["ReviewInformation"][0]["Reviewer"], "os:1000");
    let input = json!({ "Name": "Mine", "Metadata": "DocumentReviews" });
    let history = fixture.call("ListDocumentMetadataHistory", input).await.unwrap();
    let responses = history["Metadata"]["ReviewerResponse"].as_array().unwrap();
    let told: Vec<_> = responses
        .iter()
        .map(|one| {
            (one["ReviewStatus"].as_str().unwrap(), one["Comment"][0]["Content"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("APPROVED", "fine"), ("PENDING", "please")]);
    for (input, code) in [
        (json!({ "Name": "None", "Metadata": "DocumentReviews" }), "InvalidDocument"),
        (
            json!({ "Name": "Mine", "Metadata": "DocumentReviews", "DocumentVersion": "2" }),
            "InvalidDocumentVersion",
        ),
        (
            json!({ "Name": "Mine", "Metadata": "DocumentReviews", "NextToken": "x" }),
            "InvalidNextToken",
        ),
    ] {
        let error = fixture.call("ListDocumentMetadataHistory", input).await.unwrap_err();
        assert_eq!(error.code, code);
    }
}

#[tokio::test]
async fn attachments_come_from_where_we_can_read() {
    let fixture = Fixture::new();
    let manifest = "{\"schemaVersion\":\"2.0\",\"packages\":{},\"files\":{}}";
    let create = async |source: Value| {
        let input = json!({ "Name": "Package", "Content": manifest, "DocumentType": "Package", "Attachments": [source] });
        fixture.call("CreateDocument", input).await.unwrap_err()
    };
    for (source, code) in [
        (
            json!({ "Key": "SourceUrl", "Values": ["file:///etc/passwd"], "Name": "passwd" }),
            "ValidationException",
        ),
        (
            json!({ "Key": "SourceUrl", "Values": ["http://example.org/a.zip"] }),
            "ValidationException",
        ),
        (
            json!({ "Key": "SourceUrl", "Values": ["https://127.0.0.1:1/a.zip"] }),
            "ValidationException",
        ),
        (json!({ "Key": "SourceUrl", "Values": ["s3://bucket/path"] }), "Unavailable"),
        (json!({ "Key": "S3FileUrl", "Values": ["s3://bucket/path/a.zip"] }), "Unavailable"),
        (
            json!({ "Key": "AttachmentReference", "Values": ["Other/1/a.zip"] }),
            "ValidationException",
        ),
        (json!({ "Key": "AttachmentReference", "Values": ["Other"] }), "ValidationException"),
        (json!({ "Key": "SourceUrl", "Values": [] }), "ValidationException"),
        (json!({ "Key": "Other", "Values": ["https://example.org/a.zip"] }), "ValidationException"),
    ] {
        let error = create(source.clone()).await;
        assert_eq!(error.code, code, "{source} {error}");
    }
    let error =
        create(json!({ "Key": "SourceUrl", "Values": ["https://127.0.0.1:1/a.zip"] })).await;
    assert!(error.message.contains("not a public address"), "{error}");
}

const CEILING: [&str; 2] = ["http:*:*", "network:connect:127.0.0.1"];

/// Returns a server of files and services that may reach it.
async fn files(answers: &[&str]) -> (Server, Fixture) {
    let (acceptor, authority) = certified("files.test");
    let server = Server::start(answers, Some(acceptor)).await;
    let names: &[(&str, &[&str])] = &[("files.test", &["127.0.0.1"])];
    let outbound =
        OutboundSettings { resolver: Table::of(names), extra_authorities: vec![authority] };
    let ceiling = GrantSet::parse(CEILING).unwrap();
    let fixture = Fixture::with(Settings { outbound, ceiling, ..Settings::default() }, 1);
    (server, fixture)
}

fn package(checksum: &str) -> String {
    json!({ "schemaVersion": "2.0", "packages": {}, "files": { "tool.zip": { "checksums": { "sha256": checksum } } } })
        .to_string()
}

#[tokio::test]
async fn attachments_are_fetched_checked_and_taken_over() {
    let (server, fixture) = files(&[&ok("a file"), &ok("another file")]).await;
    let url = format!("https://files.test:{}/path/tool.zip?token=t", server.port);
    let digest = Digest::of(b"a file");
    let attachments = json!([{ "Key": "SourceUrl", "Values": [url] }]);
    let create = |name: &str, attachments: &Value| {
        let input = json!({
            "Name": name, "Content": package(digest.as_str()), "DocumentType": "Package", "Attachments": attachments,
        });
        fixture.call("CreateDocument", input)
    };
    let created = create("Tool", &attachments).await.unwrap();
    let shown = &created["DocumentDescription"]["AttachmentsInformation"];
    assert_eq!(*shown, json!([{ "Name": "tool.zip" }]));
    let found = fixture.call("GetDocument", json!({ "Name": "Tool" })).await.unwrap();
    let expected =
        json!([{ "Name": "tool.zip", "Size": 6, "Hash": digest.as_str(), "HashType": "Sha256" }]);
    assert_eq!(found["AttachmentsContent"], expected);

    let error = create("Other", &attachments).await.unwrap_err();
    assert_eq!(error.code, "InvalidDocumentContent", "another file has another digest: {error}");
    let reference = json!([{ "Key": "AttachmentReference", "Values": ["Tool/1/tool.zip"] }]);
    create("Copy", &reference).await.unwrap();
    fixture.call("DeleteDocument", json!({ "Name": "Tool" })).await.unwrap();
    let (attachment, content) =
        fixture.services.document_attachment("Copy", None, "tool.zip").await.unwrap();
    assert_eq!((attachment.digest, content), (digest.clone(), b"a file".to_vec()));
    let error = create("Late", &reference).await.unwrap_err();
    assert_eq!(error.code, "ValidationException", "{error}");
    let twice = json!([attachments[0], attachments[0]]);
    assert_eq!(create("Twice", &twice).await.unwrap_err().code, "ValidationException");
}

#[tokio::test]
async fn an_attachment_that_does_not_come_is_an_error() {
    let huge = "x".repeat(services::documents::ATTACHMENT_BYTES_MAX + 1);
    let missing = ok("").replace("200 OK", "404 Not Found");
    for answer in [missing, redirect(302, "http://files.test:PORT/"), ok(&huge)] {
        let (server, fixture) = files(&[&answer, &answer]).await;
        let url = format!("https://files.test:{}/tool.zip", server.port);
        let input = json!({
            "Name": "Tool", "Content": package(""), "DocumentType": "Package",
            "Attachments": [{ "Key": "SourceUrl", "Values": [url] }],
        });
        let error = fixture.call("CreateDocument", input).await.unwrap_err();
        assert_eq!(error.code, "ValidationException", "{error}");
        assert!(error.message.contains("could not be fetched"), "{error}");
    }
}
