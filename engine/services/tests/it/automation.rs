use std::collections::BTreeMap;

use host_api::grant::Access;
use host_api::identifier::{Digest, RunId};
use host_api::port::Capabilities;
use host_api::request::{AutomationRequest, HostRequest};
use machine::State;
use machine::event::{Entry, RunStarted, Signal};
use machine::input::{Input, Message};
use runbook::value::bind::Supplied;
use serde_json::json;
use services::automation::{CANCEL, SIGNAL, START, Start, StartAutomationExecutionRequest};
use services::parameters::PutParameterRequest;
use ssm_model::types::automation::{AlarmConfiguration, TargetLocation};
use ssm_model::types::tags::Tag;
use store::inbox::InboxRow;

use crate::fixture::{Fixture, SMALLEST, actor};

pub(crate) async fn plan(fixture: &Fixture, text: &str) -> runbook::plan::Plan {
    let catalogue = fixture.services.catalogue().await.unwrap();
    let source = runbook::source::Source::new("test.yaml", text);
    let (plan, diagnostics) = runbook::compile::load(&source, &catalogue, None);
    plan.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

fn inbox(fixture: &Fixture, run: &RunId) -> Vec<InboxRow> {
    fixture.store.read_blocking(|tx| store::inbox::peek(tx, run, 100)).unwrap()
}

/// Does what the driver would: folds the start and keeps the journal.
async fn begin(fixture: &Fixture, run: &RunId) -> RunStarted {
    let rows = inbox(fixture, run);
    assert_eq!(rows[0].kind, START);
    let started: RunStarted = serde_json::from_str(&rows[0].payload).unwrap();
    let plan = fixture.store.read_blocking(|tx| store::plans::get(tx, &started.plan)).unwrap();
    let mut state = State::new(std::sync::Arc::new(serde_json::from_str(&plan).unwrap()));
    let transition = state.receive(Input::Start(Box::new(started.clone())), 1_000).unwrap();
    let entries: Vec<String> = transition
        .entries
        .iter()
        .map(|entry: &Entry| serde_json::to_string(entry).unwrap())
        .collect();
    let (run, id) = (run.clone(), rows[0].id);
    fixture
        .store
        .write(move |tx| {
            let epoch = store::leases::acquire(tx, &run, "test")?;
            store::journal::append(tx, &run, 0, epoch, &entries)?;
            store::inbox::delete(tx, &[id])
        })
        .await
        .unwrap();
    started
}

#[tokio::test]
async fn a_start_holds_everything_that_is_fixed() {
    let fixture = Fixture::new();
    let run = fixture.run().await;
    let view = fixture.services.get_run(&run).await.unwrap();
    assert_eq!((&*view.status, &*view.document, view.steps.len()), ("Pending", "smallest", 1));
    assert_eq!(view.steps[0].status, "Pending");

    let started = begin(&fixture, &run).await;
    assert_eq!(started.run, run);
    assert_eq!(started.components["aws:assertProperty"], Digest::of(b"a component"));
    assert_eq!(started.account_id, "000000000000");
    let seed = fixture.services.unseal_seed(&run, &started.sealed_seed).unwrap();
    assert_ne!(seed, [0; 32]);
    let other = RunId::new("another");
    assert!(fixture.services.unseal_seed(&other, &started.sealed_seed).is_err());
    assert_eq!(
        fixture.services.component(&Digest::of(b"a component")).await.unwrap(),
        b"a component"
    );
    let view = fixture.services.get_run(&run).await.unwrap();
    assert_eq!((&*view.status, view.started), ("InProgress", Some(1_000)));
    let shown = fixture.services.result_of_run(&run).await.unwrap();
    assert_eq!(
        shown,
        json!({
            "AutomationExecutionId": run.as_str(),
            "AutomationExecutionStatus": "InProgress",
            "Outputs": {},
            "FailureMessage": null,
            "FailureKind": null,
        })
    );
    let (listed, cursor) =
        fixture.services.list_runs(store::runs::Filter::default(), None, 10).await.unwrap();
    assert_eq!((listed.len(), cursor), (1, None));
    let text = serde_json::to_string(&started).unwrap();
    let again: RunStarted = serde_json::from_str(&text).unwrap();
    assert_eq!(again, started);
}

#[tokio::test]
async fn parameters_are_bound_and_defaults_read_from_the_store() {
    let fixture = Fixture::new();
    let text = r#"
schemaVersion: "0.4"
parameters:
  Name: { type: String, allowedPattern: "[a-z/]+" }
  Port: { type: String, default: "{{ssm:/app/port}}" }
  Count: { type: Integer, default: 3 }
mainSteps:
  - { name: Check, action: "aws:assertProperty", inputs: { Value: "{{ Name }}", DesiredValues: [a] } }
"#;
    let plan = plan(&fixture, text).await;
    let supplied =
        |name: &str| BTreeMap::from([("Name".to_owned(), Supplied::Text(name.to_owned()))]);
    let start = |name: &str| Start::by_hand(plan.clone(), supplied(name));
    let error = fixture.services.start_plan(&actor(), start("a")).await.unwrap_err();
    assert_eq!(error.code, "ParameterNotFound");
    let port = PutParameterRequest {
        name: "/app/port".to_owned(),
        value: "8080".into(),
        r#type: Some("String".to_owned()),
        ..PutParameterRequest::default()
    };
    fixture.services.put_parameter(&actor(), port).await.unwrap();
    let error = fixture.services.start_plan(&actor(), start("A")).await.unwrap_err();
    assert_eq!(error.code, "InvalidAutomationExecutionParametersException");
    let run = fixture.services.start_plan(&actor(), start("a")).await.unwrap();
    let started = begin(&fixture, &run).await;
    let expected = [("Count", json!(3)), ("Name", json!("a")), ("Port", json!("8080"))];
    assert_eq!(started.parameters, expected.map(|(name, value)| (name.to_owned(), value)).into());
}

#[tokio::test]
async fn grants_are_the_needs_under_the_operator_s_ceiling() {
    let ceiling = host_api::grant::GrantSet::parse(["parameters:read:/app/*"]).unwrap();
    let settings = services::Settings { ceiling, ..services::Settings::default() };
    let fixture = Fixture::with(settings, 1);
    let text = r#"
schemaVersion: "0.4"
flow: sequence
parameters:
  Name: { type: String }
mainSteps:
  - { name: Read, action: getParameter, inputs: { Name: "{{ Name }}" } }
"#;
    let catalogue = fixture.services.catalogue().await.unwrap();
    let source = runbook::source::Source::new("read.yaml", text);
    let (plan, diagnostics) = runbook::compile::load(&source, &catalogue, None);
    let plan = plan.unwrap_or_else(|| panic!("{diagnostics:?}"));
    for (name, allowed) in [("/app/x", true), ("/other/x", false)] {
        let supplied = BTreeMap::from([("Name".to_owned(), Supplied::Text(name.to_owned()))]);
        let start = Start::by_hand(plan.clone(), supplied);
        let run = fixture.services.start_plan(&actor(), start).await.unwrap();
        let started = begin(&fixture, &run).await;
        let access = Access {
            area: "parameters".to_owned(),
            verb: "read".to_owned(),
            resource: name.to_owned(),
            target: None,
        };
        assert_eq!(started.grants["Read"].allows(&access).is_ok(), allowed, "{name}");
        let elsewhere = Access { resource: "/app/y".to_owned(), ..access };
        assert!(started.grants["Read"].allows(&elsewhere).is_err());
    }
}

#[tokio::test]
async fn the_operator_bounds_the_runs_that_are_active() {
    let settings = services::Settings {
        active_runs_max: 2.try_into().unwrap(),
        ..services::Settings::default()
    };
    let fixture = Fixture::with(settings, 1);
    fixture.services.put_document(&actor(), "Smallest", "Automation", SMALLEST).await.unwrap();
    let request = || StartAutomationExecutionRequest {
        document_name: "Smallest".to_owned(),
        ..StartAutomationExecutionRequest::default()
    };
    for _ in 0..2 {
        fixture.services.start_automation_execution(&actor(), request()).await.unwrap();
    }
    let refused = fixture.services.start_automation_execution(&actor(), request()).await;
    assert_eq!(refused.unwrap_err().code, "AutomationExecutionLimitExceededException");
}

#[tokio::test]
async fn a_client_token_starts_one_run() {
    let fixture = Fixture::new();
    fixture.services.put_document(&actor(), "Smallest", "Automation", SMALLEST).await.unwrap();
    let token = "0b7e6a3e-92f4-4a0a-8d4e-1f5a5b1c2d3e";
    let request = |token: &str| StartAutomationExecutionRequest {
        document_name: "Smallest".to_owned(),
        client_token: Some(token.to_owned()),
        ..StartAutomationExecutionRequest::default()
    };
    let services = &fixture.services;
    let first = services.start_automation_execution(&actor(), request(token)).await.unwrap();
    let again = request(&token.to_uppercase());
    assert_eq!(services.start_automation_execution(&actor(), again).await.unwrap(), first);
    let mut other = request(token);
    other.document_version = Some("1".to_owned());
    let error = services.start_automation_execution(&actor(), other).await.unwrap_err();
    assert_eq!(error.code, "IdempotentParameterMismatch");
    let error = services.start_automation_execution(&actor(), request("x")).await.unwrap_err();
    assert_eq!(error.code, "ValidationException");
    let (runs, _) = services.list_runs(store::runs::Filter::default(), None, 10).await.unwrap();
    assert_eq!(runs.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn starts_that_race_under_one_token_start_one_run() {
    let fixture = Fixture::new();
    fixture.services.put_document(&actor(), "Smallest", "Automation", SMALLEST).await.unwrap();
    let mut starts = tokio::task::JoinSet::new();
    for number in 0..64 {
        let token = "0b7e6a3e-92f4-4a0a-8d4e-1f5a5b1c2d3e";
        let token = if number % 2 == 0 { token.to_owned() } else { token.to_uppercase() };
        let services = fixture.services.clone();
        starts.spawn(async move {
            let input = json!({ "DocumentName": "Smallest", "ClientToken": token });
            services.call(actor(), "StartAutomationExecution", input).await.unwrap()
        });
    }
    let answers = starts.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let services = &fixture.services;
    let (runs, _) = services.list_runs(store::runs::Filter::default(), None, 100).await.unwrap();
    assert_eq!(runs.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_started_is_refused() {
    let fixture = Fixture::new();
    fixture.services.put_document(&actor(), "Smallest", "Automation", SMALLEST).await.unwrap();
    let request = StartAutomationExecutionRequest {
        document_name: "Smallest".to_owned(),
        ..StartAutomationExecutionRequest::default()
    };
    let with = |change: fn(&mut StartAutomationExecutionRequest)| {
        let mut request = request.clone();
        change(&mut request);
        request
    };
    let cases = [
        (
            with(|request| request.document_name = "None".to_owned()),
            "AutomationDefinitionNotFoundException",
        ),
        (
            with(|request| request.document_name = "AWS-RunShellScript".to_owned()),
            "AutomationDefinitionNotFoundException",
        ),
        (
            with(|request| request.document_version = Some("7".to_owned())),
            "AutomationDefinitionVersionNotFoundException",
        ),
        (
            with(|request| {
                request.parameters = Some(BTreeMap::from([("X".to_owned(), vec!["1".to_owned()])]));
            }),
            "InvalidAutomationExecutionParametersException",
        ),
        (with(|request| request.mode = Some("Fast".to_owned())), "ValidationException"),
        (with(|request| request.max_errors = Some("101%".to_owned())), "ValidationException"),
        (with(|request| request.max_concurrency = Some("0".to_owned())), "ValidationException"),
        (
            with(|request| request.target_locations = Some(vec![TargetLocation::default()])),
            "Unavailable",
        ),
        (with(|request| request.target_locations_url = Some("u".to_owned())), "Unavailable"),
        (
            with(|request| request.alarm_configuration = Some(AlarmConfiguration::default())),
            "Unavailable",
        ),
        (
            with(|request| {
                let tag = |key: usize| Tag { key: key.to_string(), value: String::new() };
                request.tags = Some((0..6).map(tag).collect());
            }),
            "ValidationException",
        ),
    ];
    for (request, code) in cases {
        let error =
            fixture.services.start_automation_execution(&actor(), request).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
}

#[tokio::test]
async fn signals_reach_only_steps_that_wait() {
    let fixture = Fixture::new();
    let text = r#"
schemaVersion: "0.3"
mainSteps:
  - { name: Hold, action: "aws:pause", inputs: {} }
"#;
    let plan = plan(&fixture, text).await;
    let start = Start::by_hand(plan, BTreeMap::new());
    let run = fixture.services.start_plan(&actor(), start).await.unwrap();
    let signal = async |step: Option<&str>, signal: Signal| {
        let step = step.map(str::to_owned);
        fixture.services.signal_run(&actor(), &run, step, signal, None).await
    };
    let error = signal(None, Signal::Resume).await.unwrap_err();
    assert_eq!(error.code, "InvalidAutomationSignalException");
    begin(&fixture, &run).await;
    let error = signal(Some("Other"), Signal::Resume).await.unwrap_err();
    assert_eq!(error.code, "AutomationStepNotFoundException");
    let error = signal(None, Signal::Approve { comment: None }).await.unwrap_err();
    assert_eq!(error.code, "InvalidAutomationSignalException");
    signal(Some("Hold"), Signal::Resume).await.unwrap();
    fixture.services.cancel_run(&actor(), &run).await.unwrap();
    let rows = inbox(&fixture, &run);
    let kinds: Vec<&str> = rows.iter().map(|row| &*row.kind).collect();
    assert_eq!(kinds, [SIGNAL, CANCEL]);
    let message: Message = serde_json::from_str(&rows[1].payload).unwrap();
    assert_eq!(message, Message::Cancel { by: actor().principal });

    let (ended, view) = (
        run.clone(),
        store::runs::View {
            status: "Success".to_owned(),
            ended_ms: Some(5),
            ..store::runs::View::default()
        },
    );
    fixture.store.write(move |tx| store::runs::set_view(tx, &ended, &view)).await.unwrap();
    let error = fixture.services.cancel_run(&actor(), &run).await.unwrap_err();
    assert_eq!(error.code, "InvalidAutomationStatusUpdateException");
    let none = RunId::new("none");
    let error = fixture.services.cancel_run(&actor(), &none).await.unwrap_err();
    assert_eq!(error.code, "AutomationExecutionNotFoundException");
}

#[tokio::test]
async fn a_child_run_is_started_once_and_not_too_deep() {
    let fixture = Fixture::new();
    fixture.services.put_document(&actor(), "Smallest", "Automation", SMALLEST).await.unwrap();
    let parent = fixture.run().await;
    let request =
        HostRequest::Automation(AutomationRequest::Start(json!({ "DocumentName": "Smallest" })));
    let mut caller = Fixture::caller(&parent, 0, &["automation:start:*"]);
    let first = fixture.services.perform(&caller, &request).await.unwrap();
    assert_eq!(fixture.services.perform(&caller, &request).await.unwrap(), first);
    let child = RunId::new(first.as_str().unwrap());
    let started = begin(&fixture, &child).await;
    let link = started.parent.unwrap();
    assert_eq!((link.run, &*link.step, link.depth), (parent, "Step", 1));
    caller.ordinal = 1;
    caller.depth = 5;
    let failure = fixture.services.perform(&caller, &request).await.unwrap_err();
    assert_eq!(failure.code, "AutomationExecutionLimitExceededException");
}
