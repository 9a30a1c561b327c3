//! What a plan holds: order, positions, defaults of properties, and a digest that does not change.

#[path = "support/fixture.rs"]
mod fixture;

use proptest::prelude::*;
use runbook::action::{KNOWN, Kind};
use runbook::document;
use runbook::lock::Lock;
use runbook::plan::{Action, Amount, Flow, OnCancel, OnFailure, Plan, StepId};
use runbook::source::Source;

#[track_caller]
fn plan(text: &str) -> Plan {
    let source = Source::new("folder/test.yaml", text);
    let (plan, diagnostics) = fixture::load(&source);
    plan.unwrap_or_else(|| panic!("{}", fixture::rendered(&source, &diagnostics)))
}

#[track_caller]
fn names(plan: &Plan, ids: &[StepId]) -> Vec<String> {
    ids.iter().map(|id| plan.step(*id).name.clone()).collect()
}

const SEQUENCE: &str = r#"
schemaVersion: "0.3"
mainSteps:
  - { name: A, action: aws:sleep, inputs: { Duration: PT1S }, onFailure: Continue, maxAttempts: 3, timeoutSeconds: 30 }
  - name: B
    action: aws:loop
    inputs:
      Iterators: [1]
      IteratorDataType: Integer
      Steps:
        - { name: B1, action: aws:sleep, inputs: { Duration: PT1S }, nextStep: B3 }
        - { name: B2, action: aws:sleep, inputs: { Duration: PT1S } }
        - { name: B3, action: aws:sleep, inputs: { Duration: PT1S } }
  - { name: C, action: aws:pause, onFailure: step:E, onCancel: step:D, isCritical: false }
  - { name: D, action: aws:loop, inputs: { Iterators: [a], Steps: [{ name: D1, action: aws:pause }] }, isEnd: true }
  - { name: E, action: aws:pause }
"#;

#[test]
fn steps_stand_in_document_order_with_bodies_after_their_loop() {
    let plan = plan(SEQUENCE);
    let all: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(all, ["A", "B", "B1", "B2", "B3", "C", "D", "D1", "E"]);
    assert_eq!(names(&plan, &plan.main), ["A", "B", "C", "D", "E"]);
    let Action::Loop(repeated) = &plan.step(StepId(1)).action else { panic!("B is a loop") };
    assert_eq!(names(&plan, &repeated.body), ["B1", "B2", "B3"]);
    assert_eq!(plan.step(StepId(2)).parent, Some(StepId(1)));
}

#[test]
fn a_sequence_goes_on_with_the_next_step_of_the_same_list() {
    let plan = plan(SEQUENCE);
    let next = |name: &str| {
        plan.step(plan.step_named(name).unwrap()).next.map(|id| plan.step(id).name.clone())
    };
    assert_eq!(next("A").as_deref(), Some("B"));
    assert_eq!(next("B").as_deref(), Some("C"));
    assert_eq!(next("B1").as_deref(), Some("B3"));
    assert_eq!(next("B3"), None);
    assert_eq!(next("D"), None);
    assert_eq!(next("E"), None);
}

#[test]
fn properties_have_the_defaults_of_ssm() {
    let plan = plan(SEQUENCE);
    let step = |name: &str| plan.step(plan.step_named(name).unwrap());
    assert_eq!((step("A").max_attempts, step("A").timeout_ms), (3, Some(30_000)));
    assert!(!step("A").is_critical, "onFailure Continue");
    assert!(step("B").is_critical);
    assert!(!step("C").is_critical, "stated");
    assert_eq!(step("B").on_failure, OnFailure::Abort);
    assert_eq!(step("C").on_failure, OnFailure::Step(plan.step_named("E").unwrap()));
    assert_eq!(step("C").on_cancel, OnCancel::Step(plan.step_named("D").unwrap()));
    assert_eq!(plan.flow, Flow::Sequence);
    assert_eq!(plan.document.name, "test");
}

const GRAPH: &str = r#"
schemaVersion: "0.4"
flow: graph
mainSteps:
  - name: Last
    action: assertProperty
    inputs: { Value: "{{ Second.Value }}", DesiredValues: [1] }
  - name: Loop
    action: loop
    dependsOn: []
    inputs:
      Iterators: [a]
      Steps:
        - { name: Body, action: assertProperty, inputs: { Value: "${{ steps.First.outputs.Value }}", DesiredValues: [1] } }
  - name: Second
    action: assertProperty
    when: ${{ steps.Loop.status == "Success" }}
    dependsOn: [First]
    forEach: [a, b]
    maxConcurrency: 50%
    inputs: { Value: "${{ item.value }}", DesiredValues: [a, b] }
  - name: First
    action: assertProperty
    dependsOn: []
    inputs: { Value: 1, DesiredValues: [1] }
finally:
  - { name: Tidy, action: assertProperty, inputs: { Value: "${{ run.status }}", DesiredValues: [Success] } }
"#;

#[test]
fn a_graph_is_ordered_by_stated_dependencies_and_references() {
    let plan = plan(GRAPH);
    let depends = |name: &str| {
        let step = plan.step(plan.step_named(name).unwrap());
        names(&plan, &step.depends_on)
    };
    assert_eq!(depends("Last"), ["Second"]);
    assert_eq!(depends("Loop"), ["First"], "its body refers to it");
    assert_eq!(depends("Second"), ["Loop", "First"]);
    assert_eq!(depends("Body"), Vec::<String>::new());
    assert_eq!(names(&plan, &plan.main), ["First", "Loop", "Second", "Last"]);
    assert_eq!(names(&plan, &plan.finally), ["Tidy"]);
    let second = plan.step(plan.step_named("Second").unwrap());
    let repeated = second.for_each.clone().unwrap();
    assert_eq!(
        (repeated.max_concurrency, repeated.max_errors),
        (Amount::Percent(50), Amount::Count(0))
    );
    assert_eq!(second.next, None);
}

