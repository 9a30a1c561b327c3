use std::collections::BTreeMap;

use host_api::effect::StepPath;
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::{Principal, RunId};
use machine::event::{Entry, Event as Happened, MachineWait, RunStarted};
use machine::status::{RunStatus, StepStatus};
use proptest::prelude::*;
use serde_json::{Value, json};
use services::events::{
    Event, Occurrence, ParameterOperation, PolicyStatus, parameter_change, policy_action,
};
use store::{Tx, events, inbox, journal, leases, retention, runs};

use crate::fixture::{Fixture, actor};

const NOON_MS: u64 = 1_480_420_800_000;
const STEP: &str = "EC2 Automation Step Status-change Notification";
const EXECUTION: &str = "EC2 Automation Execution Status-change Notification";

/// Appends to a run's journal as the driver does, at a time after noon of 29 November 2016.
fn append(fixture: &Fixture, run: &RunId, entries: Vec<(u64, Happened)>) {
    let texts: Vec<String> = entries
        .into_iter()
        .map(|(after_ms, event)| Entry { at_ms: NOON_MS + after_ms, event })
        .map(|entry| serde_json::to_string(&entry).unwrap())
        .collect();
    let run = run.clone();
    let write = move |tx: &mut Tx<'_>| {
        let epoch = leases::acquire(tx, &run, "test")?;
        let seq = runs::get(tx, &run)?.next_seq;
        journal::append(tx, &run, seq, epoch, &texts).map(drop)
    };
    fixture.store.write_blocking(write).unwrap();
}

fn started(fixture: &Fixture, run: &RunId) -> Happened {
    let rows = fixture.store.read_blocking(|tx| inbox::peek(tx, run, 1)).unwrap();
    let started: RunStarted = serde_json::from_str(&rows[0].payload).unwrap();
    Happened::RunStarted(Box::new(started))
}

fn step_started(path: &StepPath, attempt: u32) -> Happened {
    Happened::StepStarted { path: path.clone(), attempt, inputs: json!({}), deadline_ms: None }
}

fn finished(status: RunStatus) -> Happened {
    Happened::RunFinished { status, outputs: BTreeMap::new(), failure: None }
}

fn put_parameter_event(fixture: &Fixture, name: &str, after_ms: u64) {
    let event = parameter_change(
        fixture.services.place(),
        &actor(),
        ParameterOperation::Create,
        [name, "String"],
        Some("what it is"),
        NOON_MS + after_ms,
    );
    fixture.store.write_blocking(move |tx| events::append(tx, &event)).unwrap();
}

/// Reads page by page until nothing follows for now.
async fn follow(
    fixture: &Fixture,
    cursor: Option<String>,
    limit: usize,
    run: Option<&RunId>,
) -> (Vec<Occurrence>, String) {
    let mut all = Vec::new();
    let mut cursor = cursor;
    loop {
        let page = fixture.services.events(cursor.as_deref(), limit, run).await.unwrap();
        assert!(page.0.len() <= limit);
        all.extend(page.0);
        if cursor.as_ref() == Some(&page.1) {
            return (all, page.1);
        }
        cursor = Some(page.1);
    }
}

fn shown(event: &Event) -> (&str, &str, &str) {
    let detail = &event.detail;
    let name = detail.get("StepName").or(detail.get("name")).and_then(Value::as_str);
    let status = detail.get("Status").or(detail.get("operation")).and_then(Value::as_str);
    (&event.detail_type, name.unwrap_or_default(), status.unwrap_or_default())
}

/// Lets a run wait, fail in its second attempt hours later, and be cancelled.
fn lead_to_cancellation(fixture: &Fixture, run: &RunId) {
    let check = StepPath::top("Check");
    let failure = Failure::new(FailureKind::Action, "no");
    let (path, attempt, wait) = (check.clone(), 1, MachineWait::Pause);
    append(
        fixture,
        run,
        vec![
            (0, started(fixture, run)),
            (10, step_started(&check, 1)),
            (20, Happened::StepWaiting { path, attempt, wait, deadline_ms: None }),
        ],
    );
    let failed = Happened::StepFailed {
        path: check.clone(),
        attempt: 2,
        status: StepStatus::TimedOut,
        failure: failure.clone(),
        outputs: BTreeMap::new(),
    };
    let (path, retry_at_ms) = (check.clone(), 1);
    append(
        fixture,
        run,
        vec![
            (30, Happened::AttemptFailed { path, attempt, failure, retry_at_ms }),
            (40, step_started(&check, 2)),
            (27_805_000, failed),
            (27_806_000, Happened::CancelRequested { by: Principal::new("os:1") }),
            (27_807_000, finished(RunStatus::Cancelled)),
        ],
    );
}

