use std::net::IpAddr;

use host_api::identifier::Principal;
use serde_json::{Value, json};
use services::audit::{AuditError, AuditEvent, Checkpoint, Filter, to_text};
use services::keyring::Sources;
use services::{Actor, Keyring, ServiceError, Services, Settings, Shipped, WireRequest};
use store::audit::{VerifyError, checkpoints};
use store::{OpenOptions, Store};

use crate::fixture::{Fixture, actor};

const ADMINISTRATOR: &str = "arn:aws:iam::000000000000:user/administrator";
const SECRET: &str = "correct horse battery";

fn asking(principal: &str, id: &str) -> Actor {
    let request = WireRequest {
        id: id.to_owned(),
        source_address: Some(IpAddr::from([192, 0, 2, 7])),
        user_agent: Some("aws-cli/2".to_owned()),
        credential_id: "AKIDEXAMPLE".to_owned(),
        ..WireRequest::default()
    };
    Actor::of_request(Principal::new(principal), request)
}

/// An installation with its administrator, which is the first record.
async fn scene() -> Fixture {
    let fixture = Fixture::new();
    fixture.services.ensure_administrator().await.unwrap();
    fixture
}

/// Returns what was recorded since the installation has an administrator.
fn actions(fixture: &Fixture) -> Vec<(String, String)> {
    fixture.audit_actions().split_off(1)
}

async fn call(
    fixture: &Fixture,
    id: &str,
    operation: &str,
    input: Value,
) -> Result<Value, ServiceError> {
    fixture.services.call(asking(ADMINISTRATOR, id), operation, input).await
}

async fn put(fixture: &Fixture, id: &str, name: &str) {
    let input = json!({ "Name": name, "Value": SECRET, "Type": "SecureString" });
    call(fixture, id, "PutParameter", input).await.unwrap();
}

/// Returns the records of a request, oldest first.
async fn records(fixture: &Fixture, id: &str) -> Vec<Value> {
    fixture.services.flush_records().await.unwrap();
    let filter = Filter { request_id: Some(id.to_owned()), ..Filter::default() };
    let (events, _) = fixture.services.audit_tail(filter, 0, 100).await.unwrap();
    events.into_iter().map(|event| event.record).collect()
}

fn everything(fixture: &Fixture) -> String {
    let entries = fixture.store.read_blocking(|tx| store::audit::list(tx, 0, 1_000)).unwrap();
    format!("{entries:?}")
}

#[tokio::test]
async fn a_change_is_recorded_as_cloudtrail_does_and_without_the_secret() {
    let fixture = scene().await;
    put(&fixture, "r-1", "/app/a").await;
    let [record] = records(&fixture, "r-1").await.try_into().unwrap();
    let mut shown = record.clone();
    for member in ["eventID", "eventTime"] {
        assert!(shown[member].take().is_string(), "{member}");
    }
    let policies = shown["additionalEventData"]["policies"].take();
    assert_eq!(policies.as_array().map(Vec::len), Some(1), "{policies}");
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/a";
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": ADMINISTRATOR,
            "arn": ADMINISTRATOR,
            "accountId": "000000000000",
            "accessKeyId": "AKIDEXAMPLE",
            "userName": "administrator",
        },
        "eventTime": null,
        "eventSource": "ssm.amazonaws.com",
        "eventName": "PutParameter",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2",
        "requestParameters": {
            "Name": "/app/a",
            "Value": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "Type": "SecureString",
        },
        "responseElements": { "Version": 1, "Tier": "Standard" },
        "additionalEventData": {
            "decision": "allow",
            "policies": null,
            "mfaAuthenticated": false,
            "details": { "version": 1, "type": "SecureString", "tier": "Standard" },
        },
        "requestID": "r-1",
        "eventID": null,
        "readOnly": false,
        "resources": [{ "ARN": arn, "accountId": "000000000000" }],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "000000000000",
        "eventCategory": "Management",
    });
    assert_eq!(shown, expected);
    assert!(!everything(&fixture).contains(SECRET));
}

#[tokio::test]
async fn a_read_is_recorded_a_little_later_and_a_decryption_at_once() {
    let fixture = scene().await;
    put(&fixture, "r-1", "/app/a").await;
    let input = json!({ "Name": "/app/a", "WithDecryption": true });
    call(&fixture, "r-2", "GetParameter", input).await.unwrap();
    let names = || actions(&fixture).into_iter().map(|(action, _)| action).collect::<Vec<_>>();
    assert_eq!(names(), ["PutParameter", "DecryptParameter"]);
    fixture.services.flush_records().await.unwrap();
    assert_eq!(names(), ["PutParameter", "DecryptParameter", "GetParameter"]);
    let records = records(&fixture, "r-2").await;
    for record in &records {
        assert_eq!(
            (&record["readOnly"], &record["responseElements"]),
            (&json!(true), &Value::Null)
        );
    }
    assert!(!everything(&fixture).contains(SECRET));
}

