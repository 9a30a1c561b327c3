use std::collections::BTreeMap;

use host_api::identifier::CommandId;
use host_api::invocation::{Ended, WaitKind};
use host_api::node::{Job, JobStatus};
use serde_json::{Value, json};
use services::commands::{SendCommandRequest, Target};
use services::tags::{AddTagsToResourceRequest, Tag};
use services::{Services, Settings};
use tokio::task::JoinHandle;

use crate::fixture::{Fixture, actor, node, report};

pub(crate) fn shell(names: &[&str]) -> SendCommandRequest {
    SendCommandRequest {
        document_name: "AWS-RunShellScript".to_owned(),
        instance_ids: names.iter().map(|name| (*name).to_owned()).collect(),
        parameters: BTreeMap::from([("commands".to_owned(), json!(["true"]))]),
        ..SendCommandRequest::default()
    }
}

fn targeted(key: &str, values: &[&str]) -> SendCommandRequest {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    SendCommandRequest { targets: vec![Target { key: key.to_owned(), values }], ..shell(&[]) }
}

/// A dispatcher that ends with the test.
pub(crate) struct Dispatching(JoinHandle<()>);

impl Drop for Dispatching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn dispatch(services: &Services) -> Dispatching {
    let notices = services.store().subscribe();
    let services = services.clone();
    Dispatching(tokio::spawn(async move { services.dispatch(notices).await }))
}

pub(crate) async fn status(fixture: &Fixture, id: &CommandId) -> (String, String) {
    let command = fixture.services.get_command(id).await.unwrap().command;
    (command.status, command.status_details)
}

pub(crate) fn completion(fixture: &Fixture, id: &CommandId) -> Option<Ended> {
    fixture
        .store
        .read_blocking(|tx| store::completions::find(tx, WaitKind::Command, id.as_str()))
        .unwrap()
}

pub(crate) async fn next(fixture: &mut Fixture) -> Job {
    fixture.delivered.recv().await.unwrap()
}

#[tokio::test]
async fn a_command_goes_to_its_node_and_its_report_ends_it() {
    let mut fixture = Fixture::new();
    let _dispatching = dispatch(&fixture.services);
    let id = fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
    let job = next(&mut fixture).await;
    assert_eq!((&job.command, &*job.document_name), (&id, "AWS-RunShellScript"));
    assert_eq!(job.parameters["commands"], json!(["true"]));
    assert_eq!(job.document["schemaVersion"], "2.2");
    assert_eq!(completion(&fixture, &id), None);

    fixture.services.report(report(&job, JobStatus::Success, "done")).await.unwrap();
    fixture.services.report(report(&job, JobStatus::Failed, "again")).await.unwrap();
    assert_eq!(status(&fixture, &id).await, ("Success".to_owned(), "Success".to_owned()));
    let result = completion(&fixture, &id).unwrap().result;
    assert_eq!(
        result,
        serde_json::to_value(fixture.services.get_command(&id).await.unwrap()).unwrap()
    );
    let plugin = &result["CommandInvocations"][0]["CommandPlugins"][0];
    assert_eq!(result["CommandInvocations"][0]["InstanceId"], node(0).as_str());
    let seen = ["Name", "Status", "ResponseCode", "StandardOutputContent"].map(|key| &plugin[key]);
    assert_eq!(seen, [&json!("shell"), &json!("Success"), &json!(0), &json!("done")]);
}

#[tokio::test]
async fn each_end_has_its_status() {
    for (job_status, expected) in [
        (JobStatus::Success, ("Success", "Success")),
        (JobStatus::Failed, ("Failed", "Failed")),
        (JobStatus::ExecutionTimedOut, ("TimedOut", "ExecutionTimedOut")),
        (JobStatus::Cancelled, ("Cancelled", "Cancelled")),
        (JobStatus::Unknown, ("Failed", "Unknown")),
    ] {
        let mut fixture = Fixture::new();
        let _dispatching = dispatch(&fixture.services);
        let id = fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
        let job = next(&mut fixture).await;
        fixture.services.report(report(&job, job_status, "")).await.unwrap();
        let (status, details) = status(&fixture, &id).await;
        assert_eq!((&*status, &*details), expected);
    }
}

#[tokio::test]
async fn a_job_sent_before_the_dispatcher_ran_is_delivered_and_delivered_again_after_a_restart() {
    let mut fixture = Fixture::new();
    fixture.services.send_command(&actor(), shell(&[node(0).as_str()])).await.unwrap();
    let first = dispatch(&fixture.services);
    let job = next(&mut fixture).await;
    drop(first);
    let _second = dispatch(&fixture.services);
    assert_eq!(next(&mut fixture).await, job);
}

