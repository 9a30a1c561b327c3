use host_api::identifier::{CommandId, Principal};
use host_api::node::JobStatus;
use serde_json::json;
use services::Settings;
use services::commands::SendCommandRequest;
use store::commands::{CommandRow, CommandStatus};
use store::invocations::InvocationRow;

use crate::commands::{completion, dispatch, next, shell, status};
use crate::fixture::{Fixture, actor, node, report};

/// Writes a command with one invocation as an earlier process left them.
async fn left_behind(fixture: &Fixture, name: &str, job: &str, expires_ms: u64, taken: bool) {
    let status = |text: &str| CommandStatus {
        status: text.to_owned(),
        details: text.to_owned(),
        ended_ms: None,
    };
    let begun = if taken { "InProgress" } else { "Pending" };
    let command = CommandRow {
        id: CommandId::new(name),
        document_name: "AWS-RunShellScript".to_owned(),
        principal: Principal::new("os:1000"),
        request: serde_json::to_string(&shell(&["local"])).unwrap(),
        status: status(begun),
        created_ms: 1,
        expires_ms,
    };
    let invocation = InvocationRow {
        job_id: format!("job-of-{name}"),
        command: command.id.clone(),
        node: node(0),
        job: job.to_owned(),
        status: status(begun),
        report: None,
        created_ms: 1,
        delivered_ms: taken.then_some(2),
    };
    let write = move |tx: &mut store::Tx<'_>| {
        store::commands::insert(tx, &command)?;
        store::invocations::insert(tx, &invocation)
    };
    fixture.store.write(write).await.unwrap();
}

const FAR_OFF_MS: u64 = 1 << 50;

#[tokio::test]
async fn a_job_that_cannot_be_read_fails_and_keeps_no_other() {
    let mut fixture = Fixture::new();
    left_behind(&fixture, "unreadable", "{ broken", FAR_OFF_MS, false).await;
    left_behind(&fixture, "unreadable-and-taken", "{ broken", FAR_OFF_MS, true).await;
    let good = fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
    let _dispatching = dispatch(&fixture.services);
    assert_eq!(next(&mut fixture).await.command, good);
    for (name, details) in [("unreadable", "Failed"), ("unreadable-and-taken", "Unknown")] {
        let id = CommandId::new(name);
        assert_eq!(status(&fixture, &id).await, ("Failed".to_owned(), details.to_owned()));
        assert!(completion(&fixture, &id).is_some());
    }
}

#[tokio::test]
async fn a_job_that_a_node_has_is_ended_there_when_its_command_expires() {
    let mut fixture = Fixture::new();
    left_behind(&fixture, "taken", "{}", 3, true).await;
    left_behind(&fixture, "waiting", "{}", 3, false).await;
    let _dispatching = dispatch(&fixture.services);
    // The second delivery comes after the whole pass that made the first.
    for _ in 0..2 {
        fixture.services.send_command(&actor(), shell(&["local"])).await.unwrap();
        next(&mut fixture).await;
    }
    for name in ["taken", "waiting"] {
        let (_, details) = status(&fixture, &CommandId::new(name)).await;
        assert_eq!(details, "DeliveryTimedOut", "{name}");
    }
    assert_eq!(*fixture.nodes.cancelled.lock().unwrap(), ["job-of-taken"]);
}

#[tokio::test]
async fn jobs_of_nodes_that_are_no_more_end_unknown() {
    let mut fixture = Fixture::with(Settings::default(), 2);
    let send = |names: &[&str]| {
        let request = SendCommandRequest { max_errors: Some("9".to_owned()), ..shell(names) };
        let services = fixture.services.clone();
        async move { services.send_command(&actor(), request).await.unwrap() }
    };
    let both = send(&[node(0).as_str(), node(1).as_str()]).await;
    let gone = send(&[node(1).as_str()]).await;
    let here = send(&[node(0).as_str()]).await;
    // One pass sees them all, node by node.
    let _dispatching = dispatch(&fixture.services);
    let mut jobs = Vec::new();
    // The second node of the first command waits for what becomes of the first node.
    for _ in 0..3 {
        jobs.push(next(&mut fixture).await);
    }
    for (lost, present) in [(0, vec![node(0), node(1)]), (2, vec![node(0)]), (0, vec![node(0)])] {
        assert_eq!(fixture.services.lose_jobs_of(&present).await, Ok(lost), "{present:?}");
    }
    let details = async |id: &CommandId| -> Vec<String> {
        let command = fixture.services.get_command(id).await.unwrap();
        command.command_invocations.into_iter().map(|one| one.status_details).collect()
    };
    assert_eq!(details(&both).await, ["InProgress", "Unknown"]);
    assert_eq!(details(&gone).await, ["Unknown"]);
    assert!(completion(&fixture, &gone).is_some() && completion(&fixture, &here).is_none());
    for job in &jobs {
        fixture.services.report(report(job, JobStatus::Success, "")).await.unwrap();
    }
    assert_eq!(details(&both).await, ["Success", "Unknown"]);
    assert_eq!(status(&fixture, &here).await.1, "Success");
}

#[tokio::test]
async fn what_asks_for_nothing_is_not_refused() {
    let fixture = Fixture::new();
    let request = SendCommandRequest {
        output_s3_bucket_name: Some(String::new()),
        service_role_arn: Some(" ".trim().to_owned()),
        notification_config: Some(json!({ "NotificationArn": "", "NotificationEvents": [] })),
        cloud_watch_output_config: Some(
            json!({ "CloudWatchLogGroupName": "group", "CloudWatchOutputEnabled": false }),
        ),
        alarm_configuration: Some(json!({})),
        ..shell(&["local"])
    };
    fixture.services.send_command(&actor(), request).await.unwrap();
    for config in [json!({ "CloudWatchOutputEnabled": "false" }), json!(""), json!([]), json!(null)]
    {
        let request = SendCommandRequest {
            cloud_watch_output_config: Some(config.clone()),
            ..shell(&["local"])
        };
        let sent = fixture.services.send_command(&actor(), request).await;
        assert!(sent.is_ok(), "{config}: {sent:?}");
    }
}

#[tokio::test]
async fn a_document_is_sent_by_its_arn() {
    let mut fixture = Fixture::new();
    let _dispatching = dispatch(&fixture.services);
    let request = SendCommandRequest {
        document_name: "arn:aws:ssm:us-east-1::document/AWS-RunShellScript".to_owned(),
        ..shell(&["local"])
    };
    fixture.services.send_command(&actor(), request).await.unwrap();
    assert_eq!(next(&mut fixture).await.document_name, "AWS-RunShellScript");
}
