//! Scenarios: a runbook, what its steps answer, what people do, and what must come of it. A new case is a new file in `scenarios/`.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use host_api::effect::EffectClass;
use host_api::failure::{Failure, FailureKind};
use host_api::invocation::{Outcome, Suspension, Wait, WaitKind};
use host_api::manifest::ActionManifest;
use machine::event::{Event, Signal};
use runbook::action::Catalogue;
use runbook::plan::Plan;
use runbook::source::Source;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Scenario {
    runbook: String,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    /// By displayed path, one for each activation; a step that is not here, or has no more, gives `{}`.
    #[serde(default)]
    answers: BTreeMap<String, VecDeque<Answer>>,
    /// Done one by one whenever nothing runs.
    #[serde(default)]
    then: VecDeque<Act>,
    expect: Expected,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum Answer {
    Done(Value),
    Fail(String),
    Kind(FailureKind),
    Command(String),
    Until(u64),
    /// It does not answer until something else is done.
    Hang,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum Act {
    Cancel,
    /// The next timer.
    Time,
    CommandEnds(String),
    Approve(String),
    Reject(String),
    Resume(String),
    /// A signal that must be refused.
    Refused(String),
    StatusIs(String),
    Crash,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expected {
    status: String,
    /// What the message of the run's failure begins with.
    #[serde(default)]
    failure: Option<String>,
    /// All steps, by displayed path.
    steps: BTreeMap<String, String>,
    /// What started, in order; a later attempt as `A~2`.
    started: Vec<String>,
    #[serde(default)]
    outputs: Option<Value>,
    #[serde(default)]
    step_outputs: BTreeMap<String, Value>,
    /// The code of a step's failure.
    #[serde(default)]
    failures: BTreeMap<String, String>,
}

#[test]
fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut failed = Vec::new();
    let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() > 20, "the scenarios are found");
    for path in names {
        let result = std::panic::catch_unwind(|| run(&path));
        if result.is_err() {
            failed.push(path.file_name().unwrap().to_owned());
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[expect(clippy::disallowed_methods, reason = "a test reads its data")]
fn run(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    // Through JSON, for YAML would write variants as tags.
    let value: Value = serde_yaml::from_str(&text).unwrap();
    let mut scenario: Scenario =
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let plan = Arc::new(plan(&scenario.runbook));
    let mut world = World::new(&plan);
    world.start(scenario.parameters.clone());
    for _ in 0..1_000 {
        if world.finished {
            break;
        }
        if !answer(&mut world, &mut scenario.answers) && !settle(&mut world) {
            let act = scenario.then.pop_front();
            let act = act.unwrap_or_else(|| panic!("{}: the run hangs", path.display()));
            perform(&mut world, &plan, &act);
        }
    }
    check(&world, &scenario.expect, path);
    assert!(scenario.then.is_empty(), "{}: {:?} is left", path.display(), scenario.then);
}

fn settle(world: &mut World) -> bool {
    let any = !world.settling.is_empty();
    if any {
        world.settle(0);
    }
    any
}

fn answer(world: &mut World, answers: &mut BTreeMap<String, VecDeque<Answer>>) -> bool {
    for position in 0..world.invoked.len() {
        let path = world.invoked[position].path.to_string();
        let of_path = answers.get_mut(&path);
        let next = of_path.as_ref().and_then(|list| list.front().cloned());
        if matches!(next, Some(Answer::Hang)) {
            continue;
        }
        if let Some(list) = of_path {
            list.pop_front();
        }
        let wait = |id: String| Wait { kind: WaitKind::Command, id };
        let suspended = |until, on| {
            Ok(Outcome::Suspended(Suspension { state: json!({ "kept": true }), until, on }))
        };
        let result = match next {
            None | Some(Answer::Hang) => Ok(Outcome::Done(json!({}))),
            Some(Answer::Done(value)) => Ok(Outcome::Done(value)),
            Some(Answer::Fail(code)) => Err(Failure::action(code, "it failed")),
            Some(Answer::Kind(kind)) => Err(Failure::new(kind, "it failed")),
            Some(Answer::Command(id)) => suspended(None, vec![wait(id)]),
            Some(Answer::Until(after_ms)) => suspended(Some(world.now_ms + after_ms), Vec::new()),
        };
        world.end(position, result);
        return true;
    }
    false
}

fn perform(world: &mut World, plan: &Arc<Plan>, act: &Act) {
    let person = |text: &str| match text.split_once(" by ") {
        Some((step, by)) => (Some(step.to_owned()), by.to_owned()),
        None => (Some(text.to_owned()), "os:1000".to_owned()),
    };
    let mut signal = |text: &str, signal: Signal| {
        let (step, by) = person(text);
        world.signal(step.as_deref(), signal, &by)
    };
    match act {
        Act::Approve(text) => assert!(signal(text, Signal::Approve { comment: None }), "{text}"),
        Act::Reject(text) => assert!(signal(text, Signal::Reject { comment: None }), "{text}"),
        Act::Resume(text) => assert!(signal(text, Signal::Resume), "{text}"),
        Act::Refused(text) => assert!(!signal(text, Signal::Approve { comment: None }), "{text}"),
        Act::StatusIs(status) => assert_eq!(world.state.status().as_str(), status),
        Act::Cancel => world.cancel(),
        Act::Time => assert!(world.fire_next(), "nothing is due"),
        Act::CommandEnds(text) => {
            let path = world.dues.keys().find(|path| path.to_string() == *text).cloned();
            world.end_awaited(&path.unwrap());
        }
        Act::Crash => *world = World::recovered(plan, &world.journal, world.now_ms),
    }
}

fn check(world: &World, expected: &Expected, path: &Path) {
    let name = path.display();
    assert!(world.finished, "{name}: the run does not end");
    let steps: BTreeMap<String, String> = (world.state.steps())
        .map(|step| (step.path.to_string(), step.status.to_string()))
        .collect();
    assert_eq!(steps, expected.steps, "{name}: steps");
    let started: Vec<String> = (world.journal.iter())
        .filter_map(|entry| match &entry.event {
            Event::StepStarted { path, attempt: 1, .. } => Some(path.to_string()),
            Event::StepStarted { path, attempt, .. } => Some(format!("{path}~{attempt}")),
            _ => None,
        })
        .collect();
    assert_eq!(started, expected.started, "{name}: order");
    assert_eq!(world.state.status().as_str(), expected.status, "{name}: status");
    if let Some(message) = &expected.failure {
        let found = &world.state.failure().unwrap().message;
        assert!(found.starts_with(message), "{name}: {found}");
    }
    if let Some(outputs) = &expected.outputs {
        assert_eq!(&json!(world.state.outputs()), outputs, "{name}: outputs");
    }
    for (step, outputs) in &expected.step_outputs {
        let view = world.state.steps().find(|view| view.path.to_string() == *step).unwrap();
        assert_eq!(&json!(view.outputs), outputs, "{name}: outputs of {step}");
    }
    for (step, code) in &expected.failures {
        let view = world.state.steps().find(|view| view.path.to_string() == *step).unwrap();
        assert_eq!(&view.failure.unwrap().code, code, "{name}: failure of {step}");
    }
}

/// Compiles a runbook whose only component action is `aws:invokeWebhook`, with inputs and outputs as one likes.
pub(crate) fn plan(text: &str) -> Plan {
    let mut catalogue = Catalogue::new();
    catalogue.add_built_in(ActionManifest {
        name: "aws:invokeWebhook".to_owned(),
        summary: "Does what the test says.".to_owned(),
        effect: EffectClass::Pure,
        needs: Vec::new(),
        inputs: json!({ "type": "object", "additionalProperties": true }),
        outputs: json!({ "type": "object", "additionalProperties": true }),
    });
    let source = Source::new("Scenario.yaml", text);
    let (plan, diagnostics) = runbook::compile::load(&source, &catalogue, None);
    plan.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}"))
}