#[tokio::test]
async fn a_run_s_events_follow_from_its_journal() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    lead_to_cancellation(&fixture, &run);
    let (all, _) = follow(&fixture, None, 2, None).await;
    let statuses: Vec<_> = all.iter().map(|occurrence| shown(&occurrence.event)).collect();
    let expected = [
        (EXECUTION, "", "InProgress"),
        (STEP, "Check", "InProgress"),
        (STEP, "Check", "Waiting"),
        (STEP, "Check", "TimedOut"),
        (EXECUTION, "", "Cancelling"),
        (EXECUTION, "", "Cancelled"),
    ];
    assert_eq!(statuses, expected);
    let execution = &all[5].event.detail;
    assert_eq!(execution["ExecutedBy"], "os:1000");
    assert_eq!(execution["Time"], 27_807_000);
    assert_eq!(all[0].event.detail.get("EndTime"), None);
}

#[tokio::test]
async fn the_event_of_a_step_has_eventbridge_s_shape() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    lead_to_cancellation(&fixture, &run);
    let (all, _) = follow(&fixture, None, 9, Some(&run)).await;
    let document = fixture.store.read_blocking(|tx| runs::get(tx, &run)).unwrap().document_name;
    let mut step = serde_json::to_value(&all[3].event).unwrap();
    assert!(uuid::Uuid::parse_str(step["id"].take().as_str().unwrap()).is_ok());
    let arn = |rest: String| format!("arn:aws:ssm:us-east-1:000000000000:{rest}");
    let expected = json!({
        "version": "0",
        "id": null,
        "detail-type": STEP,
        "source": "aws.ssm",
        "account": "000000000000",
        "time": "2016-11-29T19:43:25Z",
        "region": "us-east-1",
        "resources": [
            arn(format!("automation-execution/{run}")),
            arn(format!("automation-definition/{document}:1")),
        ],
        "detail": {
            "ExecutionId": run.as_str(),
            "Definition": document,
            "DefinitionVersion": 1,
            "Status": "TimedOut",
            "StartTime": "Nov 29, 2016 12:00:00 PM",
            "EndTime": "Nov 29, 2016 7:43:25 PM",
            "Time": 27_804_990,
            "StepName": "Check",
            "Action": "aws:assertProperty",
        },
    });
    assert_eq!(step, expected);
}

#[tokio::test]
async fn an_event_is_the_same_from_whichever_cursor_it_is_read() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let check = StepPath::top("Check");
    let succeeded = Happened::StepSucceeded {
        path: check.clone(),
        attempt: 1,
        outputs: BTreeMap::new(),
        chosen: None,
    };
    append(
        &fixture,
        &run,
        vec![
            (0, started(&fixture, &run)),
            (10, step_started(&check, 1)),
            (20, succeeded),
            (30, finished(RunStatus::Success)),
        ],
    );
    put_parameter_event(&fixture, "/app/a", 15);
    put_parameter_event(&fixture, "/app/b", 40);
    let (all, end) = follow(&fixture, None, 100, None).await;
    let names: Vec<_> = all.iter().map(|occurrence| shown(&occurrence.event).1).collect();
    assert_eq!(names, ["", "Check", "/app/a", "Check", "", "/app/b"]);
    for (index, occurrence) in all.iter().enumerate() {
        let (rest, _) = follow(&fixture, Some(occurrence.cursor.clone()), 1, None).await;
        assert_eq!(rest, all[index + 1..], "after {index}");
    }
    assert_eq!(fixture.services.events_from_now(None).await.unwrap(), end);
    let (of_run, end) = follow(&fixture, None, 2, Some(&run)).await;
    let events: Vec<_> = all.into_iter().map(|occurrence| occurrence.event).collect();
    let of_run: Vec<_> = of_run.into_iter().map(|occurrence| occurrence.event).collect();
    assert_eq!(of_run, [0, 1, 3, 4].map(|index| events[index].clone()));
    let from_now = fixture.services.events_from_now(Some(&run)).await.unwrap();
    assert_eq!(follow(&fixture, Some(from_now), 9, Some(&run)).await.0, []);
    put_parameter_event(&fixture, "/app/c", 50);
    assert_eq!(follow(&fixture, Some(end), 9, Some(&run)).await.0, []);
}