#[tokio::test]
async fn records_that_wait_are_kept_by_the_loop() {
    let fixture = scene().await;
    let services = fixture.services.clone();
    let keeper = tokio::spawn(async move { services.keep_records().await });
    let mut commits = fixture.store.commits();
    call(&fixture, "r-1", "ListTagsForResource", json!({})).await.unwrap_err();
    commits.changed().await.unwrap();
    assert_eq!(actions(&fixture).len(), 1);
    keeper.abort();
}

#[tokio::test]
async fn a_refusal_is_recorded_before_it_is_answered_and_once() {
    let fixture = scene().await;
    let nobody = asking("arn:aws:iam::000000000000:user/nobody", "r-1");
    let input = json!({ "Name": "/app/a", "Value": SECRET, "Type": "String" });
    let error = fixture.services.call(nobody, "PutParameter", input).await.unwrap_err();
    assert_eq!(error.code, "AccessDeniedException");
    assert_eq!(actions(&fixture), [("PutParameter".to_owned(), "deny".to_owned())]);
    let [record] = records(&fixture, "r-1").await.try_into().unwrap();
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(record["additionalEventData"]["decision"], "deny");
    assert_eq!(record["userIdentity"]["userName"], "nobody");
    assert!(!everything(&fixture).contains(SECRET));
}