#[tokio::test]
async fn targets_match_by_tag_and_matching_none_is_an_end() {
    let mut fixture = Fixture::new();
    let _dispatching = dispatch(&fixture.services);
    let tag = AddTagsToResourceRequest {
        resource_type: "ManagedInstance".to_owned(),
        resource_id: node(0).to_string(),
        tags: vec![Tag { key: "Env".to_owned(), value: "test".to_owned() }],
    };
    let row = store::nodes::NodeRow {
        id: node(0),
        alias: Some("local".to_owned()),
        facts: "{}".to_owned(),
        registered_ms: 1,
    };
    fixture.store.write(move |tx| store::nodes::insert(tx, &row)).await.unwrap();
    fixture.services.add_tags_to_resource(&actor(), tag).await.unwrap();
    for (key, values) in
        [("tag:Role", "web"), ("tag:Env", "test"), ("tag-key", "Env"), ("InstanceIds", "local")]
    {
        let request = targeted(key, &["other", values]);
        let id = fixture.services.send_command(&actor(), request).await.unwrap();
        assert_eq!(next(&mut fixture).await.command, id, "{key}");
    }
    let id = fixture.services.send_command(&actor(), targeted("tag:Role", &["db"])).await.unwrap();
    assert_eq!(status(&fixture, &id).await.1, "NoInstancesInTag");
    assert!(completion(&fixture, &id).is_some());
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let fixture = Fixture::new();
    let with = |change: fn(&mut SendCommandRequest)| {
        let mut request = shell(&["local"]);
        change(&mut request);
        request
    };
    let parameter = |name: &str, value: Value| {
        let mut request = shell(&["local"]);
        request.parameters.insert(name.to_owned(), value);
        request
    };
    let cases = [
        (with(|request| request.document_name = "Nowhere".to_owned()), "InvalidDocument"),
        (with(|request| request.document_version = Some("2".to_owned())), "InvalidDocumentVersion"),
        (with(|request| request.document_hash = Some("00".to_owned())), "InvalidDocument"),
        (with(|request| request.parameters.clear()), "InvalidParameters"),
        (parameter("unknown", json!(["x"])), "InvalidParameters"),
        (parameter("executionTimeout", json!(["1", "2"])), "InvalidParameters"),
        (parameter("commands", json!({ "secret": "/x" })), "Unavailable"),
        (shell(&["mi-00000000000000099"]), "InvalidInstanceId"),
        (shell(&["local", node(0).as_str()]), "DuplicateInstanceId"),
        (shell(&[]), "ValidationException"),
        (targeted("resource-groups:Name", &["x"]), "Unavailable"),
        (targeted("tag:Role", &[]), "ValidationException"),
        (with(|request| request.timeout_seconds = Some(5)), "ValidationException"),
        (with(|request| request.max_concurrency = Some("0".to_owned())), "ValidationException"),
        (with(|request| request.max_concurrency = Some("101%".to_owned())), "ValidationException"),
        (with(|request| request.max_errors = Some("05".to_owned())), "ValidationException"),
        (with(|request| request.output_s3_bucket_name = Some("b".to_owned())), "Unavailable"),
        (with(|request| request.service_role_arn = Some("arn".to_owned())), "Unavailable"),
        (
            with(|request| {
                request.cloud_watch_output_config =
                    Some(json!({ "CloudWatchOutputEnabled": true }));
            }),
            "Unavailable",
        ),
        (
            with(|request| {
                request.notification_config = Some(json!({ "NotificationArn": "arn" }));
            }),
            "Unavailable",
        ),
    ];
    for (request, code) in cases {
        let text = format!("{request:?}");
        let result = fixture.services.send_command(&actor(), request).await;
        let error = result.expect_err(&text);
        assert_eq!(error.code, code, "{error}");
    }
    assert!(fixture.services.list_commands().await.unwrap().commands.is_empty());
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_a_running_one_by_its_node() {
    let mut fixture = Fixture::new();
    let waiting = fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
    fixture.services.cancel_command(&actor(), &waiting).await.unwrap();
    assert_eq!(status(&fixture, &waiting).await.0, "Cancelled");
    assert!(completion(&fixture, &waiting).is_some());

    let _dispatching = dispatch(&fixture.services);
    let running = fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
    let job = next(&mut fixture).await;
    let next_id = fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
    assert_eq!(next(&mut fixture).await.command, next_id);
    fixture.services.cancel_command(&actor(), &running).await.unwrap();
    assert_eq!(status(&fixture, &running).await.0, "Cancelling");
    // The next delivery comes after the pass that cancels.
    for _ in 0..2 {
        fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
        next(&mut fixture).await;
    }
    assert_eq!(*fixture.nodes.cancelled.lock().unwrap(), std::slice::from_ref(&job.id));
    fixture.services.report(report(&job, JobStatus::Cancelled, "")).await.unwrap();
    assert_eq!(status(&fixture, &running).await.0, "Cancelled");
    fixture.services.cancel_command(&actor(), &running).await.unwrap();
    let error =
        fixture.services.cancel_command(&actor(), &CommandId::new("none")).await.unwrap_err();
    assert_eq!(error.code, "InvalidCommandId");
}

#[tokio::test]
async fn a_fleet_is_reached_one_then_two_and_stops_when_errors_exceed() {
    let mut fixture = Fixture::with(Settings::default(), 6);
    let _dispatching = dispatch(&fixture.services);
    let request = SendCommandRequest {
        max_errors: Some("1".to_owned()),
        max_concurrency: Some("2".to_owned()),
        ..targeted("tag:Role", &["web"])
    };
    let id = fixture.services.send_command(&actor(), request).await.unwrap();
    let first = next(&mut fixture).await;
    fixture.services.report(report(&first, JobStatus::Success, "")).await.unwrap();
    let (second, third) = (next(&mut fixture).await, next(&mut fixture).await);
    fixture.services.report(report(&second, JobStatus::Failed, "")).await.unwrap();
    let fourth = next(&mut fixture).await;
    fixture.services.report(report(&third, JobStatus::Failed, "")).await.unwrap();
    fixture.services.report(report(&fourth, JobStatus::Success, "")).await.unwrap();
    let command = fixture.services.get_command(&id).await.unwrap();
    assert_eq!((&*command.command.status, command.command.error_count), ("Failed", 2));
    let details: Vec<&str> =
        command.command_invocations.iter().map(|one| &*one.status_details).collect();
    assert_eq!(details.iter().filter(|one| **one == "Terminated").count(), 2, "{details:?}");
    assert!(fixture.delivered.try_recv().is_err());
}