/// A stored plan refers to its digest, so neither the order nor the form of what is hashed may change by accident.
#[test]
fn the_digest_is_stable() {
    assert_eq!(plan(SEQUENCE).digest(), plan(SEQUENCE).digest());
    assert_ne!(plan(SEQUENCE).digest(), plan(GRAPH).digest());
    insta::assert_snapshot!(plan(SEQUENCE).digest().as_str(), @"4167da84790b6dae64ed1718fbab7005ce417b41724000aef192d648a4102952");
}

#[test]
fn plugins_are_pinned_in_the_plan() {
    let plan = plan(
        r#"
schemaVersion: "0.4"
mainSteps:
  - { name: A, action: acme:check-disk, capabilities: ["inventory:read:local"], inputs: { Node: local } }
"#,
    );
    assert_eq!(plan.plugins, fixture::lock().plugins);
}

#[test]
fn a_lock_file_is_read_as_it_is_written() {
    let lock = fixture::lock();
    let (again, diagnostics) = Lock::parse(&Source::new("x.lock", lock.to_text()));
    assert_eq!((again, diagnostics), (Some(lock), Vec::new()));
    let (none, diagnostics) =
        Lock::parse(&Source::new("x.lock", "plugins: { a:b: { version: 1, digest: abc } }"));
    assert_eq!((none, diagnostics.len()), (None, 2));
}

#[test]
fn a_pin_of_another_digest_is_not_installed() {
    let text = "schemaVersion: \"0.4\"\nmainSteps:\n  - { name: A, action: acme:check-disk, inputs: { Node: local } }\n";
    let mut lock = fixture::lock();
    let pin = lock.plugins.get_mut("acme:disk").unwrap();
    pin.digest = host_api::identifier::Digest::of(b"another");
    let source = Source::new("a.yaml", text);
    let (_, diagnostics) = runbook::compile::load(&source, &fixture::catalogue(), Some(&lock));
    assert_eq!(diagnostics[0].code, runbook::codes::PLUGIN_NOT_INSTALLED);
    let (_, diagnostics) = runbook::compile::load(&source, &fixture::catalogue(), None);
    assert_eq!(diagnostics[0].code, runbook::codes::PLUGIN_NOT_LOCKED);
}

#[test]
fn all_actions_of_ssm_are_known_and_none_is_accepted_without_a_counterpart() {
    let ssm: Vec<&str> =
        KNOWN.iter().filter(|known| known.in_ssm).map(|known| known.name).collect();
    assert_eq!(ssm.len(), 23);
    for known in KNOWN.iter().filter(|known| matches!(known.kind, Kind::Unavailable(_))) {
        let text = format!(
            "schemaVersion: \"0.3\"\nmainSteps: [{{ name: A, action: aws:{} }}]\n",
            known.name
        );
        let (plan, diagnostics) = fixture::load(&Source::new("a.yaml", text));
        assert!(plan.is_none());
        assert_eq!(diagnostics[0].code, runbook::codes::UNAVAILABLE_ACTION, "{}", known.name);
    }
}

#[test]
fn schema_0_3_converts_quoted_literals_of_inputs() {
    let plan = plan(
        r#"
schemaVersion: "0.3"
mainSteps:
  - name: A
    action: aws:runCommand
    inputs: { DocumentName: X-Document, InstanceIds: [local], TimeoutSeconds: "60", Comment: 1 }
"#,
    );
    let Action::Component { inputs, .. } = &plan.step(StepId(0)).action else {
        panic!("a component")
    };
    let inputs = inputs.as_literal().unwrap();
    assert_eq!((&inputs["TimeoutSeconds"], &inputs["Comment"]), (&60.into(), &"1".into()));
}

#[test]
fn inputs_without_a_counterpart_are_not_in_the_plan() {
    let plan = plan(include_str!("data/ok/without_counterpart.yaml"));
    let inputs = |position| {
        let Action::Component { inputs, .. } = &plan.step(StepId(position)).action else {
            panic!("a component")
        };
        inputs.as_literal().unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(inputs(0), ["DocumentName", "InstanceIds", "Parameters"]);
    assert_eq!(inputs(1), ["DocumentName"]);
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "(?s)[-\\[\\]{}:,&*!|>'\"#%@ \\n\\tab<é0$.]{0,80}") {
        let (_, diagnostics) = fixture::load(&Source::new("x.yaml", text));
        prop_assert!(!diagnostics.is_empty());
    }

    #[test]
    fn no_change_to_a_runbook_makes_checking_panic(at in 0..GRAPH.len(), put in "[-\\[\\]{}:,&*!|'\"$ \\na]{0,4}", cut in 0..12usize) {
        let mut text = GRAPH.to_owned();
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, &put);
        let source = Source::new("x.yaml", text);
        let (_, diagnostics) = fixture::load(&source);
        for diagnostic in diagnostics {
            prop_assert!(diagnostic.span.start <= diagnostic.span.end);
            prop_assert!(source.text.get(diagnostic.span.start.offset..diagnostic.span.end.offset).is_some());
        }
    }

    #[test]
    fn both_passes_agree_on_any_text(text in "[-\\[\\]{}:,&*<a-c\"' \\n]{0,60}") {
        if let (Some(document), _) = document::parse(&Source::new("x.yaml", text)) {
            for path in document.paths() {
                prop_assert!(document.value.pointer(&path).is_some(), "{path}");
            }
        }
    }
}