#[tokio::test]
async fn what_a_step_did_beside_its_run_is_among_the_run_s_events() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let request = host_api::request::HostRequest::Clock(host_api::request::ClockRequest::Now);
    let step = services::Actor::of_call(&Fixture::caller(&run, 0, &[]), &request);
    let place = fixture.services.place();
    let operation = ParameterOperation::Update;
    let event = parameter_change(place, &step, operation, ["/app/a", "String"], None, NOON_MS);
    fixture.store.write(move |tx| events::append(tx, &event)).await.unwrap();
    let (of_run, _) = follow(&fixture, None, 9, Some(&run)).await;
    assert_eq!(of_run.len(), 1);
    let event = &of_run[0].event;
    assert_eq!(event.detail_type, "Parameter Store Change");
    assert_eq!(event.detail, json!({ "operation": "Update", "name": "/app/a", "type": "String" }));
    assert_eq!(event.resources, ["arn:aws:ssm:us-east-1:000000000000:parameter/app/a"]);
    let text = r#"{"Type":"Expiration"}"#;
    let (status, reason) = (PolicyStatus::Success, "it expired");
    let policy = ["Expiration", text];
    let event = policy_action(place, ["/app/a", "String"], policy, status, reason, NOON_MS);
    fixture.store.write(move |tx| events::append(tx, &event)).await.unwrap();
    let (all, _) = follow(&fixture, None, 9, None).await;
    assert_eq!(all[1].event.detail["action-status"], "Success");
    assert_eq!(all[1].event.detail["policy-content"], text);
}

#[tokio::test]
async fn what_is_done_to_a_parameter_is_told_and_takes_its_policies_along() {
    let fixture = Fixture::new();
    let call = async |operation: &str, input: Value| {
        fixture.services.call(actor(), operation, input).await.unwrap()
    };
    let put = |overwrite: bool| json!({ "Name": "/app/a", "Value": "v", "Type": "String", "Overwrite": overwrite });
    let tier = "/ssm/parameter-store/default-parameter-tier";
    call("UpdateServiceSetting", json!({ "SettingId": tier, "SettingValue": "Advanced" })).await;
    assert_eq!(call("PutParameter", put(false)).await["Tier"], "Advanced");
    call("PutParameter", put(true)).await;
    call("LabelParameterVersion", json!({ "Name": "/app/a", "Labels": ["good"] })).await;
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/a";
    let statement = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": arn });
    let policy = json!({ "Statement": statement }).to_string();
    call("PutResourcePolicy", json!({ "ResourceArn": arn, "Policy": policy })).await;
    call("DeleteParameter", json!({ "Name": "/app/a" })).await;
    let (all, _) = follow(&fixture, None, 9, None).await;
    let told: Vec<_> = all.iter().map(|occurrence| shown(&occurrence.event).2).collect();
    assert_eq!(told, ["Create", "Update", "LabelParameterVersion", "Delete"]);
    call("PutParameter", put(false)).await;
    let policies = call("GetResourcePolicies", json!({ "ResourceArn": arn })).await;
    assert_eq!(policies["Policies"], json!([]));
}

#[tokio::test]
async fn bad_cursors_and_unknown_runs_are_refused() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let cursor = fixture.services.events_from_now(None).await.unwrap();
    let of_run = fixture.services.events_from_now(Some(&run)).await.unwrap();
    for (text, run) in [
        ("", None),
        ("e", None),
        ("e0-0", None),
        ("e0-0-0-0", None),
        ("e0-0-x", None),
        ("e0-+1-0", None),
        ("e0-0-ffffffffffffffff", None),
        ("é0-0-0", None),
        (of_run.as_str(), None),
        (cursor.as_str(), Some(&run)),
    ] {
        let error = fixture.services.events(Some(text), 9, run).await.unwrap_err();
        assert_eq!(error.code, "InvalidNextToken", "{text:?}");
    }
    let none = RunId::new("none");
    let error = fixture.services.events(None, 9, Some(&none)).await.unwrap_err();
    assert_eq!(error.code, "AutomationExecutionNotFoundException");
    let error = fixture.services.events_from_now(Some(&none)).await.unwrap_err();
    assert_eq!(error.code, "AutomationExecutionNotFoundException");
}