#[tokio::test]
async fn a_failed_request_is_recorded_with_its_error_and_never_its_secret() {
    let fixture = scene().await;
    let input = json!({ "Name": "/app/a", "Value": SECRET, "Type": SECRET });
    call(&fixture, "r-1", "PutParameter", input).await.unwrap_err();
    let input = json!({ "Name": "/app/a", "Value": "ab", "Type": "No ab" });
    call(&fixture, "r-2", "PutParameter", input).await.unwrap_err();
    let input = json!({ "ResourceType": "Parameter", "ResourceId": "Thing" });
    call(&fixture, "r-3", "ListTagsForResource", input).await.unwrap_err();
    let first = &records(&fixture, "r-1").await[0];
    assert_eq!(first["errorCode"], "ValidationException");
    assert!(!first["errorMessage"].as_str().unwrap().contains(SECRET), "{first}");
    let second = &records(&fixture, "r-2").await[0];
    assert_eq!(second["errorMessage"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    let third = &records(&fixture, "r-3").await[0];
    assert_eq!(third["errorCode"], "InvalidResourceId");
    assert!(third["errorMessage"].as_str().unwrap().contains("Thing"));
}

#[tokio::test]
async fn that_a_parameter_does_not_exist_is_no_error_of_the_record() {
    let fixture = scene().await;
    for (id, operation) in [("r-1", "GetParameter"), ("r-2", "DeleteParameter")] {
        let error = call(&fixture, id, operation, json!({ "Name": "/none" })).await.unwrap_err();
        assert_eq!(error.code, "ParameterNotFound");
        let [record] = records(&fixture, id).await.try_into().unwrap();
        assert_eq!(record["eventName"], operation);
        assert_eq!(record.get("errorCode"), None);
    }
}

#[tokio::test]
async fn what_has_no_service_is_recorded_too() {
    let fixture = scene().await;
    let error = call(&fixture, "r-1", "StartSession", json!({ "Target": "mi-1" })).await;
    assert_eq!(error.unwrap_err().code, "Unavailable");
    let [record] = records(&fixture, "r-1").await.try_into().unwrap();
    assert_eq!(
        (&record["eventName"], &record["errorCode"]),
        (&json!("StartSession"), &json!("Unavailable"))
    );
}

#[tokio::test]
async fn no_text_that_ssm_calls_sensitive_is_kept_whatever_becomes_of_the_request() {
    let fixture = scene().await;
    let parameters = json!({ "commands": [format!("echo {SECRET}")] });
    let input =
        json!({ "DocumentName": "AWS-RunShellScript", "Parameters": parameters, "Targets": [] });
    call(&fixture, "r-1", "SendCommand", input).await.unwrap_err();
    let input = json!({ "Name": "/a", "Type": "String", "Value": { "Text": SECRET } });
    call(&fixture, "r-2", "PutParameter", input).await.unwrap_err();
    let input = json!({ "Name": "/a", "Type": "String", "Value": SECRET, "Valeu": SECRET });
    call(&fixture, "r-3", "PutParameter", input).await.unwrap_err();
    fixture.services.flush_records().await.unwrap();
    assert_eq!(actions(&fixture).len(), 3);
    assert!(!everything(&fixture).contains(SECRET));
}

#[tokio::test]
async fn a_large_request_is_recorded_by_its_digest() {
    let fixture = scene().await;
    let id = "x".repeat(100_000);
    let input = json!({ "ResourceType": "Parameter", "ResourceId": id });
    call(&fixture, "r-1", "ListTagsForResource", input).await.unwrap_err();
    let record = &records(&fixture, "r-1").await[0];
    assert!(record["requestParameters"]["omittedBytes"].as_u64().unwrap() > 100_000);
    assert!(record.to_string().len() < 16_384);
}

/// A few more than can wait.
const READS: u64 = 4_100;

#[tokio::test]
async fn more_reads_than_can_wait_are_all_recorded() {
    let fixture = scene().await;
    for _ in 0..READS {
        let input = json!({ "SettingId": "/ssm/opsinsights/opscenter" });
        call(&fixture, "r-1", "GetServiceSetting", input).await.unwrap();
    }
    fixture.services.flush_records().await.unwrap();
    let head = fixture.store.read_blocking(store::audit::head).unwrap();
    assert_eq!(head.seq, READS + 1);
}

#[tokio::test]
async fn records_come_in_pages_and_are_found_by_resource() {
    let fixture = scene().await;
    for number in 0..5 {
        put(&fixture, &format!("r-{number}"), &format!("/app/{number}")).await;
    }
    let run = fixture.run().await;
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = fixture.services.audit_events(Filter::default(), cursor.as_deref(), 2).await;
        let (events, next) = page.unwrap();
        seen.extend(events.iter().map(|event: &AuditEvent| event.seq));
        let Some(next) = next else { break };
        cursor = Some(next);
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let ended = run.clone();
    let end = move |tx: &mut store::Tx<'_>| {
        store::audit::append_run_end(tx, &ended, "Success", 1_000)?;
        let view = store::runs::View { ended_ms: Some(1), ..store::runs::View::default() };
        store::runs::set_view(tx, &ended, &view)?;
        store::audit::append_run_end(tx, &ended, "Success", 1_000)
    };
    fixture.store.write(end).await.unwrap();
    let arn = format!("arn:aws:ssm:us-east-1:000000000000:automation-execution/{run}");
    let filter = Filter { resources: vec![arn.clone()], ..Filter::default() };
    let (events, _) = fixture.services.audit_events(filter, None, 9).await.unwrap();
    let names: Vec<&Value> = events.iter().map(|event| &event.record["eventName"]).collect();
    assert_eq!(names, ["EndAutomationExecution", "StartAutomationExecution"]);
    assert_eq!(events[0].record["resources"][0]["ARN"], json!(arn));
    assert_eq!(events[0].record["eventTime"], "1970-01-01T00:00:01Z");
    assert_eq!(events[0].record["userIdentity"]["userName"], "1000");
    for bad in ["", "a", "x1", "a+1", "ag"] {
        let error = fixture.services.audit_events(Filter::default(), Some(bad), 2).await;
        assert_eq!(error.unwrap_err().code, "InvalidNextToken", "{bad:?}");
    }
}

#[tokio::test]
async fn what_a_step_changes_names_the_run_and_the_step() {
    let fixture = scene().await;
    let run = fixture.run().await;
    let caller = Fixture::caller(&run, 0, &["state:write:acme"]);
    let request = host_api::request::HostRequest::State(host_api::request::StateRequest::Put {
        scope: "acme".to_owned(),
        key: "k".to_owned(),
        value: json!(1),
    });
    host_api::port::Capabilities::perform(&fixture.services, &caller, &request).await.unwrap();
    let (events, _) = fixture.services.audit_events(Filter::default(), None, 1).await.unwrap();
    let data = &events[0].record["additionalEventData"];
    assert_eq!((&data["run"], &data["step"]), (&json!(run.as_str()), &json!("Step")));
}

/// Returns the services over a copy of the store as it is now, with the same keys.
fn copied(fixture: &Fixture, name: &str) -> Services {
    let copy = fixture.directory.path().join(format!("{name}.db"));
    let data = fixture.directory.path().join(name);
    fixture.store.backup(&copy).unwrap();
    store::backup::restore(&copy, &data).unwrap();
    let store = Store::open(&data, &OpenOptions::default()).unwrap();
    let key_file = fixture.directory.path().join("data/keys/k1.key");
    let sources = Sources { key_file: Some(key_file), ..Sources::default() };
    let keyring = Keyring::open(&data, &sources, &[]).unwrap();
    let nodes = fixture.nodes.clone();
    Services::new(Settings::default(), store, keyring, nodes, Shipped::default()).unwrap()
}

async fn keep(services: &Services, checkpoint: &Checkpoint) {
    let checkpoint = checkpoint.clone();
    services.store().write(move |tx| checkpoints::put(tx, &checkpoint)).await.unwrap();
}

#[tokio::test]
async fn a_signed_log_cannot_be_cut_or_written_anew() {
    let fixture = scene().await;
    let services = &fixture.services;
    for number in 0..3 {
        put(&fixture, "r", &format!("/app/{number}")).await;
    }
    let first = services.checkpoint_audit().await.unwrap();
    assert_eq!(services.checkpoint_audit().await.unwrap(), first);
    let before = copied(&fixture, "before");
    put(&fixture, "r", "/app/3").await;
    let verified = services.verify_audit(None).await.unwrap();
    assert_eq!((verified.entries, verified.checkpoints, verified.signed_entries), (5, 1, 4));
    let second = services.checkpoint_audit().await.unwrap();
    assert_eq!((second.head.seq, &second.public_key), (5, &first.public_key));
    let kept = to_text(&second);
    let verified = services.verify_audit(Some(&kept)).await.unwrap();
    assert_eq!((verified.checkpoints, verified.signed_entries), (2, 5));

    let cut = AuditError::Log(VerifyError::Truncated { first_missing: 5, signed: 5 });
    before.verify_audit(None).await.unwrap();
    assert_eq!(before.verify_audit(Some(&kept)).await, Err(cut.clone()));
    keep(&before, &second).await;
    assert_eq!(before.verify_audit(None).await, Err(cut));
    let anew = AuditError::Log(VerifyError::Rewritten { seq: 5 });
    let input = json!({ "Name": "/other", "Value": "v", "Type": "String" });
    before.call(actor(), "PutParameter", input).await.unwrap();
    assert_eq!(before.verify_audit(None).await, Err(anew));
    assert_eq!(services.verify_audit(Some("text")).await, Err(AuditError::NotACheckpoint));
}

#[tokio::test]
async fn a_checkpoint_that_was_altered_or_signed_with_another_key_does_not_count() {
    let fixture = scene().await;
    put(&fixture, "r", "/app/a").await;
    let checkpoint = fixture.services.checkpoint_audit().await.unwrap();
    let text = to_text(&checkpoint);
    let altered = text.replace(&checkpoint.head.hash, &"0".repeat(64));
    let later = Checkpoint { time_ms: checkpoint.time_ms + 1, ..checkpoint.clone() };
    let upper = Checkpoint { signature: checkpoint.signature.to_uppercase(), ..checkpoint.clone() };
    for bad in [altered, to_text(&later), to_text(&upper)] {
        let error = fixture.services.verify_audit(Some(&bad)).await.unwrap_err();
        assert_eq!(error, AuditError::Checkpoint { seq: 2 }, "{bad}");
    }
    let foreign = scene().await;
    put(&foreign, "r", "/app/a").await;
    let error = foreign.services.verify_audit(Some(&text)).await.unwrap_err();
    assert!(matches!(error, AuditError::ForeignKey { seq: 2, .. }), "{error}");
    let key = fixture.store.read_blocking(checkpoints::keys).unwrap().remove(0);
    foreign.store.write(move |tx| checkpoints::put_first_key(tx, &key)).await.unwrap();
    let error = foreign.services.verify_audit(Some(&text)).await.unwrap_err();
    assert!(matches!(error, AuditError::Service(_)), "{error}");
    foreign.services.checkpoint_audit().await.unwrap_err();
}

#[tokio::test]
async fn what_version_1_wrote_is_shown_in_the_same_shape() {
    let fixture = scene().await;
    let entry = store::audit::NewEntry {
        time_ms: 0,
        principal: "os:1000".to_owned(),
        action: "PutParameter".to_owned(),
        resource: "/app/a".to_owned(),
        decision: "deny".to_owned(),
        details: "\"the reason\"".to_owned(),
        request_id: None,
    };
    fixture.store.write_blocking(move |tx| store::audit::append(tx, &entry)).unwrap();
    let (events, _) = fixture.services.audit_events(Filter::default(), None, 9).await.unwrap();
    let record = &events[0].record;
    assert_eq!(record["eventName"], "PutParameter");
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(record["additionalEventData"]["details"], "the reason");
    assert_eq!(record["userIdentity"]["principalId"], actor().principal.as_str());
}