#[tokio::test]
async fn whoever_waits_for_a_commit_finds_what_it_brought() {
    let fixture = Fixture::new();
    let mut commits = fixture.store.commits();
    let cursor = fixture.services.events_from_now(None).await.unwrap();
    put_parameter_event(&fixture, "/app/a", 0);
    commits.changed().await.unwrap();
    assert_eq!(follow(&fixture, Some(cursor), 9, None).await.0.len(), 1);
}

#[derive(Debug, Clone)]
enum Act {
    Start,
    /// Lets the run of this number end.
    End(usize),
    Put,
    /// Deletes the runs that have ended.
    Prune,
    Read(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Start),
        2 => (0_usize..4).prop_map(Act::End),
        1 => Just(Act::Put),
        2 => Just(Act::Prune),
        3 => (1_usize..5).prop_map(Act::Read),
    ]
}

/// Lets things happen and one reader follow them. Returns what it read and what happened, both as sorted ids.
async fn played(acts: Vec<Act>) -> (Vec<String>, usize) {
    let fixture = Fixture::new();
    let mut active: Vec<RunId> = Vec::new();
    let (mut cursor, mut read, mut happened) = (None, Vec::new(), 0);
    for (number, act) in (0_u64..).zip(acts.into_iter().chain([Act::Read(3)])) {
        match act {
            Act::Start => {
                let run = fixture.run().await;
                append(&fixture, &run, vec![(number, started(&fixture, &run))]);
                active.push(run);
                happened += 1;
            }
            Act::End(index) if index < active.len() => {
                let run = active.remove(index);
                append(&fixture, &run, vec![(number, finished(RunStatus::Success))]);
                let view = runs::View { ended_ms: Some(1), ..runs::View::default() };
                fixture.store.write(move |tx| runs::set_view(tx, &run, &view)).await.unwrap();
                happened += 1;
            }
            Act::End(_) => {}
            Act::Put => {
                put_parameter_event(&fixture, "/app/a", number);
                happened += 1;
            }
            // What is not read yet is read first: what is deleted cannot be.
            Act::Prune => {
                let (page, next) = follow(&fixture, cursor, 7, None).await;
                read.extend(page.into_iter().map(|occurrence| occurrence.event.id));
                cursor = Some(next);
                let prune = |tx: &mut Tx<'_>| retention::delete_runs(tx, 2, 100);
                fixture.store.write(prune).await.unwrap();
            }
            Act::Read(limit) => {
                let (page, next) = follow(&fixture, cursor, limit, None).await;
                read.extend(page.into_iter().map(|occurrence| occurrence.event.id));
                cursor = Some(next);
            }
        }
    }
    read.sort();
    (read, happened)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_reader_gets_everything_once_though_runs_are_deleted(acts in prop::collection::vec(act(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (mut read, happened) = runtime.block_on(played(acts));
        prop_assert_eq!(read.len(), happened);
        read.dedup();
        prop_assert_eq!(read.len(), happened);
    }
}

#[tokio::test]
async fn events_are_kept_for_the_days_that_the_operator_says() {
    let settings = services::Settings {
        event_days_max: 1.try_into().unwrap(),
        ..services::Settings::default()
    };
    let fixture = Fixture::with(settings, 1);
    put_parameter_event(&fixture, "/old", 0);
    let now = services::actor::now_ms();
    put_parameter_event(&fixture, "/new", now - NOON_MS);
    fixture.services.forget_old_events().await.unwrap();
    let (left, _) = follow(&fixture, None, 10, None).await;
    let names: Vec<_> = left.iter().map(|found| found.event.detail["name"].clone()).collect();
    assert_eq!(names, ["/new"]);
}
